"""Events beyond a source's limits that may be mended: held whole, judged again on replay. Pure.

An import's row cannot be sent once more in a better form, as a client's message can: what is too
deep, has too many members or is too large waits in quarantine as the event it became (C11, C44).
"""

from __future__ import annotations

import msgspec

from journeyfold.collect.envelope import Terms
from journeyfold.collect.json_entry import Refused, Shape, misshapen
from journeyfold.core.event import Event, Json
from journeyfold.sources.mapped import Mapped, Message, Outcome

LIMITS = frozenset({
    "too_deep", "too_many_properties", "key_too_long", "number_out_of_range", "event_too_large",
})  # fmt: skip
HELD_BYTES = 4 * 2**20
"""A row may be a thousand times as large as an event; beyond this only its place is held."""
HELD_DEPTH = 256
"""Some readers of JSON and MessagePack give up at a thousand; of what is deeper, only its place."""
_BOUNDLESS = 2**62
_NESTING = frozenset({dict, list})

_encode = msgspec.msgpack.encode


def held_bytes(event_bytes: int) -> int:
    """How large an event may be that is held whole."""
    return max(HELD_BYTES, event_bytes)


def size_of(event: Event) -> int:
    """What an imported event counts against the limit of its source."""
    return len(_encode(event))


def too_large(size: int, most: int) -> Refused:
    return Refused("event_too_large", "", f"{size} bytes; at most {most}")


def misshapen_part(event: Event, shape: Shape) -> Refused | None:
    """The first of its parts that breaks a limit."""
    for part in (event.properties, event.traits, event.context):
        if (wrong := misshapen(part, shape)) is not None:
            return wrong
    return None


def beyond(event: Event, terms: Terms) -> Refused | None:
    """What of the limits in force an event that was held for one breaks still."""
    if (wrong := misshapen_part(event, terms.shape)) is not None:
        return wrong
    size = size_of(event)
    return too_large(size, terms.event_bytes) if size > terms.event_bytes else None


def is_abysmal(outcome: Outcome) -> bool:
    """Is it nested deeper than anything that is kept?"""
    if isinstance(outcome, Mapped):
        event = outcome.event
        parts: tuple[dict[str, Json], ...] = (event.properties, event.traits, event.context)
    elif isinstance(outcome, Message):
        parts = (outcome.message,)
    else:
        return False
    return any(
        type(value) in _NESTING and _is_deeper(value, HELD_DEPTH)
        for part in parts
        for value in part.values()
    )


def _is_deeper(value: object, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)  # type: ignore[attr-defined]  # a list
            if type(child) in _NESTING
        ]
        if not level:
            return False
    return True


def unlimited(terms: Terms) -> Terms:
    """For a message that breaks a limit, to see what event it would be."""
    shape = Shape(depth=HELD_DEPTH, members=_BOUNDLESS, key_bytes=_BOUNDLESS)
    return msgspec.structs.replace(terms, shape=shape, event_bytes=_BOUNDLESS)
