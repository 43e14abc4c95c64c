"""Sources and quarantine as JSON: who sends, and what waits for a fix (collect 3, C30, C31)."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.cards import HeldReason, HeldRecord, Previewed, Replayed, SourceCard
from journeyfold.api.operation import Answered, Call, found, reply
from journeyfold.api.wire import Dry, PageSize, moment
from journeyfold.core.event import Json
from journeyfold.project.stocktaking import HeldField, StageRow, Stocked

Filter = Annotated[str, Meta(max_length=255)]


class SourcesBody(msgspec.Struct, frozen=True):
    """`inventory` is what each declares and shows; `stages` the mapping matrix with its `gaps`."""

    sources: tuple[SourceCard, ...]
    inventory: tuple[Stocked, ...]
    stages: tuple[StageRow, ...]
    unused: tuple[HeldField, ...]
    gaps: tuple[str, ...]


class HeldPage(msgspec.Struct, frozen=True):
    """Newest first; `before` is the `next_before` of the page before, 0 the newest."""

    code: Filter = ""
    source: Filter = ""
    name: Filter = ""
    pointer: Filter = ""  # a place as the reasons say it, as /properties/products/*/sku
    before: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: PageSize = 50


class HeldBody(msgspec.Struct, frozen=True):
    """A message in quarantine, with the place where it did not fit."""

    id: int
    source: str
    name: str
    event_id: str
    code: str
    pointer: str
    detail: str
    received: str
    message: Json


class HeldListBody(msgspec.Struct, frozen=True):
    messages: tuple[HeldBody, ...]
    next_before: int | None


class ReasonsBody(msgspec.Struct, frozen=True):
    """Why messages wait, most waiting first."""

    reasons: tuple[HeldReason, ...]


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Admit again under today's plan, with the stored time of receipt (C31)."""

    code: Filter = ""
    source: Filter = ""
    name: Filter = ""
    pointer: Filter = ""
    dry_run: Dry = False


class HeldChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages are meant; an empty field means any."""

    code: Filter = ""
    source: Filter = ""
    name: Filter = ""
    pointer: Filter = ""


class DroppedBody(msgspec.Struct, frozen=True):
    """How many messages were given up."""

    dropped: int


async def answer_sources(call: Call) -> Answered:
    desk = call.services.desk.project
    cards = await asyncio.to_thread(desk.sources)
    stock = await asyncio.to_thread(desk.stock)
    return reply(SourcesBody(tuple(cards), stock.sources, stock.stages, stock.unused, stock.gaps))


async def answer_held(call: Call) -> Answered:
    query, desk = call.query, call.services.desk.quarantine
    rows = await asyncio.to_thread(
        desk.rows,
        code=query.code,
        source=query.source,
        name=query.name,
        pointer=query.pointer,
        before=query.before,
        limit=query.limit,
    )
    is_full = len(rows) == query.limit
    return reply(HeldListBody(tuple(map(_held, rows)), rows[-1].id if is_full else None))


async def answer_reasons(call: Call) -> Answered:
    reasons = await asyncio.to_thread(call.services.desk.quarantine.reasons)
    return reply(ReasonsBody(tuple(reasons)))


async def answer_held_one(call: Call) -> Answered:
    held_id = call.path["held"]
    is_number = held_id.isascii() and held_id.isdigit() and len(held_id) < 19
    desk = call.services.desk.quarantine
    row = await asyncio.to_thread(desk.row, int(held_id)) if is_number else None
    return reply(_held(found(row, "message in quarantine")))


async def answer_replay(call: Call) -> Answered:
    body, desk = call.body, call.services.desk.quarantine
    replayed: Replayed = await asyncio.to_thread(
        desk.replay,
        code=body.code,
        source=body.source,
        name=body.name,
        pointer=body.pointer,
        actor=f"key {call.known_caller.key_id}",
        dry_run=body.dry_run,
    )
    return reply(replayed)


async def answer_preview(call: Call) -> Answered:
    body, desk = call.body, call.services.desk.quarantine
    previewed: Previewed = await asyncio.to_thread(
        desk.preview, code=body.code, source=body.source, name=body.name, pointer=body.pointer
    )
    return reply(previewed)


async def answer_drop(call: Call) -> Answered:
    body, desk = call.body, call.services.desk.quarantine
    dropped = await asyncio.to_thread(
        desk.drop,
        code=body.code,
        source=body.source,
        name=body.name,
        pointer=body.pointer,
        actor=f"key {call.known_caller.key_id}",
    )
    return reply(DroppedBody(dropped))


def _held(row: HeldRecord) -> HeldBody:
    return HeldBody(
        id=row.id,
        source=row.source,
        name=row.name,
        event_id=row.event_id,
        code=row.code,
        pointer=row.pointer,
        detail=row.detail,
        received=moment(row.received_us),
        message=_json(row.message),
    )


def _json(message: bytes) -> Json:
    """As an object where it is JSON; what is not stays text, so that it can be seen at all."""
    try:
        decoded: Json = msgspec.json.decode(message)
    except (msgspec.DecodeError, RecursionError):
        return message.decode("utf-8", "replace")
    return decoded
