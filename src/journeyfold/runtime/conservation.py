"""Does everything that came in have a fate? Counted from the stores, live (trust REL-10, P3)."""

from __future__ import annotations

from collections.abc import Callable

from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.core.ports import StateStore
from journeyfold.log.conservation import Folded, gaps
from journeyfold.project.parking import parked_records
from journeyfold.project.standing import standing

EQUATIONS = ("received", "appended", "logged")
"""Messages by fate; records by what the fold made of them; tallies against the log itself."""


def gaps_now(log: SqliteLog, state: StateStore) -> dict[str, int]:
    """The equations that do not hold, by name. The log may grow meanwhile."""
    with state.read() as reader:
        folded = standing(reader)
        parked = parked_records(reader)
    before, _ = log.head()
    tallies = log.marks.totals()
    last, _ = log.head()
    lag = last - folded.offset
    found = gaps(tallies, Folded(last + 1, folded.applied, parked, lag))
    logged = sum(tally.appended for tally in tallies)
    if before == last and logged != last + 1:
        found["logged"] = last + 1 - logged
    return found


class Monitor:
    """Says each gap once, and when it is gone."""

    def __init__(self, log: SqliteLog, state: StateStore, report: Callable[[str], None]) -> None:
        self._log, self._state, self._report = log, state, report
        self._known: dict[str, int] = {}

    def look(self) -> None:
        found = gaps_now(self._log, self._state)
        if found != self._known:
            told = ", ".join(f"{name} by {gap}" for name, gap in found.items())
            self._report(
                f"conservation is broken: {told}; see `journeyfold replay --verify`"
                if found
                else "conservation holds again"
            )
        self._known = found
