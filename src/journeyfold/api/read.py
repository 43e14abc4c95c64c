"""Figures computed from the desk, shared by the console's pages and the JSON API."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from journeyfold.api.cards import Tally
from journeyfold.api.desk import LogDesk
from journeyfold.core.ports import FateName

_REMEMBERED = 4_096  # instants a process keeps
FATES: tuple[FateName, ...] = ("appended", "duplicate", "quarantined", "rejected")


def sum_of(tallies: Sequence[Tally]) -> Tally:
    """All sources together."""
    return Tally(
        source="",
        appended=sum(tally.appended for tally in tallies),
        duplicate=sum(tally.duplicate for tally in tallies),
        quarantined=sum(tally.quarantined for tally in tallies),
        rejected=sum(tally.rejected for tally in tallies),
    )


class Offsets:
    """Which offset the log had reached at an instant, by bisection.

    Offsets are dense and log time never goes back (trust REL-4), so 22 reads answer for four
    million records and no index of times is kept. What is past does not change: it is remembered.
    """

    def __init__(self, log: LogDesk) -> None:
        self._log = log
        self._known: dict[int, int] = {}

    def at(self, at_us: int, low: int = -1) -> int:
        """The last offset appended at or before `at_us`, -1 if none; `low` is known to be before."""
        known = self._known.get(at_us)
        if known is not None:
            return known
        high, head_us = self._log.head()
        while low < high:
            middle = (low + high + 1) // 2
            found = self._log.read(middle - 1, 1)
            is_before = bool(found) and found[0].appended_us <= at_us
            low, high = (middle, high) if is_before else (low, middle - 1)
        if at_us < head_us:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[at_us] = low
        return low

    def between(self, edges: Sequence[int]) -> list[int]:
        """How many records the log took between each instant and the next."""
        offsets: list[int] = []
        for edge in edges:
            offsets.append(self.at(edge, offsets[-1] if offsets else -1))
        return [after - before for before, after in pairwise(offsets)]


def edges_of(start_us: int, until_us: int, step_us: int) -> list[int]:
    """Instants every `step_us` and the last one at `until_us`; a short rest joins its neighbour."""
    edges = list(range(start_us, until_us, step_us))
    if len(edges) > 1 and until_us - edges[-1] < step_us // 4:
        edges.pop()
    return [*edges, until_us]
