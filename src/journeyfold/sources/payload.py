"""A webhook's or stream's JSON to the message a client would have sent (collect C39, C41).

The same mapping language as for files: `row` is the payload, its keys have the type `any` and need
casts where a function wants one type. What no line of `map` takes is None; the door holds it.
"""

from __future__ import annotations

from collections.abc import Callable

from journeyfold.core.event import Event, Json
from journeyfold.core.instant import rfc3339
from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapped import Mapped
from journeyfold.sources.mapping import compile_mapping

_OWN_KEYS = {"user_id": "userId", "anonymous_id": "anonymousId"}


def payload_mapping(source: Source) -> Callable[[object], dict[str, Json] | None] | None:
    """None for a source without a mapping: its payloads already are messages.

    Raises:
        ConditionError, MappingError: as `compile_mapping`.
    """
    if not source.map or source.fields is None:
        return None
    names = columns_used(source)
    mapping = compile_mapping(source, dict.fromkeys(names, "any"), "", 0)
    has_id = bool(source.fields.id)

    def message(payload: object) -> dict[str, Json] | None:
        if not isinstance(payload, dict):
            return None
        row = tuple(payload.get(name) for name in names)
        outcome = mapping.map(1, [row])
        return _message(outcome.event, has_id=has_id) if isinstance(outcome, Mapped) else None

    return message


def _message(event: Event, *, has_id: bool) -> dict[str, Json]:
    """Without key columns the delivery's own id stays in force (C39)."""
    context = {key: value for key, value in event.context.items() if key != "auth"}
    message: dict[str, Json] = {"type": event.type, "timestamp": rfc3339(event.occurred_us)}
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
