"""How far the fold is: kept in the state, in the transaction of what it consumed."""

from __future__ import annotations

import msgspec

from journeyfold.core.event import Record
from journeyfold.core.ports import StateReader, StateWriter

CONSUMED = b"consumed"


class Standing(msgspec.Struct, frozen=True):
    """How far the fold is: the last consumed offset, its log time, and how many records were
    applied on the way; the others were parked (REL-10).
    """

    offset: int = -1
    appended_us: int = 0
    applied: int = 0


def standing(reader: StateReader) -> Standing:
    raw = reader.get("meta", CONSUMED)
    return msgspec.msgpack.decode(raw, type=Standing) if raw else Standing()


def come_to(writer: StateWriter, last: Record, applied: int) -> None:
    """Everything up to `last` is consumed, and that many records more were applied."""
    done = Standing(last.offset, last.appended_us, standing(writer).applied + applied)
    writer.put("meta", CONSUMED, msgspec.msgpack.encode(done))
