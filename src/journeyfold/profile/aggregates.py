"""The fold's stage for aggregates: each event into the features that ask for it.

An index by event name finds them; `where` filters were compiled with the project and are decided
here, when the event arrives (segments C11, F1). Facts only: merging two people is merging each
aggregate, and no project is needed for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from journeyfold.core.aggregate import Aggregate, aggregate_of
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_compile import Filter, compile_filters
from journeyfold.core.condition_typed import Expr, Spec
from journeyfold.core.event import Event
from journeyfold.core.profile import Profile
from journeyfold.profile.adders import Wanted, adder_of
from journeyfold.profile.buckets import merged


class Aggregation:
    """All aggregates of a project. `only` limits it to some keys, for a back-fill."""

    def __init__(
        self, keys: AggregateKeys, zone: str = "UTC", only: frozenset[str] | None = None
    ) -> None:
        wanted: dict[str, list[Wanted]] = {}
        for key, spec in keys.entries():
            if only is None or key in only:
                for name, one in _wanted(key, spec, zone):
                    wanted.setdefault(name, []).append(one)
        self._adders = {name: adder_of(several) for name, several in wanted.items()}

    @property
    def events(self) -> frozenset[str]:
        """The event names that any aggregate reads: what a back-fill must replay."""
        return frozenset(self._adders)

    def fold(self, profile: Profile, event: Event) -> None:
        """Adds the event to every aggregate that wants it; changes the profile in place."""
        add = self._adders.get(event.name)
        if add is not None:
            add(profile.aggregates, event)


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


def _wanted(key: str, spec: Spec, zone: str) -> Iterator[tuple[str, Wanted]]:
    """The event names an aggregate asks for, with what it does to them."""
    if spec.kind == "steps":
        for index, step in enumerate(spec.steps):
            one = Wanted(key, spec, _filter(step.where, zone), index)
            yield from ((name, one) for name in step.events)
    else:
        one = Wanted(key, spec, _filter(spec.where, zone))
        yield from ((name, one) for name in spec.events)


def _filter(where: Expr | None, zone: str) -> Filter | None:
    return compile_filters([where], zone)[0] if where is not None else None


def _keep(profile: Profile, key: str, held: Aggregate) -> None:
    profile.aggregates[key] = held  # type: ignore[assignment]  # decoded in place: it encodes alike
