"""Nothing is silent: what came in equals what became of it (trust REL-10, collect C33).

Pure arithmetic over counted numbers; who counts them and how often is the shell's business.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Tally(msgspec.Struct, frozen=True):
    """Fates per source and minute of log time. A replay of quarantine counts as received again."""

    source: str
    minute: int  # log time / 60 s
    received: int = 0
    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0

    @property
    def gap(self) -> int:
        """Zero, or how many messages have no stated fate."""
        fates = self.appended + self.duplicate + self.quarantined + self.rejected
        return self.received - fates


class Daily(msgspec.Struct, frozen=True):
    """What a source sent on a UTC day of log time, and the last minute it did."""

    source: str
    day: int  # log time / 86,400 s
    received: int
    appended: int
    quarantined: int
    rejected: int
    last_minute: int


class Folded(msgspec.Struct, frozen=True):
    """Where the fold stands: applied and parked records, and those it has not read yet."""

    appended: int
    applied: int
    parked: int
    lag: int


class Effects(msgspec.Struct, frozen=True):
    """The outbox by state; an effect cancelled by erasure counts as skipped."""

    created: int = 0
    pending: int = 0
    leased: int = 0
    sent: int = 0
    unknown: int = 0
    dead: int = 0
    skipped: int = 0


def total(tallies: Iterable[Tally], source: str = "") -> Tally:
    """The sum over minutes and sources, under the name given."""
    received = appended = duplicate = quarantined = rejected = 0
    for each in tallies:
        received += each.received
        appended += each.appended
        duplicate += each.duplicate
        quarantined += each.quarantined
        rejected += each.rejected
    return Tally(
        source=source,
        minute=0,
        received=received,
        appended=appended,
        duplicate=duplicate,
        quarantined=quarantined,
        rejected=rejected,
    )


def gaps(
    tallies: Iterable[Tally], folded: Folded | None = None, effects: Effects | None = None
) -> dict[str, int]:
    """The equations that do not hold, by name, with what is missing. Empty is what we promise."""
    found = {"received": sum(abs(tally.gap) for tally in tallies)}
    if folded is not None:
        found["appended"] = folded.appended - (folded.applied + folded.parked + folded.lag)
    if effects is not None:
        accounted = effects.pending + effects.leased + effects.sent
        accounted += effects.unknown + effects.dead + effects.skipped
        found["effects"] = effects.created - accounted
    return {equation: gap for equation, gap in found.items() if gap}
