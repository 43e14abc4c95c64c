"""What `work` tells of each destination: how it stands, and its attempts since `work` began.

Written to a small file of `run/` once a second and read by whoever shows it; the rows themselves
are in the state.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

Standing: TypeAlias = Literal["closed", "open", "half-open"]
FILE = "destinations.json"
_TRIES = 3
EDGES_US = (
    1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 15_000_000,
)  # fmt: skip
"""Upper bounds of latency buckets; one more holds what took longer."""


class LaneFigures(msgspec.Struct):
    """`attempts` by outcome; `latency` counts attempts by `EDGES_US`."""

    destination: str
    breaker: Standing = "closed"
    until_us: int = 0  # when an open breaker lets a probe go
    under_way: int = 0  # rows leased and not settled
    problem: str = ""  # of the last attempt that failed
    attempts: dict[str, int] = {}
    latency: list[int] = []
    latency_sum_us: int = 0

    def count(self, result: str, latency_us: int) -> None:
        self.attempts[result] = self.attempts.get(result, 0) + 1
        if not self.latency:
            self.latency = [0] * (len(EDGES_US) + 1)
        at = next((at for at, edge in enumerate(EDGES_US) if latency_us <= edge), len(EDGES_US))
        self.latency[at] += 1
        self.latency_sum_us += latency_us


class FiguresFile:
    """Overwritten in place, once a second: to rename a file would wait for the disk's journal."""

    def __init__(self, run: Path) -> None:
        self._file = os.open(run / FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._longest = 0

    def write(self, figures: list[LaneFigures]) -> None:
        raw = msgspec.json.encode(figures)
        self._longest = max(self._longest, len(raw))
        os.pwrite(self._file, raw.ljust(self._longest), 0)

    def close(self) -> None:
        os.close(self._file)


def read_figures(run: Path) -> dict[str, LaneFigures]:
    """By destination; nothing while `work` has not written any, or writes them just now."""
    for _ in range(_TRIES):
        with suppress(FileNotFoundError, msgspec.DecodeError):
            raw = (run / FILE).read_bytes()
            told = msgspec.json.decode(raw, type=list[LaneFigures])
            return {each.destination: each for each in told}
    return {}
