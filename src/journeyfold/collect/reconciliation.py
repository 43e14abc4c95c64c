"""The account of an import: every row read has one fate and, unless it is in the log, a reason.

`rows_read = rows_in_events + rows_quarantined + rows_filtered` holds by construction (collect C44);
rows of a rejected event count as filtered, because nothing of them is kept.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from journeyfold.core.ports import FateName

EXAMPLES_MAX = 20
Fate = Literal[FateName, "filtered"]


class Reason(msgspec.Struct, frozen=True):
    """How many events-to-be (`units`: groups, or single rows) and rows went one way."""

    fate: Fate
    reason: str
    units: int
    rows: int


class Example(msgspec.Struct, frozen=True):
    """One place to look at: the line of the file and what is wrong with it."""

    fate: Fate
    reason: str
    line: int
    detail: str


class Reconciliation(msgspec.Struct, frozen=True):
    """What `journeyfold import` prints at the end."""

    source: str
    status: Literal["complete", "limited"]
    dry_run: bool
    rows_read: int
    rows_in_events: int
    rows_quarantined: int
    rows_filtered: int
    rows_before: int  # read by an interrupted run whose work this one continued
    units: int
    appended: int
    duplicate: int
    quarantined: int
    rejected: int
    filtered: int
    reasons: tuple[Reason, ...]
    examples: tuple[Example, ...]


class Account:
    """Counts while an import runs."""

    def __init__(self) -> None:
        self._units: dict[tuple[Fate, str], int] = {}
        self._rows: dict[tuple[Fate, str], int] = {}
        self.examples: list[Example] = []
        self.rows_read = 0
        self.rows_bad = 0

    def count(self, fate: Fate, reason: str, rows: int, line: int, detail: str = "") -> None:
        place = (fate, reason)
        self._units[place] = self._units.get(place, 0) + 1
        self._rows[place] = self._rows.get(place, 0) + rows
        self.rows_read += rows
        if fate in ("quarantined", "rejected"):
            self.rows_bad += rows
            if len(self.examples) < EXAMPLES_MAX:
                self.examples.append(Example(fate, reason, line, detail))

    @property
    def events(self) -> int:
        """Units that are in the log now."""
        return self._sum(self._units, "appended", "duplicate")

    def closed(
        self, source: str, *, complete: bool, dry_run: bool, rows_before: int
    ) -> Reconciliation:
        reasons = [
            Reason(fate, reason, units, self._rows[fate, reason])
            for (fate, reason), units in sorted(self._units.items())
        ]
        return Reconciliation(
            source=source,
            status="complete" if complete else "limited",
            dry_run=dry_run,
            rows_read=self.rows_read,
            rows_in_events=self._sum(self._rows, "appended", "duplicate"),
            rows_quarantined=self._sum(self._rows, "quarantined"),
            rows_filtered=self._sum(self._rows, "filtered", "rejected"),
            rows_before=rows_before,
            units=sum(self._units.values()),
            appended=self._sum(self._units, "appended"),
            duplicate=self._sum(self._units, "duplicate"),
            quarantined=self._sum(self._units, "quarantined"),
            rejected=self._sum(self._units, "rejected"),
            filtered=self._sum(self._units, "filtered"),
            reasons=tuple(each for each in reasons if each.reason),
            examples=tuple(self.examples),
        )

    @staticmethod
    def _sum(counts: dict[tuple[Fate, str], int], *fates: Fate) -> int:
        return sum(count for (fate, _), count in counts.items() if fate in fates)
