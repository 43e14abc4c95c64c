"""Arrivals: records of the log and messages in quarantine as one tail, newest first.

Duplicates and rejected messages are counted, not kept: they have no rows. Filters run here, on
the server (console C22); a search for rare rows stops after a bounded scan and says where.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from journeyfold.api.cards import HeldRecord
from journeyfold.api.desk import Desk
from journeyfold.console.wording import fault, in_short
from journeyfold.core.event import Record

SCAN_MAX = 5_000
_CHUNK = 250
_QUIET = frozenset(("timer", "cutpoints", "definition"))


class Arrival(msgspec.Struct, frozen=True):
    """One row: a record (`offset` >= 0) or a held message (`held` > 0)."""

    at_us: int
    fate: str
    name: str
    source: str
    person: str
    short: str
    offset: int = -1
    held: int = 0
    kind: str = "event"


class Filter(msgspec.Struct, frozen=True):
    """What the tail shows; the URL's state. Empty means all."""

    source: str = ""
    name: str = ""
    person: str = ""
    fate: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Filter:
        return cls(
            source=query.get("source", "")[:200],
            name=query.get("name", "")[:200],
            person=query.get("person", "")[:64],
            fate=query.get("fate", ""),
        )

    def state(self) -> dict[str, object]:
        return {key: value for key, value in msgspec.structs.asdict(self).items() if value}

    def takes(self, row: Arrival) -> bool:
        return (
            (not self.source or row.source == self.source)
            and (not self.name or self.name.lower() in row.name.lower())
            and (not self.person or row.person == self.person)
            and (not self.fate or row.fate == self.fate)
        )

    def takes_record(self, record: Record) -> bool:
        """What can be told before the person is looked up."""
        return (
            record.kind not in _QUIET
            and self.fate in ("", "appended")
            and (not self.source or record.event.source == self.source)
            and (not self.name or self.name.lower() in record.event.name.lower())
        )


class Page(msgspec.Struct, frozen=True):
    """`before` continues an older page; `scanned_us` is how far a search looked, 0 if to the end."""

    rows: list[Arrival]
    before: int = 0
    scanned_us: int = 0


def page(desk: Desk, match: Filter, before: int, limit: int) -> Page:
    """The newest rows below an offset. Held messages are mixed in by their time."""
    head, _ = desk.log.head()
    top = before or head + 1
    records, floor, floor_us = _records(desk, match, top, limit)
    held = _held(desk, match, limit) if match.fate in ("", "quarantined") else []
    if match.fate != "quarantined":
        newest_us = records[0].at_us if before and records else desk.clock.now_us()
        held = [
            row for row in held if (not floor or row.at_us >= floor_us) and row.at_us <= newest_us
        ]
    rows = sorted(
        [*records, *held[: limit // 2]], key=lambda row: (row.at_us, row.offset), reverse=True
    )
    complete = len(records) >= limit
    return Page(
        rows[: limit + len(held)],
        before=max(floor, 0) if floor > 0 and match.fate != "quarantined" else 0,
        scanned_us=floor_us if floor > 0 and not complete else 0,
    )


def arrival_of(record: Record, person_of: Callable[[Record], str]) -> Arrival:
    return Arrival(
        at_us=record.appended_us,
        fate="appended",
        name=record.event.name,
        source=record.event.source,
        person=person_of(record),
        short=in_short(record.event),
        offset=record.offset,
        kind=record.kind,
    )


def held_arrival(row: HeldRecord) -> Arrival:
    return Arrival(
        at_us=row.received_us,
        fate="quarantined",
        name=row.name or "unnamed",
        source=row.source,
        person=row.person,
        short=f"{row.pointer} {fault(row.detail)}".strip() or row.code,
        held=row.id,
    )


def _records(desk: Desk, match: Filter, top: int, limit: int) -> tuple[list[Arrival], int, int]:
    """(rows, the lowest offset looked at, its time): chunks backwards until enough or too far."""
    rows: list[Arrival] = []
    if match.fate not in ("", "appended"):
        return rows, 0, 0
    floor, floor_us = top, 0
    while floor > 0 and len(rows) < limit and top - floor < SCAN_MAX:
        low = max(0, floor - _CHUNK)
        for record in reversed(desk.log.read(low - 1, floor - low)):
            floor, floor_us = record.offset, record.appended_us
            if match.takes_record(record):
                row = arrival_of(record, desk.people.of)
                if match.takes(row):
                    rows.append(row)
                    if len(rows) == limit:
                        break
    return rows, floor, floor_us


def _held(desk: Desk, match: Filter, limit: int) -> list[Arrival]:
    rows = desk.quarantine.rows(source=match.source, limit=limit)
    return [arrival for arrival in map(held_arrival, rows) if match.takes(arrival)]
