"""The fold's stage for aggregates: each event into the features that ask for it.

An index by event name finds them; `where` filters were compiled with the project and are decided
here, when the event arrives (segments C11, F1). Facts only: merging two people is merging each
aggregate, and no project is needed for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.core.aggregate import Aggregate, aggregate_of
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_compile import Filter, compile_filters
from journeyfold.core.condition_typed import Expr
from journeyfold.core.event import Event
from journeyfold.core.profile import Profile
from journeyfold.profile.adders import Adder, Aggregates, adder_of
from journeyfold.profile.buckets import merged


class Aggregation:
    """All aggregates of a project. `only` limits it to some keys, for a back-fill."""

    def __init__(
        self, keys: AggregateKeys, zone: str = "UTC", only: frozenset[str] | None = None
    ) -> None:
        entries = [entry for entry in keys.entries() if only is None or entry[0] in only]
        self._adders: dict[str, list[Adder]] = {}
        for key, spec in entries:
            if spec.kind == "steps":
                for index, step in enumerate(spec.steps):
                    adder = adder_of(key, spec, index)
                    self._collect(step.events, adder, _filter(step.where, zone))
            else:
                self._collect(spec.events, adder_of(key, spec), _filter(spec.where, zone))

    def _collect(self, events: Iterable[str], adder: Adder, holds: Filter | None) -> None:
        chosen = adder if holds is None else _filtered(adder, holds)
        for name in events:
            self._adders.setdefault(name, []).append(chosen)

    @property
    def events(self) -> frozenset[str]:
        """The event names that any aggregate reads: what a back-fill must replay."""
        return frozenset(self._adders)

    def fold(self, profile: Profile, event: Event) -> None:
        """Adds the event to every aggregate that wants it; changes the profile in place."""
        adders = self._adders.get(event.name)
        if adders:
            aggregates: Aggregates = profile.aggregates
            for add in adders:
                add(aggregates, event)


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


def _filtered(adder: Adder, holds: Filter) -> Adder:
    def add(aggregates: Aggregates, event: Event) -> None:
        if holds(event):
            adder(aggregates, event)

    return add


def _keep(profile: Profile, key: str, held: Aggregate) -> None:
    profile.aggregates[key] = held  # type: ignore[assignment]  # decoded in place: it encodes alike
