"""Decisions for many at once, and decisions as they were recorded (decisions A7)."""

from __future__ import annotations

import asyncio

import msgspec

from journeyfold.api.decide import (
    SOURCE,
    catalogue_of,
    decision_id_of,
    decision_in,
    keep,
    prepare,
    shown,
)
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, found, reply
from journeyfold.api.wire import moment
from journeyfold.api.wire_decide import DecideBatchReply, DecideRequest, DecisionRecord
from journeyfold.core.decision import Decision
from journeyfold.core.event import Json

_YIELD_EVERY = 20  # decisions between two turns of the event loop


async def answer_batch(call: Call) -> Answered:
    """One decision a subject, all in one append: all are in the log or none is."""
    services, caller, body = call.services, call.known_caller, call.body
    placements = catalogue_of(services).placements
    if all(each.id not in placements for each in body.placements):
        raise ApiError("not_found", "there is no such placement", "/placements/0/id")
    request_id = body.request_id or services.door.fresh_id()
    ids = [decision_id_of(caller, f"{request_id}/{at}") for at in range(len(body.subjects))]
    if body.request_id is not None and services.log.find(SOURCE, ids[0]) is not None:
        return reply(DecideBatchReply(tuple(_stored(call, each) for each in ids)))
    prepared = []
    for at, (decision_id, subject) in enumerate(zip(ids, body.subjects, strict=True)):
        one = DecideRequest(subject, body.placements, None, body.context, trace=body.trace)
        prepared.append(prepare(services, caller, one, decision_id, call.fingerprint))
        if at % _YIELD_EVERY == _YIELD_EVERY - 1:
            await asyncio.sleep(0)
    fates = await services.door.append([each.entry for each in prepared if each.entry], [])
    if any(fate.fate != "appended" for fate in fates):  # the same request came twice at once
        return reply(DecideBatchReply(tuple(_stored(call, each) for each in ids)))
    for each in prepared:
        keep(services, each)
    decisions = tuple(shown(each.answer.decision, each.shown) for each in prepared)
    return reply(DecideBatchReply(decisions))


async def answer_decision(call: Call) -> Answered:
    """A decision with every reason, as it was made (why)."""
    record = found(call.services.log.find(SOURCE, call.path["decision"]), "decision")
    properties = record.event.properties
    context: dict[str, Json] = {}
    if isinstance(properties.get("context"), dict):
        context = msgspec.convert(properties["context"], dict[str, Json])
    return reply(
        DecisionRecord(
            decision=decision_in(record),
            offset=record.offset,
            appended=moment(record.appended_us),
            person=str(properties.get("person", "")),
            context=context,
        )
    )


def _stored(call: Call, decision_id: str) -> Decision:
    record = call.services.log.find(SOURCE, decision_id)
    if record is None or record.event.properties.get("request") != f"{call.fingerprint:016x}":
        raise ApiError("conflict", "this request_id was used with another body", "/request_id")
    return shown(decision_in(record), str(record.event.properties["shown"]))
