"""Kill points: silent in production, exact in tests, and never misspelt."""

import os
import subprocess
import sys

import pytest

from journeyfold.testing.kill import POINTS, armed

VISIT = """
from journeyfold.adapters.faults import point
for number in range(5):
    point("mid_fold")
    print(number, flush=True)
"""


def visited(**environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", VISIT],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_an_unarmed_point_does_nothing():
    assert visited().returncode == 0
    assert visited(**armed("mid_erase")).stdout.split() == list("01234")


@pytest.mark.kill
def test_an_armed_point_kills_at_its_count():
    done = visited(**armed("mid_fold", 3))
    assert (done.returncode, done.stdout.split()) == (-9, ["0", "1"])


def test_a_misspelt_point_is_refused():
    done = visited(JOURNEYFOLD_KILL_POINT="mid_foldd")
    assert "unknown kill point" in done.stderr
    with pytest.raises(AssertionError):
        armed("mid_foldd")


def test_every_named_point_of_the_specification_exists():
    assert len(POINTS) == len(set(POINTS)) == 16
