"""P6 for the write-ahead log: a crash loses what was unfinished, damage is found."""

import random
import shutil

import pytest

from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.adapters.sqlite_tail import require_whole_tail
from journeyfold.core.errors import DamageError
from journeyfold.testing.contracts.log import NOON_US, entry

BATCHES = 6


@pytest.fixture
def crashed(tmp_path):
    """The files of a log whose last batches were never checkpointed, and where each batch ends."""
    (live := tmp_path / "live").mkdir()
    log = SqliteLog(live, Keyring.open(live))
    wal, ends = live / "log.sqlite-wal", []
    for batch in range(BATCHES):
        log.append([entry(f"{batch}/{at}") for at in range(3)], now_us=NOON_US)
        ends.append(wal.stat().st_size)
    copy = shutil.copytree(live, tmp_path / "crashed", ignore=shutil.ignore_patterns("*-shm"))
    log.close()
    return copy, ends


def recovered(directory) -> int:
    """How many records are there; DamageError if some were lost to damage."""
    require_whole_tail(directory / "log.sqlite")
    log = SqliteLog(directory, Keyring.open(directory))
    records = log.verify()
    log.close()
    return records


def test_a_log_left_by_a_kill_is_whole(crashed):
    directory, _ = crashed
    assert recovered(directory) == 3 * BATCHES


@pytest.mark.parametrize("cut", [1, 24, 4_000])
def test_a_batch_that_was_not_finished_vanishes_whole(crashed, cut):
    directory, ends = crashed
    wal = directory / "log.sqlite-wal"
    with wal.open("r+b") as file:
        file.truncate(ends[-1] - cut)
    assert recovered(directory) == 3 * (BATCHES - 1)


def test_a_flipped_bit_before_the_last_batch_is_damage(crashed):
    directory, ends = crashed
    wal, chance = directory / "log.sqlite-wal", random.Random(7)
    original = wal.read_bytes()
    for _ in range(40):
        at, bit = chance.randrange(ends[-2]), chance.randrange(8)
        flipped = bytearray(original)
        flipped[at] ^= 1 << bit
        trial = shutil.copytree(directory, directory.parent / "trial", dirs_exist_ok=True)
        (trial / "log.sqlite-wal").write_bytes(flipped)
        with pytest.raises(DamageError):
            recovered(trial)
        assert (trial / "log.sqlite-wal").read_bytes() == bytes(flipped)
        shutil.rmtree(trial)


def test_a_log_that_goes_on_after_a_checkpoint_is_whole(crashed):
    directory, _ = crashed
    log = SqliteLog(directory, Keyring.open(directory))
    pad = "x" * 30_000
    big = [entry(f"big/{at}", properties={"pad": pad}) for at in range(600)]
    log.append(big, now_us=NOON_US)
    log.checkpoint()
    log.append([entry("after")], now_us=NOON_US)  # starts the file anew, over the old frames
    copy = directory.parent / "copy"
    shutil.copytree(directory, copy, ignore=shutil.ignore_patterns("*-shm"))
    log.close()
    assert recovered(copy) == 3 * BATCHES + 601
