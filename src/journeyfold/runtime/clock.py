"""Log time: the system clock, moved by what `clock.start` of the project asks for.

A project over historical records starts its log at their own time and runs on from there, so
windows such as "no order in 30 days" are exact for them (ADR 0006).
"""

from __future__ import annotations

import time


class SystemClock:
    """`shift_us` is fixed when a log is created and kept in it."""

    def __init__(self, shift_us: int = 0) -> None:
        self.shift_us = shift_us

    def now_us(self) -> int:
        return time.time_ns() // 1000 + self.shift_us


def shift_to(start_us: int) -> int:
    """The shift that makes now `start_us`."""
    return start_us - time.time_ns() // 1000
