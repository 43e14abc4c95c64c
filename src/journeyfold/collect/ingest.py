"""One request's messages through the gate and into the log (collect C18, C33 to C36)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.collect.access import Access
from journeyfold.collect.admit import Gate, admit
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.cardinality import Cardinality
from journeyfold.collect.door import Door
from journeyfold.collect.envelope import event_id_of
from journeyfold.collect.json_entry import Bounded, Members, Refused, misshapen
from journeyfold.collect.reply import FINE_WITHOUT_STORING, Answer, Headers, Tally, refusal, taken
from journeyfold.collect.request import Request
from journeyfold.core.errors import Busy, EngineError
from journeyfold.core.instant import instant_us
from journeyfold.core.ports import Entry, Fate, Held

RETRY_UNAVAILABLE_S = 5
LEFT_UNREAD = frozenset({
    "body_too_large", "decompressed_too_large", "unsupported_type", "unsupported_encoding",
    "bad_encoding", "too_many_hops",
})  # fmt: skip  # the rest of the body may still be on its way


class Parcel(msgspec.Struct, frozen=True):
    """The messages of a request with what is true of all of them; refused ones stay in place."""

    items: list[object]
    arrival: Arrival
    is_single: bool = False


def parcel_of_batch(frame: Members, items: list[object], arrival: Arrival) -> Parcel | Refused:
    """A batch: its context lies under each item's, its timestamp under none (C18, C25)."""
    shared = {key: frame[key] for key in ("context", "integrations") if frame.get(key) is not None}
    for key, value in shared.items():
        if not isinstance(value, dict):
            return Refused("not_an_object", "/" + key, f"{key} is a JSON object")
    if (bad := misshapen(shared)) is not None:
        return bad
    if (sent := frame.get("sentAt")) is not None:
        sent_us = instant_us(sent) if isinstance(sent, str) else None
        arrival = msgspec.structs.replace(arrival, sent=str(sent) or "?", sent_us=sent_us)
    is_bounded = isinstance(items, Bounded) and not shared
    return Parcel(items, msgspec.structs.replace(arrival, is_bounded=is_bounded, **shared))


def arrival_of(request: Request, access: Access, now_us: int, path_type: str = "") -> Arrival:
    """What the head of a request says of every message in it (C09, C17, C25)."""
    is_client = access.key.kind == "pub"
    sent = request.text(b"sentat")
    sent_us = instant_us(sent) if sent else None
    return Arrival(
        received_us=now_us,
        auth="browser" if is_client else "server",
        key_id=access.key.id,
        type=path_type,
        sent=sent if sent_us is not None else "",  # a header nobody can read is no claim
        sent_us=sent_us,
        idempotency_key=request.text(b"idempotency-key"),
        user_agent=request.text(b"user-agent") if is_client else "",
        ip=request.ip if is_client else "",
        country=request.country if is_client else "",
        language=request.text(b"accept-language") if is_client else "",
        gpc=request.headers.get(b"sec-gpc") == b"1",
    )


async def take(door: Door, gate: Gate, parcel: Parcel, headers: Headers) -> Answer:
    """Admit each message of a parcel, append, and say what became of them."""
    is_single = parcel.is_single
    waiting = append_judged(door, gate, _judged(door, gate, parcel), headers, is_single=is_single)
    del parcel
    return await waiting


async def append_judged(
    door: Door, gate: Gate, judged: Sequence[Entry | Held | Refused], headers: Headers, *,
    is_single: bool = False,
) -> Answer:  # fmt: skip
    """What may be kept goes into the log in one transaction; the answer waits for the commit.

    Meanwhile no event is kept here: memory used again at once is still in the processor's caches.
    """
    source = gate.source.source
    kept = [each for each in judged if not isinstance(each, Refused)]
    rejected = len(judged) - len(kept)
    told: list[Fate | None] = []
    if rejected:
        told = [_refused(each) if isinstance(each, Refused) else None for each in judged]
    del judged
    done: list[Fate] = []
    if kept:
        waiting = door.append(kept, [(source, rejected)] if rejected else [])
        del kept
        try:
            done = await waiting
        except Busy as busy:
            why = Refused("busy", detail=str(busy))
            return refusal(why, headers, retry_after_s=busy.retry_after_s)
        except EngineError:  # the appender has stopped the process; nobody may hear 200
            return refusal(Refused("busy"), headers, retry_after_s=RETRY_UNAVAILABLE_S)
    else:
        door.reject(source, rejected)
    fates = done
    if rejected:
        rest = iter(done)
        fates = [each or next(rest) for each in told]
    tally = Tally.of(fates)
    for result, number in tally.pairs():
        door.count(source, result, number)
    only = fates[0] if is_single else None
    if only and only.fate == "rejected" and only.code not in FINE_WITHOUT_STORING:
        return refusal(Refused(only.code, only.pointer, only.detail), headers)
    return taken(fates, tally, headers)


def refuse_whole(door: Door, source: str, now_us: int, why: Refused, headers: Headers) -> Answer:
    """A body that never became messages counts as one received and rejected (C33)."""
    door.count(source, "rejected", 1)
    door.reject(source, 1)
    door.samples.add(source, now_us, why)
    return refusal(why, headers, closes=why.code in LEFT_UNREAD)


def trial(door: Door, gate: Gate, parcel: Parcel) -> list[Fate]:
    """What would become of messages, without keeping or counting anything (C04)."""
    counts_nothing = msgspec.structs.replace(gate, cardinality=Cardinality())
    return [_would_be(each) for each in _judged(door, counts_nothing, parcel)]


def _judged(door: Door, gate: Gate, parcel: Parcel) -> list[Entry | Held | Refused]:
    with gate.look():
        return _each_judged(door, gate, parcel)


def _each_judged(door: Door, gate: Gate, parcel: Parcel) -> list[Entry | Held | Refused]:
    arrival = parcel.arrival
    found: list[Entry | Held | Refused] = []
    for index, item in enumerate(parcel.items):
        if isinstance(item, Refused):
            judged: Entry | Held | Refused = item
        else:
            judged = admit(gate, item, arrival, event_id_of(item, arrival, index, door.fresh_id))
        if isinstance(judged, Refused):
            door.samples.add(gate.source.source, arrival.received_us, judged, item)
        found.append(judged)
    return found


def _refused(why: Refused) -> Fate:
    return Fate("rejected", -1, why.code, why.pointer, why.detail)


def _would_be(judged: Entry | Held | Refused) -> Fate:
    match judged:
        case Refused():
            return _refused(judged)
        case Held():
            return Fate("quarantined", -1, judged.code, judged.pointer, judged.detail)
        case Entry():
            return Fate("appended")
