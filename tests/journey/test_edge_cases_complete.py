"""Each of the 36 edge cases that the design document numbers is a test (journeys section 9)."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
_NUMBERED = re.compile(r"^\s*def test_jt(\d\d)_", re.MULTILINE | re.IGNORECASE)


def test_every_numbered_edge_case_has_a_test():
    found = {
        int(number)
        for path in TESTS.rglob("test_*.py")
        for number in _NUMBERED.findall(path.read_text("utf-8"))
    }
    missing = [f"JT{number:02}" for number in range(1, 37) if number not in found]
    assert missing == []
