"""Pages of a mapped file are given back and come again (trust: memory of `work`)."""

import mmap
import sys

import pytest

from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.adapters.mapped_pages import held_bytes, let_go, ranges_of
from journeyfold.core.errors import StateGrew

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is given back")
MB = 2**20


def fill(state, rows):
    with state.write() as writer:
        for number in range(rows):
            writer.put("profile", number.to_bytes(4, "big"), bytes(8_000))


def test_pages_of_a_file_are_given_back_and_read_the_same_again(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(bytes(range(256)) * (64 * MB // 256))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert sum(mapped[at] for at in range(1, 64 * MB, 4096)) == 64 * MB // 4096
        before = held_bytes()
        let_go(ranges_of(path))
        assert held_bytes() < before - 32 * MB
        assert mapped[257] == 1


def test_a_state_that_was_read_all_over_holds_little_after_a_trim(tmp_path):
    state = LmdbState(tmp_path / "state")
    keys = [number.to_bytes(4, "big") for number in range(4_000)]
    with state.write() as writer:
        for key in keys:
            writer.put("profile", key, bytes(8_000))
    with state.read() as reader:
        assert all(True for _ in reader.scan("profile"))
        before = held_bytes()
        state.trim(MB)
        assert held_bytes() < before - 16 * MB
        assert all(reader.get("profile", key) == bytes(8_000) for key in keys[::100])
    state.close()


def test_a_map_that_has_grown_is_given_back_where_it_lies_now(tmp_path):
    state = LmdbState(tmp_path / "state", map_bytes=32 * MB)
    state.trim(MB)  # it is known where the map lies
    with pytest.raises(StateGrew):
        fill(state, 8_000)
    fill(state, 4_000)
    with state.read() as reader:
        assert all(True for _ in reader.scan("profile"))
        before = held_bytes()
        state.trim(MB)
        assert held_bytes() < before - 16 * MB
        assert all(raw == bytes(8_000) for _, raw in reader.scan("profile"))
    state.close()


def test_a_writer_that_reads_here_and_there_gives_back_as_it_goes(tmp_path):
    state = LmdbState(tmp_path / "state")
    keys = [number.to_bytes(4, "big") for number in range(16_000)]
    with state.write() as writer:
        for key in keys:
            writer.put("profile", key, bytes(8_000))
    state.trim(MB)
    before = held_bytes()
    with state.read() as reader:
        for key in keys:
            assert reader.get("profile", key) is not None
            assert held_bytes() < before + 80 * MB  # of 125 that were read
    state.close()
