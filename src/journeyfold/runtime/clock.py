"""Log time: the system clock, moved by what `clock.start` of the project asks for.

A project over historical records starts its log at their own time and runs on from there, so
windows such as "no order in 30 days" are exact for them (ADR 0006).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from journeyfold.core.ports import Clock


class SystemClock:
    """`shift_us` is fixed when a log is created and kept in it."""

    def __init__(self, shift_us: int = 0) -> None:
        self.shift_us = shift_us

    def now_us(self) -> int:
        return time.time_ns() // 1000 + self.shift_us


class SteadyClock:
    """A clock that never goes back and never stands still (trust REL-18).

    It follows `clock`; when that falls behind what was told before, it goes on from there by the
    monotonic clock, so that timers stay due after a clock was set wrong and right again.
    """

    def __init__(
        self, clock: Clock, told_us: int, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """`told_us` is the newest instant known: the log's head."""
        self._clock, self._monotonic_ns = clock, monotonic_ns
        self._told_us, self._told_ns = told_us, monotonic_ns()

    def now_us(self) -> int:
        passed_ns = self._monotonic_ns()
        steady_us = self._told_us + (passed_ns - self._told_ns) // 1000
        wall_us = self._clock.now_us()
        if wall_us >= steady_us:
            self._told_us, self._told_ns = wall_us, passed_ns
        return max(wall_us, steady_us)


def shift_to(start_us: int) -> int:
    """The shift that makes now `start_us`."""
    return start_us - time.time_ns() // 1000
