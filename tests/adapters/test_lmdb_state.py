"""State on LMDB: the contract, growth, other processes, and files that are not what they were."""

import os
import random
import subprocess
import sys

import pytest

from journeyfold.adapters.format import LAYOUT
from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.adapters.state_opening import (
    Damage,
    discard,
    open_state,
    set_aside,
    verify_state,
)
from journeyfold.core.errors import DamageError, FormatError, StateGrew
from journeyfold.testing.contracts.state import StateContract
from journeyfold.testing.kill import armed

WRITE_ONE_MORE = """
import sys
from pathlib import Path
from journeyfold.adapters.lmdb_state import LmdbState
state = LmdbState(Path(sys.argv[1]) / "state.lmdb")
for number in range(3):
    with state.write() as writer:
        writer.put("profile", b"p", str(number).encode())
        writer.put("outbox", b"o", str(number).encode())
"""

READ_NEW = """
import sys
from pathlib import Path
from journeyfold.adapters.state_opening import open_state
with open_state(Path(sys.argv[1]), "read").read() as reader:
    print(reader.get("profile", b"new"))
"""


class TestLmdbState(StateContract):
    def open_state(self, directory):
        return LmdbState(directory / "state.lmdb")


@pytest.fixture
def filled(tmp_path):
    """A data directory whose state holds a few hundred profiles and is closed."""
    state = LmdbState(tmp_path / "state.lmdb")
    with state.write() as writer:
        for number in range(300):
            writer.put("profile", b"p%03d" % number, b"%d" % number * 50)
    state.close()
    return tmp_path


def damaged(directory, at: int, content: bytes) -> None:
    with (directory / "state.lmdb" / "data.mdb").open("r+b") as file:
        file.seek(at)
        file.write(content)


def test_state_opened_again_is_as_it_was(filled):
    state = open_state(filled)
    with state.read() as reader:
        assert reader.get("profile", b"p007") == b"7" * 50
    state.close()


def test_another_process_reads_what_is_committed_while_this_one_is_open(filled):
    state = open_state(filled)
    with state.write() as writer:
        writer.put("profile", b"new", b"1")
        done = subprocess.run(
            [sys.executable, "-c", READ_NEW, filled], capture_output=True, timeout=30, check=True
        )
        assert done.stdout == b"None\n"  # and it did not wait for the writer
    done = subprocess.run(
        [sys.executable, "-c", READ_NEW, filled], capture_output=True, timeout=30, check=True
    )
    assert done.stdout == b"b'1'\n"
    state.close()


def test_a_state_opened_to_read_does_not_write(filled):
    state = open_state(filled, "read")
    with pytest.raises(AssertionError, match="read-only"), state.write():
        pass
    state.close()


def test_a_full_map_doubles_and_asks_for_the_batch_again(tmp_path):
    state = LmdbState(tmp_path / "state.lmdb", map_bytes=2**20)
    batch = [(b"%d" % number, bytes(4_000)) for number in range(300)]

    def write_batch() -> None:
        with state.write() as writer:
            for key, value in batch:
                writer.put("profile", key, value)

    with pytest.raises(StateGrew):
        write_batch()
    with state.read() as reader:
        assert list(reader.scan("profile")) == []
    write_batch()
    with state.read() as reader:
        assert reader.get("profile", b"299") == bytes(4_000)
    state.close()


def test_a_reader_adopts_a_map_that_grew_in_another_process(tmp_path):
    small = LmdbState(tmp_path / "state.lmdb", map_bytes=2**20)
    script = WRITE_ONE_MORE.replace("str(number).encode()", "bytes(900_000)")
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True, timeout=30)
    with small.read() as reader:
        assert reader.get("outbox", b"o") == bytes(900_000)
    small.close()


@pytest.mark.kill
@pytest.mark.parametrize(("point", "kept"), [("before_state_commit", b"0"),
                                             ("after_state_commit", b"1")])  # fmt: skip
def test_a_kill_around_the_commit_leaves_a_whole_batch(tmp_path, point, kept):
    # The first commit of a new state is its format, the third this script's second.
    done = subprocess.run(
        [sys.executable, "-c", WRITE_ONE_MORE, tmp_path],
        env=os.environ | armed(point, 3),
        check=False,
        timeout=30,
    )
    assert done.returncode == -9
    state = open_state(tmp_path)
    with state.read() as reader:
        assert reader.get("profile", b"p") == reader.get("outbox", b"o") == kept
    state.close()


def test_a_state_that_was_never_written_is_missing(tmp_path):
    assert open_state(tmp_path).reason == "missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\x00" * 65_536, b"garbage!" * 10_000])
def test_a_file_that_is_no_state_is_corrupt(filled, content):
    (filled / "state.lmdb" / "data.mdb").write_bytes(content)
    found = open_state(filled)
    assert isinstance(found, Damage)
    assert found.reason == "corrupt"


def test_a_state_cut_short_is_corrupt(filled):
    path = filled / "state.lmdb" / "data.mdb"
    os.truncate(path, path.stat().st_size // 2)
    assert open_state(filled).reason == "corrupt"


def test_a_state_of_a_newer_release_is_refused(filled):
    state = open_state(filled)
    with state.write() as writer:
        writer.put("meta", b"format", b"2")
    state.close()
    with pytest.raises(FormatError, match="data is format 2"):
        open_state(filled)


def stamped(directory, layout):
    state = open_state(directory)
    with state.write() as writer:
        if layout is None:
            writer.delete("meta", b"layout")
        else:
            writer.put("meta", b"layout", b"%d" % layout)
    state.close()


@pytest.mark.parametrize("mode", ["write", "read"])
@pytest.mark.parametrize("layout", [None, LAYOUT - 1])
def test_a_state_of_an_older_layout_is_outdated(filled, mode, layout):
    stamped(filled, layout)
    found = open_state(filled, mode)
    assert isinstance(found, Damage)
    assert found.reason == "outdated"
    assert f"has layout {layout or 0}, this release's is {LAYOUT}" in found.detail


def test_a_state_of_a_newer_layout_is_refused(filled):
    stamped(filled, LAYOUT + 1)
    with pytest.raises(FormatError, match=f"layout {LAYOUT + 1}, this release reads up to"):
        open_state(filled)


def test_a_discarded_state_leaves_nothing(filled):
    discard(filled)
    assert list(filled.iterdir()) == []


def test_a_changed_value_is_damage_and_is_named(filled):
    content = (filled / "state.lmdb" / "data.mdb").read_bytes()
    damaged(filled, content.index(b"123" * 50), b"X")
    state = open_state(filled)
    with state.read() as reader, pytest.raises(DamageError, match=r"b'p123' in profile"):
        reader.get("profile", b"p123")
    state.close()
    assert "p123" in verify_state(filled)[0]


def test_a_whole_state_verifies(filled):
    assert verify_state(filled) == []


def test_no_flipped_bit_goes_unseen(filled):
    path = filled / "state.lmdb" / "data.mdb"
    original, chance = path.read_bytes(), random.Random(7)
    before = contents(filled)
    for _ in range(60):
        at, bit = chance.randrange(len(original)), chance.randrange(8)
        flipped = bytearray(original)
        flipped[at] ^= 1 << bit
        path.write_bytes(flipped)
        if not verify_state(filled):
            assert contents(filled) == before, f"bit {bit} of byte {at}"


def contents(directory) -> list[tuple[bytes, bytes]]:
    state = open_state(directory, "read")
    with state.read() as reader:
        found = list(reader.scan("profile")) + list(reader.scan("meta"))
    state.close()
    return found


def test_a_damaged_state_is_moved_aside_and_kept(filled):
    first = set_aside(filled)
    (filled / "state.lmdb").mkdir()
    second = set_aside(filled)
    assert [path.name for path in (first, second)] == [
        "state.lmdb.damaged-1",
        "state.lmdb.damaged-2",
    ]
    assert open_state(filled).reason == "missing"
