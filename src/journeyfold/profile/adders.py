"""Adding one event to one aggregate, as a function made for it when the project is compiled.

Events nearly always arrive in the order in which they happened, so a window grows at its end. That
path is written out here; everything else goes through `buckets`, with the same bytes as a result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from journeyfold.core.aggregate import (
    POINTS_MAX,
    Days,
    Events,
    Window,
    decoder_of,
    micros,
    span_of,
    value_hash,
)
from journeyfold.core.condition_typed import Spec
from journeyfold.core.condition_values import dig
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import DAY_US
from journeyfold.profile.buckets import Point, added, added_match, added_row, prune

Aggregates: TypeAlias = dict[str, Any]
"""Of a profile, by key: `msgspec.Raw` until first touched, then the decoded aggregate.

What stands under a key has the type that the key names; a cast a point would cost as much as the
point, so this module alone leaves the type out.
"""

Adder: TypeAlias = Callable[[Aggregates, Event], None]
Decode: TypeAlias = Callable[[Any], Any]
_PointOf: TypeAlias = Callable[[Json, Event], Point]

_RAW = msgspec.Raw
_SCALARS = (bool, int, float, str)


def adder_of(key: str, spec: Spec, step: int = 0) -> Adder:
    """`step` is the place of the event in a sequence."""
    if spec.kind == "recent":
        return _recent(key, spec)
    if spec.kind == "steps":
        return _steps(key, spec, step)
    if spec.kind == "events":
        return _window_of_events(key) if span_of(key) else _events(key)
    return _points(key, spec)


def _events(key: str) -> Adder:
    decode: Decode = decoder_of(key)

    def add(aggregates: Aggregates, event: Event) -> None:
        held, at_us = aggregates.get(key), event.occurred_us
        if held.__class__ is _RAW:
            held = aggregates[key] = decode(held)
        if held is None:
            aggregates[key] = Events(1, at_us, at_us)
            return
        held.n += 1
        if at_us > held.last_us:
            held.last_us = at_us
        elif at_us < held.first_us:
            held.first_us = at_us

    return add


def _window_of_events(key: str) -> Adder:
    decode: Decode = decoder_of(key)
    kept = span_of(key)

    def add(aggregates: Aggregates, event: Event) -> None:
        held, at_us = aggregates.get(key), event.occurred_us
        if held.__class__ is _RAW:
            held = aggregates[key] = decode(held)
        if held is None:
            aggregates[key] = Days(at=[at_us], value=[], hour=[], tile=[])
            return
        if not _grows(held, at_us):
            aggregates[key] = added(held, key, at_us, None)
            return
        held.at.append(at_us)
        if held.at[0] < (at_us // DAY_US - kept - 1) * DAY_US:
            prune(held, kept)

    return add


def _points(key: str, spec: Spec) -> Adder:
    decode: Decode = decoder_of(key)
    kept, point_of = span_of(key), _POINTS[spec.kind]
    path, only = spec.path, spec.path[0] if len(spec.path) == 1 else ""

    def begin(at_us: int, point: Point) -> object:
        if kept:
            return Days(at=[at_us], value=[point], hour=[], tile=[])
        return added(None, key, at_us, point)

    def add(aggregates: Aggregates, event: Event) -> None:
        properties, at_us = event.properties, event.occurred_us
        point = point_of(properties.get(only) if only else dig(properties, path), event)
        if point is None:
            return
        held = aggregates.get(key)
        if held.__class__ is _RAW:
            held = aggregates[key] = decode(held)
        if held is None:
            aggregates[key] = begin(at_us, point)
            return
        if not kept or not _grows(held, at_us):
            aggregates[key] = added(held, key, at_us, point)
            return
        held.at.append(at_us)
        held.value.append(point)
        if held.at[0] < (at_us // DAY_US - kept - 1) * DAY_US:
            prune(held, kept)

    return add


def _grows(held: Window, at_us: int) -> bool:
    """A point later than all others, in a window without tiles, on a day that stays exact."""
    at = held.at
    if not at or at[-1] >= at_us or held.hour:
        return False
    return len(at) < POINTS_MAX or at[-POINTS_MAX] // DAY_US < at_us // DAY_US


def _recent(key: str, spec: Spec) -> Adder:
    decode: Decode = decoder_of(key)
    kept = span_of(key)
    paths = [tuple(field.split(".")) for field in spec.fields]

    def add(aggregates: Aggregates, event: Event) -> None:
        held, properties = aggregates.get(key), event.properties
        if held.__class__ is _RAW:
            held = aggregates[key] = decode(held)
        row: list[Json] = [
            properties.get(path[0]) if len(path) == 1 else dig(properties, path) for path in paths
        ]
        latest = (event.occurred_us, event.id, row)
        if held is not None and held.rows and held.rows[-1][0] < event.occurred_us:
            held.rows.append(latest)
            del held.rows[:-kept]
        else:
            aggregates[key] = added_row(held, key, latest)

    return add


def _steps(key: str, spec: Spec, step: int) -> Adder:
    decode: Decode = decoder_of(key)

    def add(aggregates: Aggregates, event: Event) -> None:
        held = aggregates.get(key)
        if held.__class__ is _RAW:
            held = decode(held)
        point = (event.occurred_us, event.id)
        aggregates[key] = added_match(held, len(spec.steps), step, point)

    return add


def _number(value: Json, _event: Event) -> Point:
    return micros(value)


def _end(value: Json, event: Event) -> Point:
    return (event.id, value) if isinstance(value, _SCALARS) else None


def _hash(value: Json, _event: Event) -> Point:
    return value_hash(value) if isinstance(value, _SCALARS) else None


def _text(value: Json, _event: Event) -> Point:
    return value if isinstance(value, str) else None


_POINTS: dict[str, _PointOf] = {
    "numbers": _number, "ends": _end, "distinct": _hash, "shares": _text,
}  # fmt: skip
