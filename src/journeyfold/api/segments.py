"""Segments as JSON: the list, members by page, manual members, and checking a condition (B7)."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.cards import Checked, SegmentCard
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, found, reply
from journeyfold.api.wire import IdentifierBody, PageSize, RequestId, taken
from journeyfold.core.event import Event, Identifier, Json
from journeyfold.identity.explain import node_of_person
from journeyfold.segment.manual import ADDED, REMOVED, SOURCE

MEMBERS_MAX = 500


class SegmentsBody(msgspec.Struct, frozen=True):
    segments: tuple[SegmentCard, ...]


class MembersPage(msgspec.Struct, frozen=True):
    """`cursor` is the `next_cursor` of the page before."""

    cursor: Annotated[str, Meta(max_length=100)] = ""
    limit: PageSize = 100


class MembersBody(msgspec.Struct, frozen=True):
    members: tuple[str, ...]
    next_cursor: str | None


class ManualMembers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An identifier not yet seen waits and joins on first sight (segments S5)."""

    identifiers: Annotated[tuple[IdentifierBody, ...], Meta(min_length=1, max_length=MEMBERS_MAX)]
    request_id: RequestId | None = None


class ConditionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`condition` is the text, or its AST as JSON."""

    condition: Annotated[str, Meta(min_length=1, max_length=8192)] | dict[str, Json]


async def answer_segments(call: Call) -> Answered:
    return reply(SegmentsBody(tuple(await asyncio.to_thread(call.services.desk.segments.segments))))


async def answer_members(call: Call) -> Answered:
    """Person ids in order. A cursor that no page gave leads nowhere (trust SEC-12)."""
    segment, query = await _segment(call), call.query
    if query.cursor and node_of_person(query.cursor) is None:
        raise ApiError("not_found", "this cursor is not the next_cursor of a page", "/cursor")
    desk = call.services.desk.segments
    members = await asyncio.to_thread(desk.members, segment.id, query.cursor, query.limit)
    is_full = len(members) == query.limit
    return reply(MembersBody(tuple(members), members[-1] if is_full else None))


async def answer_add(call: Call) -> Answered:
    return await _stated(call, ADDED)


async def answer_remove(call: Call) -> Answered:
    return await _stated(call, REMOVED)


async def answer_check(call: Call) -> Answered:
    """Problems are an answer, not an error: a builder asks while somebody types."""
    desk = call.services.desk.segments
    checked: Checked = await asyncio.to_thread(desk.check, call.body.condition)
    return reply(checked)


async def _stated(call: Call, name: str) -> Answered:
    """One input record an identifier, so that erasing one person touches nobody else's."""
    segment, services, caller = await _segment(call), call.services, call.known_caller
    if segment.kind != "manual":
        raise ApiError("not_manual", f"{segment.id} is filled by its condition, not by a list")
    request_id = call.body.request_id or services.door.fresh_id()
    now_us = services.door.now_us()
    entries = [
        services.entry_of(
            Event(
                id=f"{name}/{caller.key_id}/{request_id}/{at}",
                name=name,
                type="track",
                source=SOURCE,
                identifiers=(Identifier(one.kind, one.value),),
                occurred_us=now_us,
                received_us=now_us,
                properties={"segment": segment.id},
                context={"auth": caller.auth},
            ),
            "event",
            call.fingerprint,
            caller.key_id,
        )
        for at, one in enumerate(call.body.identifiers)
    ]
    fates = await services.door.append(entries, [])
    for fate in fates:
        services.door.count(SOURCE, fate.fate, 1)
    return reply(taken(fates))


async def _segment(call: Call) -> SegmentCard:
    wanted = call.path["segment"]
    every = await asyncio.to_thread(call.services.desk.segments.segments)
    return found(next((each for each in every if each.id == wanted), None), "segment")
