"""Syncs over HTTP: how audiences stand elsewhere, and run one now (journeys A30)."""

from __future__ import annotations

import asyncio

import msgspec

from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, reply
from journeyfold.api.wire import moment
from journeyfold.project.reports import SyncRow
from journeyfold.runtime.sync_desk import asking


class SyncBody(msgspec.Struct, frozen=True):
    """`id` is `destination.sync`; `acknowledged` are the rows that the other side has taken, `last`
    what the last run counted. `stopped`: too many rows were gone, it waits for `confirm`.
    """

    id: str
    audience: str
    mode: str
    every: str
    acknowledged: int
    ran: str | None
    stopped: str | None
    is_asked: bool
    last: dict[str, int]


class SyncsBody(msgspec.Struct, frozen=True):
    syncs: tuple[SyncBody, ...]


class SyncRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`confirm`: remove the rows that are gone, however many they are."""

    confirm: bool = False


class SyncAsked(msgspec.Struct, frozen=True):
    sync: str
    offset: int


async def answer_syncs(call: Call) -> Answered:
    rows = await asyncio.to_thread(call.services.syncs)
    return reply(SyncsBody(tuple(_body(row) for row in rows)))


async def answer_run(call: Call) -> Answered:
    """A record, durable before the reply; `work` follows it."""
    wanted, services = call.path["sync"], call.services
    rows = await asyncio.to_thread(services.syncs)
    if not any(row.id == wanted for row in rows):
        raise ApiError("not_found", f"there is no sync '{wanted}'; write DESTINATION.ID")
    entry = asking(wanted, services.door.now_us(), confirm=call.body.confirm)
    (fate,) = await services.door.append([entry], [])
    return reply(SyncAsked(wanted, fate.offset))


def _body(row: SyncRow) -> SyncBody:
    return SyncBody(
        row.id, row.audience, row.mode, row.every, row.rows,
        moment(row.ran_us) if row.ran_us else None,
        moment(row.stopped_us) if row.stopped_us else None,
        bool(row.asked_us), row.told,
    )  # fmt: skip
