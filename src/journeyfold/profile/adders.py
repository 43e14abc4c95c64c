"""Adding an event to all aggregates that want it: one function an event name, made for a project.

Events nearly always arrive in the order in which they happened, so a window grows at its end. That
path is written out for each aggregate, one after the other; everything else goes through `buckets`,
with the same bytes as a result. The source is ours alone: keys, paths and filters stand in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, cast

import msgspec

from journeyfold.core.aggregate import (
    POINTS_MAX,
    Days,
    Events,
    decoder_of,
    micros,
    span_of,
    value_hash,
)
from journeyfold.core.condition_compile import Filter, load_source
from journeyfold.core.condition_typed import Spec
from journeyfold.core.condition_values import dig
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import DAY_US
from journeyfold.profile.buckets import added, added_match, added_row, prune

Aggregates: TypeAlias = dict[str, Any]
"""Of a profile, by key: `msgspec.Raw` until first touched, then the decoded aggregate.

What stands under a key has the type that the key names; a cast a point would cost as much as the
point, so this module alone leaves the type out.
"""

Adder: TypeAlias = Callable[[Aggregates, Event], None]


class Wanted(msgspec.Struct, frozen=True):
    """An aggregate that takes an event: `step` is the event's place in a sequence."""

    key: str
    spec: Spec
    holds: Filter | None = None
    step: int = 0


def adder_of(several: Iterable[Wanted]) -> Adder:
    """The function that adds an event of one name to all of these."""
    writer = _Writer()
    for wanted in several:
        writer.take(wanted)
    head = ["def add(A, E):", " P = E.properties; at = E.occurred_us; day = at // DAY"]
    return cast("Adder", load_source([*head, *writer.lines], writer.table)["add"])


class _Writer:
    """Lines of the function. `h` is what stands under the key at hand, `p` the point to add."""

    def __init__(self) -> None:
        self.table: dict[str, object] = dict(_TABLE)
        self.lines: list[str] = []
        self.depth = 1

    def take(self, wanted: Wanted) -> None:
        self.depth = 1
        if wanted.holds is not None:
            self.line(f"if {self.constant(wanted.holds)}(E):")
            self.depth = 2
        spec, key = wanted.spec, wanted.key
        if spec.kind == "recent":
            self.line(f"{self.constant(_recent(key, spec))}(A, E)")
        elif spec.kind == "steps":
            self.line(f"{self.constant(_steps(key, spec, wanted.step))}(A, E)")
        elif spec.kind == "events":
            self.events(key)
        else:
            self.points(key, spec)

    def events(self, key: str) -> None:
        name = self.held(key)
        if span_of(key):
            self.window(name, key, valued=False)
            return
        self.line(f"if h is None: A[{name}] = Events(1, at, at)")
        self.line("else:")
        self.line(" h.n += 1")
        self.line(" if at > h.last_us: h.last_us = at")
        self.line(" elif at < h.first_us: h.first_us = at")

    def points(self, key: str, spec: Spec) -> None:
        path = tuple(spec.path)
        read = f"P.get({self.constant(path[0])})" if len(path) == 1 else ""
        self.line(f"p = {read or f'dig(P, {self.constant(path)})'}")
        for line in _POINTS[spec.kind]:
            self.line(line)
        self.line("if p is not None:")
        self.depth += 1
        name = self.held(key)
        if span_of(key):
            self.window(name, key, valued=True)
        else:
            self.line(f"A[{name}] = added(h, {name}, at, p)")
        self.depth -= 1

    def window(self, name: str, key: str, *, valued: bool) -> None:
        """Grown at its end by a later point, if it has no tiles and the day stays exact."""
        kept = span_of(key)
        self.line(f"if h is None: A[{name}] = Days([at], [{'p' if valued else ''}], [], [])")
        self.line("else:")
        self.line(" t = h.at")
        self.line(" if t and t[-1] < at and not h.hour and (len(t) < MAX or t[-MAX] // DAY < day):")
        self.line("  t.append(at)")
        if valued:
            self.line("  h.value.append(p)")
        self.line(f"  if t[0] < (day - {kept + 1}) * DAY: prune(h, {kept})")
        self.line(f" else: A[{name}] = added(h, {name}, at, {'p' if valued else 'None'})")

    def held(self, key: str) -> str:
        name = self.constant(key)
        self.line(f"h = A.get({name})")
        self.line(f"if h.__class__ is Raw: h = A[{name}] = {self.constant(decoder_of(key))}(h)")
        return name

    def line(self, text: str) -> None:
        self.lines.append(" " * self.depth + text)

    def constant(self, value: object) -> str:
        name = f"K{len(self.table)}"
        self.table[name] = value
        return name


_SCALARS = (bool, int, float, str)
_TABLE: dict[str, object] = {
    "Raw": msgspec.Raw, "Events": Events, "Days": Days, "DAY": DAY_US, "MAX": POINTS_MAX,
    "added": added, "prune": prune, "dig": dig, "micros": micros, "value_hash": value_hash,
    "isinstance": isinstance, "scalars": _SCALARS, "str": str, "len": len,
}  # fmt: skip
_POINTS = {
    "numbers": ["p = micros(p)"],
    "ends": ["p = (E.id, p) if isinstance(p, scalars) else None"],
    "distinct": ["p = value_hash(p) if isinstance(p, scalars) else None"],
    "shares": ["if p.__class__ is not str and not isinstance(p, str): p = None"],
}
"""From a property to its point; None where it has none."""


def _recent(key: str, spec: Spec) -> Adder:
    decode: Callable[[Any], Any] = decoder_of(key)
    kept = span_of(key)
    paths = [tuple(field.split(".")) for field in spec.fields]

    def add(aggregates: Aggregates, event: Event) -> None:
        held, properties = aggregates.get(key), event.properties
        if held.__class__ is msgspec.Raw:
            held = aggregates[key] = decode(held)
        row: list[Json] = [
            properties.get(path[0]) if len(path) == 1 else dig(properties, path) for path in paths
        ]
        latest = (event.occurred_us, event.id, row)
        if held is not None and held.rows and held.rows[-1][0] < event.occurred_us:
            held.rows.append(latest)
            if len(held.rows) > kept:
                del held.rows[:-kept]
        else:
            aggregates[key] = added_row(held, key, latest)

    return add


def _steps(key: str, spec: Spec, step: int) -> Adder:
    decode: Callable[[Any], Any] = decoder_of(key)

    def add(aggregates: Aggregates, event: Event) -> None:
        held = aggregates.get(key)
        if held.__class__ is msgspec.Raw:
            held = decode(held)
        point = (event.occurred_us, event.id)
        aggregates[key] = added_match(held, len(spec.steps), step, point)

    return add
