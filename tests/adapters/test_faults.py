"""Kill points: silent in production, exact in tests, and never misspelt."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import journeyfold
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
    assert visited(**armed("mid_backup")).stdout.split() == list("01234")


@pytest.mark.kill
def test_an_armed_point_kills_at_its_count():
    done = visited(**armed("mid_fold", 3))
    assert (done.returncode, done.stdout.split()) == (-9, ["0", "1"])


def test_a_misspelt_point_is_refused():
    done = visited(JOURNEYFOLD_KILL_POINT="mid_foldd")
    assert "unknown kill point" in done.stderr
    with pytest.raises(AssertionError):
        armed("mid_foldd")


def test_every_named_point_stands_in_one_place_of_the_code():
    source = Path(journeyfold.__file__).parent
    found = [
        name
        for path in source.rglob("*.py")
        for name in re.findall(r'point\("(\w+)"\)', path.read_text())
    ]
    assert sorted(found) == sorted(POINTS)
