"""`POST /v1/people/{person}/erase`: forget somebody. For keys of the owner, audited (journeys E72).

A dry run says what would go. Somebody unknown and somebody erased already have the same answer.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.operation import Answered, Call, found, reply
from journeyfold.api.wire import NOT_NUL
from journeyfold.project.erasure import Going, request

ACT = "person.erase"


class EraseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` goes into the audit, not into the log."""

    reason: Annotated[str, Meta(min_length=1, max_length=500, pattern=NOT_NUL)]
    dry_run: bool = False


class ErasureBody(msgspec.Struct, frozen=True):
    """What goes, in numbers. `offset` is the record that asks for it; null in a dry run. `records`
    stay in the log.
    """

    person: str
    identifiers: int
    traits: int
    segments: int
    journeys: tuple[str, ...]
    waiting: int
    sent: int
    records: int
    offset: int | None


async def answer_erase(call: Call) -> Answered:
    """Durable before the reply; the fold forgets within the second."""
    services, caller, body = call.services, call.known_caller, call.body
    asked = await asyncio.to_thread(services.desk.people.going, call.path["person"])
    going = found(asked, "person")
    if body.dry_run:
        return reply(_body(going, None))
    actor = f"key {caller.key_id}"
    await asyncio.to_thread(services.desk.keys.audit, actor, ACT, going.person, body.reason)
    event = request(going.nodes, services.door.now_us())
    (fate,) = await services.door.append(
        [services.entry_of(event, "erasure", 0, caller.key_id)], []
    )
    return reply(_body(going, fate.offset))


def _body(going: Going, offset: int | None) -> ErasureBody:
    return ErasureBody(
        going.person, len(going.identifiers), len(going.traits), len(going.segments),
        going.journeys, going.waiting, going.sent, going.records, offset,
    )  # fmt: skip
