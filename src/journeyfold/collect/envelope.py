"""From a wire message to an Event, before any plan or consent is asked (collect C18 to C23). Pure.

The canonical item is the message with the batch's context below its own and without what a retry
may change; its hash is the fingerprint that tells a repeat from a conflict (collect C32).
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

import msgspec

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.claims import claims
from journeyfold.collect.enrich import enrich
from journeyfold.collect.json_entry import BOUND, Members, Refused, Shape, misshapen
from journeyfold.collect.occurrence import Note, occurrence
from journeyfold.collect.situation import Place
from journeyfold.collect.whereabouts import Weather
from journeyfold.core.event import Event, Json

TYPES = {
    "track": "",
    "identify": "Identify",
    "page": "Page",
    "screen": "Screen",
    "group": "Group",
    "alias": "Alias",
}
"""Event type → the name its events carry; a track event brings its own (collect C19)."""

NAME_MAX, ID_MAX = 255, 100
TRANSPORT = frozenset({"sentAt", "writeKey", "_metadata"})  # a retry may change these (C32)
RESERVED = frozenset({
    "source", "source_id", "_person", "offset", "auth", "tenant_id", "is_admin", "appended_us",
})  # fmt: skip  # set by the server, never by a client (collect C09)
USUAL = frozenset({
    "type", "event", "messageId", "userId", "anonymousId", "timestamp", "originalTimestamp",
    "properties", "traits", "context", "integrations", "name", "category", "groupId",
    "previousId", "channel",
})  # fmt: skip  # nothing to look for when a message holds only these
RESERVED_CONTEXT = frozenset({
    "auth", "time", "quality", "warnings", "agent", "hops", "geo", "derived",
})  # fmt: skip

_encode = msgspec.msgpack.Encoder(order="sorted").encode


class Terms(msgspec.Struct, frozen=True):
    """What the envelope must know of a source: its name, limits (C11) and enrichment (C48)."""

    source: str
    event_bytes: int = 32 * 1024
    shape: Shape = Shape()
    trait_kinds: tuple[str, ...] = ()  # kinds of identity.yaml read from traits of identify
    enrich: frozenset[str] = frozenset({"user_agent", "campaign"})
    keeps_whole_ip: bool = False
    place: Place | None = None  # of an address, where the operator has a file of them
    keeps_whole_location: bool = False
    weather: Weather | None = None  # by geocell and hour, where the operator has a table


class Draft(msgspec.Struct, frozen=True):
    """An Event not yet judged. `dropped` names the server's fields the sender tried to set."""

    event: Event
    fingerprint: int
    dropped: tuple[str, ...] = ()


def draft(item: object, arrival: Arrival, terms: Terms, event_id: str) -> Draft | Refused:
    """One message as an Event; `event_id` is the id it gets when it brings none (C23)."""
    if type(item) is not dict:
        return Refused("not_an_object", "", "a message is a JSON object")
    message, dropped = canonical(item, arrival)
    kind = message.get("type")
    if type(kind) is not str or kind not in TYPES:
        return Refused("unknown_type", "/type", "identify, track, page, screen, group or alias")
    for key in ("context", "properties", "traits", "integrations"):
        if key in message and type(message[key]) is not dict:
            return Refused("not_an_object", "/" + key, f"{key} is a JSON object")
    is_known = arrival.is_bounded and terms.shape.depth >= BOUND.depth
    if not is_known and (bad := misshapen(message, terms.shape)) is not None:
        return bad
    fingerprint, size = fingerprint_of(message)
    # Each member takes two bytes of that size, so only a larger message can have too many.
    if is_known and size > 2 * terms.shape.members:
        bad = misshapen(message, terms.shape)
        if bad is not None:
            return bad
    if size > terms.event_bytes:
        return Refused("event_too_large", "", f"above {terms.event_bytes} bytes")
    own_id = _own_id(message)
    if isinstance(own_id, Refused):
        return own_id
    claimed = claims(message, arrival, terms.trait_kinds)
    if isinstance(claimed, Refused):
        return claimed
    name = TYPES[kind] or message.get("event")
    name = name if type(name) is str else ""
    if (wrong := _wrong_name(name)) is not None:
        return wrong
    at = occurrence(message, item.get("sentAt"), arrival)
    if isinstance(at, Refused):
        return at
    properties, traits, context = _placed(message, kind)
    _stamp(context, arrival, claimed[1], at[1])
    enrich(context, arrival, terms, at[0])
    event = Event(
        own_id or event_id, name, kind, terms.source, claimed[0], at[0], arrival.received_us,
        properties, traits, context,
    )  # fmt: skip
    return Draft(event, fingerprint, dropped)


def event_id_of(item: object, arrival: Arrival, index: int, fresh: Callable[[], str]) -> str:
    """The id of a message that brings none: from `Idempotency-Key`, else a fresh one (C23).

    "" when it brings one. A call with neither is not safe to repeat.
    """
    if isinstance(item, dict) and item.get("messageId"):
        return ""
    if not arrival.idempotency_key:
        return fresh()
    text = f"{arrival.idempotency_key}/{index}"
    return text if len(text) <= ID_MAX else blake2b(text.encode(), digest_size=16).hexdigest()


def canonical(item: Members, arrival: Arrival) -> tuple[Members, tuple[str, ...]]:
    """The item without nulls, transport and server fields, over the batch's context (C18)."""
    message: Members = item.copy()  # cheaper than choosing: few messages hold what goes
    if None in item.values() or not TRANSPORT.isdisjoint(item):
        for key in [key for key, value in item.items() if value is None or key in TRANSPORT]:
            del message[key]
    dropped: list[str] = []
    if not USUAL.issuperset(message):
        dropped = [key for key in message if key in RESERVED or key.startswith("received")]
        for key in dropped:
            del message[key]
    if arrival.type:
        message["type"] = arrival.type
    context = message.get("context")
    if type(context) is dict and not RESERVED_CONTEXT.isdisjoint(context):
        taken = RESERVED_CONTEXT.intersection(context)
        message["context"] = {key: context[key] for key in context if key not in taken}
        dropped += [f"context.{key}" for key in sorted(taken)]
    if arrival.context:
        message["context"] = merged(arrival.context, message.get("context", {}))
    if arrival.integrations:
        message["integrations"] = merged(arrival.integrations, message.get("integrations", {}))
    return message, tuple(dropped)


def fingerprint_of(message: Members) -> tuple[int, int]:
    """(64-bit hash of the canonical form, its size): key order does not matter (C32)."""
    raw = _encode(message)
    return int.from_bytes(blake2b(raw, digest_size=8).digest(), "big"), len(raw)


def merged(under: object, over: object) -> Json:
    """Objects merge key by key, anything else of `over` wins; `under` has been bounded in depth."""
    if type(under) is not dict or type(over) is not dict:
        return over  # type: ignore[return-value]  # decoded JSON
    result: dict[str, Json] = dict(over)
    for key, value in under.items():
        if key in over:
            result[key] = merged(value, over[key])
        else:
            result[key] = merged(value, {}) if type(value) is dict else value
    return result


def _own_id(message: Members) -> str | Refused:
    """The sender's messageId, "" without one (C23)."""
    own = message.get("messageId", "")
    text = str(own) if type(own) is int else own
    if type(text) is not str or "\x00" in text or len(text) > ID_MAX:
        return Refused("bad_id", "/messageId", "text of at most 100 characters without U+0000")
    return text


def _wrong_name(name: str) -> Refused | None:
    if not name or name.isspace():
        return Refused("no_name", "/event", "a track message needs `event`, its name")
    if "\x00" in name:
        return Refused("bad_name", "/event", "U+0000 in a name")
    if len(name) > NAME_MAX:
        return Refused("name_too_long", "/event", f"above {NAME_MAX} characters")
    return None


def _placed(message: Members, kind: str) -> tuple[Members, Members, Members]:
    """(properties, traits, context): each field at its place in an Event (C19, C20).

    The context is this event's own copy; the other two may be the message's.
    """
    context: Members = dict(_object(message, "context"))
    properties = _object(message, "properties")
    if kind == "track":
        return properties, {}, context
    if kind == "identify":
        beside, own = context.pop("traits", None), _object(message, "traits")
        return properties, {**beside, **own} if type(beside) is dict else own, context
    if kind == "group":
        properties = {**properties, "group_traits": _object(message, "traits")}
        if "groupId" in message:
            properties["group_id"] = message["groupId"]
    elif kind in ("page", "screen"):
        given: Members = {key: message[key] for key in ("name", "category") if key in message}
        properties = {**given, **properties}
    return properties, {}, context


def _object(message: Members, key: str) -> Members:
    value = message.get(key)
    return value if type(value) is dict else {}


def _stamp(context: Members, arrival: Arrival, warnings: list[Json], time: Note | None) -> None:
    """What only the door knows (C09, C17, C27)."""
    context["auth"] = arrival.auth
    if time is not None:
        context["time"] = time
    if warnings:
        context["warnings"] = warnings
    if arrival.hops:
        context["hops"] = arrival.hops
    if arrival.gpc:
        context["gpc"] = True
    elif "gpc" in context and context["gpc"] is not True:
        del context["gpc"]  # only exactly true is the signal (PRV-4)
