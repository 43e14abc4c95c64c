"""P1: what was acknowledged is in the log once, whenever the process dies."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.log.conservation import gaps, total
from journeyfold.testing.contracts.log import node
from journeyfold.testing.kill import armed

CHILD = Path(__file__).with_name("appending_child.py")


def appended_until_killed(directory: Path, *, after_s: float | None, **environment: str):
    """The ids acknowledged by one life of the appending process."""
    first = last_number(directory) + 1
    child = subprocess.Popen(
        [sys.executable, CHILD, directory, str(first)],
        stdout=subprocess.PIPE,
        env=os.environ | environment,
        text=True,
    )
    if after_s is not None:
        acknowledged = [child.stdout.readline().strip()]  # it has begun
        time.sleep(after_s)
        child.kill()
    else:
        acknowledged = []
    output, _ = child.communicate(timeout=20)
    whole = output[: output.rfind("\n") + 1]
    assert child.returncode == -9
    return [*acknowledged, *whole.split()]


def last_number(directory: Path) -> int:
    log = SqliteLog(directory, Keyring.open(directory))
    last, _ = log.head()
    number = int(log.read(last - 1, 1)[0].event.id[1:]) if last >= 0 else -1
    log.close()
    return number


def check_the_log(directory: Path, acknowledged: list[str]) -> None:
    log = SqliteLog(directory, Keyring.open(directory))
    assert log.verify() == log.head()[0] + 1
    records = log.read(-1, 1_000_000)
    kept = [record.event.id for record in records]
    assert len(set(kept)) == len(kept)
    assert set(acknowledged) <= set(kept)
    assert kept == [f"e{number}" for number in range(len(kept))]
    assert log.history([node(1)], upto=len(kept)) == records
    assert gaps(log.marks.totals()) == {}
    assert total(log.marks.totals()).appended == len(kept)
    log.close()


@pytest.mark.kill
def test_no_kill_at_any_moment_loses_or_doubles_an_acknowledged_event(tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance, acknowledged = random.Random(seed), []
    for _ in range(10):
        acknowledged += appended_until_killed(tmp_path, after_s=chance.uniform(0.0, 0.08))
    check_the_log(tmp_path, acknowledged)


@pytest.mark.kill
@pytest.mark.parametrize(
    ("point", "kept"),
    [
        ("before_begin", 9),
        ("after_insert", 9),
        ("before_commit", 9),
        ("after_commit_before_ack", 13),
    ],
)
def test_a_kill_at_a_named_point_leaves_whole_batches(tmp_path, point, kept):
    acknowledged = appended_until_killed(tmp_path, after_s=None, **armed(point, 3))
    assert len(set(acknowledged)) == 9
    assert last_number(tmp_path) + 1 == kept
    check_the_log(tmp_path, acknowledged)
