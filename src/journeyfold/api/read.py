"""Figures computed from the desk, shared by the console's pages and the JSON API."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from journeyfold.api.cards import Tally
from journeyfold.api.desk import LogDesk
from journeyfold.core.ports import FateName

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


def offset_at(log: LogDesk, at_us: int, low: int = -1, high: int | None = None) -> int:
    """The last offset appended at or before an instant, by bisection; -1 if none.

    Offsets are dense and log time never goes back (trust REL-4), so 22 reads answer for four
    million records and no index of times is kept. `low` and `high` narrow the search.
    """
    high = log.head()[0] if high is None else high
    while low < high:
        middle = (low + high + 1) // 2
        (record,) = log.read(middle - 1, 1)
        low, high = (middle, high) if record.appended_us <= at_us else (low, middle - 1)
    return low


def appended_per(log: LogDesk, since_us: int, until_us: int, parts: int) -> list[int]:
    """How many records the log took in each of `parts` equal stretches of time."""
    first = offset_at(log, since_us)
    last = offset_at(log, until_us, low=first)
    edges, step = [first], (until_us - since_us) / parts
    for part in range(1, parts):
        edges.append(offset_at(log, since_us + int(part * step), low=edges[-1], high=last))
    edges.append(last)
    return [after - before for before, after in pairwise(edges)]
