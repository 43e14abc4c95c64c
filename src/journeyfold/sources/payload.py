"""A webhook's or stream's JSON to the message a client would have sent (collect C39, C41).

The same mapping language as for files: `row` is the payload, its keys have the type `any` and need
casts where a function wants one type. What no line of `map` takes, or what lacks a value it needs,
is `Passed` with the reason. Without `occurred` a delivery happens when it is received.
"""

from __future__ import annotations

from collections.abc import Callable

from journeyfold.core.event import Event, Json
from journeyfold.core.instant import rfc3339
from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapped import Mapped, Passed
from journeyfold.sources.mapping import compile_mapping, tells_time

_OWN_KEYS = {"user_id": "userId", "anonymous_id": "anonymousId"}


PayloadMapping = Callable[[object], dict[str, Json] | Passed]
_NO_OBJECT = Passed("quarantined", "unmapped", 1, 1, "the payload is no JSON object")


def payload_mapping(source: Source) -> PayloadMapping | None:
    """None for a source without a mapping: its payloads already are messages.

    Raises:
        ConditionError, MappingError: as `compile_mapping`.
    """
    if not source.map or source.fields is None:
        return None
    names = columns_used(source)
    mapping = compile_mapping(source, dict.fromkeys(names, "any"), "", 0)
    has_id = bool(source.fields.id)
    has_time = tells_time(source.fields, source.columns)

    def message(payload: object) -> dict[str, Json] | Passed:
        if not isinstance(payload, dict):
            return _NO_OBJECT
        row = tuple(payload.get(name) for name in names)
        outcome = mapping.map(1, [row])
        if isinstance(outcome, Mapped):
            return message_of(outcome.event, has_id=has_id, has_time=has_time)
        assert isinstance(outcome, Passed), "a payload is no wire message"
        return outcome

    return message


def message_of(event: Event, *, has_id: bool, has_time: bool) -> dict[str, Json]:
    """Without key columns the delivery's own id stays in force (C39), without a time the door's."""
    context = {key: value for key, value in event.context.items() if key != "auth"}
    message: dict[str, Json] = {"type": event.type}
    if has_time:
        message["timestamp"] = rfc3339(event.occurred_us)
    if has_id:
        message["messageId"] = event.id
    if event.type == "track":
        message["event"] = event.name
    others: list[Json] = []
    for claim in event.identifiers:
        if claim.kind in _OWN_KEYS:
            message[_OWN_KEYS[claim.kind]] = claim.value
        else:
            others.append({"type": claim.kind, "id": claim.value})
    if others:
        context["externalIds"] = others
    return {
        **message,
        "properties": event.properties,
        "traits": event.traits,
        "context": context,
    }
