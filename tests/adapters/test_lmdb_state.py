from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.testing.contracts.state import StateContract


class TestLmdbState(StateContract):
    def open_state(self, directory):
        return LmdbState(directory / "state.lmdb")
