"""`POST /v1/expose`: somebody saw an item; counted once per decision, placement and offer.

A receipt that is forged, too old, or of a decision nobody made is quarantined, and the counts of
the reply say so; the page that sent it is not bothered with an error (decisions A3).
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from journeyfold.api.decide import SOURCE as DECIDED
from journeyfold.api.operation import Answered, Call, reply
from journeyfold.api.wire import taken
from journeyfold.api.wire_decide import ExposeRequest
from journeyfold.core.decision import exposure_key
from journeyfold.core.event import Event, Record
from journeyfold.core.instant import DAY_US, MINUTE_US
from journeyfold.core.ports import Held
from journeyfold.decide import receipt as receipts
from journeyfold.decide.receipt import Receipt

SOURCE = "_api"
NAME = "Offer Shown"
PAST_US, FUTURE_US = 90 * DAY_US, 5 * MINUTE_US  # as the door clamps browsers (collect C27)


async def answer_expose(call: Call) -> Answered:
    services, body = call.services, call.body
    now_us = services.door.now_us()
    receipt = receipts.verify(body.receipt, services.receipt_key, now_us)
    if not isinstance(receipt, Receipt):
        return await _held(call, receipt, now_us)
    decided = services.log.find(DECIDED, receipt.decision_id)
    if decided is None:
        return await _held(call, "unknown_decision", now_us)
    event = _event(call, body, receipt, decided, now_us)
    # Only what was shown tells one exposure from another: a repeat at another time is the same.
    fingerprint = int.from_bytes(bytes.fromhex(event.id)[:8], "big")
    entry = services.entry_of(event, "event", fingerprint, call.known_caller.key_id)
    fates = await services.door.append([entry], [])
    services.door.count(SOURCE, fates[0].fate, 1)
    return reply(taken(fates))


async def _held(call: Call, code: str, now_us: int) -> Answered:
    caller = call.known_caller
    held = Held(
        source=SOURCE,
        message=msgspec.json.encode(call.body),
        code=code,
        pointer="/receipt",
        received_us=now_us,
        name=NAME,
        key_id=caller.key_id,
        auth=caller.auth,
    )
    fates = await call.services.door.append([held], [])
    call.services.door.count(SOURCE, "quarantined", 1)
    return reply(taken(fates))


def _event(
    call: Call, body: ExposeRequest, receipt: Receipt, decided: Record, now_us: int
) -> Event:
    """About whom the decision was; the page only says that it was seen, and when."""
    shown_us = now_us if body.shown_us is None else body.shown_us
    key = exposure_key(receipt.decision_id, receipt.placement, receipt.offer)
    return Event(
        id=blake2b(key.encode(), digest_size=16).hexdigest(),
        name=NAME,
        type="track",
        source=SOURCE,
        identifiers=decided.event.identifiers,
        occurred_us=max(now_us - PAST_US, min(now_us + FUTURE_US, shown_us)),
        received_us=now_us,
        properties={
            "decision_id": receipt.decision_id,
            "placement": receipt.placement,
            "offer": receipt.offer,
            "variant": receipt.variant,
            "category": receipt.category,
            "rank": receipt.rank,
            "surface": body.surface or receipt.surface,
            "receipt": body.receipt,
        },
        context={"auth": call.known_caller.auth},
    )
