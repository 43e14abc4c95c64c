"""The fold's stage for aggregates: each event into the features that ask for it.

An index by event name finds them; `where` filters were compiled with the project and are decided
here, when the event arrives (segments C11, F1). Facts only: merging two people is merging each
aggregate, and no project is needed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

import msgspec

from journeyfold.core.aggregate import Aggregate, Recent, Steps, aggregate_of, micros, value_hash
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_compile import Filter, compile_filters
from journeyfold.core.condition_typed import Expr, Spec
from journeyfold.core.condition_values import dig
from journeyfold.core.event import Event, Json
from journeyfold.core.profile import Profile
from journeyfold.profile.buckets import Point, added, added_match, added_row, merged

_SCALARS = (bool, int, float, str)


class Collector(msgspec.Struct, frozen=True):
    """One aggregate's interest in one event name. `step` is its place in a sequence."""

    key: str
    spec: Spec
    holds: Filter | None
    step: int = 0


class Aggregation:
    """All aggregates of a project. `only` limits it to some keys, for a back-fill."""

    def __init__(
        self, keys: AggregateKeys, zone: str = "UTC", only: frozenset[str] | None = None
    ) -> None:
        entries = [entry for entry in keys.entries() if only is None or entry[0] in only]
        self.collectors: dict[str, list[Collector]] = {}
        for key, spec in entries:
            if spec.kind == "steps":
                for index, step in enumerate(spec.steps):
                    self._collect(
                        step.events, Collector(key, spec, _filter(step.where, zone), index)
                    )
            else:
                self._collect(spec.events, Collector(key, spec, _filter(spec.where, zone)))

    def _collect(self, events: Iterable[str], collector: Collector) -> None:
        for name in events:
            self.collectors.setdefault(name, []).append(collector)

    @property
    def events(self) -> frozenset[str]:
        """The event names that any aggregate reads: what a back-fill must replay."""
        return frozenset(self.collectors)

    def fold(self, profile: Profile, event: Event) -> None:
        """Adds the event to every aggregate that wants it; changes the profile in place."""
        for collector in self.collectors.get(event.name, ()):
            if collector.holds is None or collector.holds(event):
                _fold_into(profile, event, collector)


def merge_aggregates(into: Profile, other: Profile) -> None:
    """The aggregates of two people as one: each the union of its events (segments F3)."""
    for key in sorted(other.aggregates):
        theirs = aggregate_of(other, key)
        assert theirs is not None, "a key is there with its aggregate"
        ours = aggregate_of(into, key)
        _keep(into, key, theirs if ours is None else merged(ours, theirs, key))


def drop_aggregates(profile: Profile, keys: frozenset[str]) -> None:
    """Forgets aggregates that no definition reads, or that a back-fill is about to rebuild."""
    for key in keys & profile.aggregates.keys():
        del profile.aggregates[key]


def _filter(where: Expr | None, zone: str) -> Filter | None:
    return compile_filters([where], zone)[0] if where is not None else None


def _fold_into(profile: Profile, event: Event, collector: Collector) -> None:
    key, spec = collector.key, collector.spec
    held = aggregate_of(profile, key)
    if spec.kind == "recent":
        row = [dig(event.properties, tuple(field.split("."))) for field in spec.fields]
        latest = added_row(cast("Recent | None", held), key, (event.occurred_us, event.id, row))
        _keep(profile, key, latest)
    elif spec.kind == "steps":
        point = (event.occurred_us, event.id)
        steps = cast("Steps | None", held)
        _keep(profile, key, added_match(steps, len(spec.steps), collector.step, point))
    elif spec.kind == "events":
        _keep(profile, key, added(held, key, event.occurred_us, None))
    else:
        kept = _POINTS[spec.kind](dig(event.properties, spec.path), event)
        if kept is not None:
            _keep(profile, key, added(held, key, event.occurred_us, kept))


def _keep(profile: Profile, key: str, held: Aggregate) -> None:
    profile.aggregates[key] = held  # type: ignore[assignment]  # decoded in place: it encodes alike


def _number(value: Json, _event: Event) -> Point:
    return micros(value)


def _end(value: Json, event: Event) -> Point:
    return (event.id, value) if isinstance(value, _SCALARS) else None


def _hash(value: Json, _event: Event) -> Point:
    return value_hash(value) if isinstance(value, _SCALARS) else None


def _text(value: Json, _event: Event) -> Point:
    return value if isinstance(value, str) else None


_POINTS: dict[str, Callable[[Json, Event], Point]] = {
    "numbers": _number, "ends": _end, "distinct": _hash, "shares": _text,
}  # fmt: skip
