"""What the fold could not take: set aside with its reason, so that nothing else waits (REL-12).

A record that raises is parked whole. A record about everybody (time, cut points, definitions) is
never parked because of one person: that person keeps what they had, their wake is put away until
their next record, and the rest goes on.
"""

from __future__ import annotations

import msgspec

from journeyfold.core.event import Record
from journeyfold.core.ports import StateReader, StateWriter

_OFFSET_BYTES = 8


class Parked(msgspec.Struct, frozen=True):
    """A record that could not be folded, or not for `person`; `quarantine replay` tries records."""

    offset: int
    name: str
    source: str
    why: str
    person: str = ""


def park(writer: StateWriter, record: Record, why: str, person: str = "") -> None:
    parked = Parked(record.offset, record.event.name, record.event.source, why, person)
    key = record.offset.to_bytes(_OFFSET_BYTES, "big") + person.encode()
    writer.put("parked", key, msgspec.msgpack.encode(parked))


def parked_records(reader: StateReader) -> int:
    """Records that were not applied at all: a term of the conservation equation (REL-10)."""
    return sum(1 for key, _ in reader.scan("parked") if len(key) == _OFFSET_BYTES)
