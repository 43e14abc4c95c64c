"""The stores in memory keep the promises of the real ones."""

from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.testing.contracts.log import LogContract
from journeyfold.testing.contracts.state import StateContract


class TestMemoryLog(LogContract):
    def open_log(self, directory):
        return MemoryLog()


class TestMemoryState(StateContract):
    def open_state(self, directory):
        return MemoryState()
