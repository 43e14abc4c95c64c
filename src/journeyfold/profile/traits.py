"""What is known of a person by name: a register per trait, joined by the trait's policy (M6).

Every policy is a reduction of a *set* of sightings, so folding in any order, merging two people and
refolding a part give the same registers. A null never wins; only an explicit unset (the trait's name
in `context.unset`) takes a value away, and a later value brings one back. `first`, `min` and `max`
look over all time, so an unset does not reach them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from journeyfold.core.event import Event, Json
from journeyfold.core.profile import Profile, Trait

Policy = Literal["last", "first", "min", "max", "union", "source_priority"]
UNION_MAX = 500  # elements of a union; those seen last stay


class TraitPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`traits: {email: {policy: source_priority, sources: [crm, shop]}}` in features.yaml."""

    policy: Policy = "last"
    sources: tuple[str, ...] = ()  # best first; others come after all of them

    def __post_init__(self) -> None:
        if (self.policy == "source_priority") != bool(self.sources):
            raise ValueError("`sources` goes with policy: source_priority, and only with it")
        if len(set(self.sources)) < len(self.sources):
            raise ValueError("sources: a source stands twice")


Policies = Mapping[str, TraitPolicy]
Stored = Trait | list[Trait]
LAST = TraitPolicy()


def fold_traits(profile: Profile, event: Event, owner_hex: str, policies: Policies) -> None:
    """Join the event's traits into the registers."""
    unset = event.context.get("unset")
    if not event.traits and not unset:
        return
    for name, value in event.traits.items():
        if value is not None:
            _join(profile.traits, name, _trait(value, event, owner_hex), policies)
    if isinstance(unset, list):
        for gone in unset:
            if isinstance(gone, str):
                _join(profile.traits, gone, _trait(None, event, owner_hex), policies)


def merge_traits(
    a: Mapping[str, Stored], b: Mapping[str, Stored], policies: Policies
) -> dict[str, Stored]:
    """The registers of two people who are one: equal to folding all their events."""
    merged = dict(a)
    for name, stored in b.items():
        found = reduced([*_listed(merged.get(name)), *_listed(stored)], policies.get(name, LAST))
        if found is not None:
            merged[name] = found
    return merged


def value_of(stored: Stored | None, policy: TraitPolicy = LAST) -> Json:
    """The plain value a condition sees; None when there is none. A union is a sorted list."""
    if isinstance(stored, Trait):
        return stored.value
    if policy.policy == "union":
        return [trait.value for trait in _listed(stored) if trait.value is not None] or None
    winner = winner_of(stored, policy)
    return winner.value if winner else None


def plain_traits(profile: Profile, policies: Policies) -> dict[str, Json]:
    """Trait → plain value, those without one left out."""
    plain = {
        name: stored.value if type(stored) is Trait else value_of(stored, policies.get(name, LAST))
        for name, stored in profile.traits.items()
    }
    return {name: value for name, value in plain.items() if value is not None}


class HeldTrait(msgspec.Struct, frozen=True):
    """The value that holds, the sighting it comes from, and how many others it prevailed over.

    `sent` is what the record says where cleaning made another value of it; a reader adds it.
    """

    value: Json
    seen: Trait
    others: int = 0
    sent: Json = None
    cleaned_by: tuple[str, ...] = ()


def held_traits(profile: Profile, policies: Policies) -> dict[str, HeldTrait]:
    """Trait → what a condition reads, with its provenance (M6); those without a value left out.

    A union has the provenance of its newest element.
    """
    held: dict[str, HeldTrait] = {}
    for name, stored in sorted(profile.traits.items()):
        policy = policies.get(name, LAST)
        value = value_of(stored, policy)
        valued = [trait for trait in _listed(stored) if trait.value is not None]
        if value is None or not valued:
            continue
        winner = winner_of(stored, policy)
        if winner is None:
            held[name] = HeldTrait(value, max(valued, key=_order))
        else:
            held[name] = HeldTrait(value, winner, len(valued) - 1)
    return held


def winner_of(stored: Stored | None, policy: TraitPolicy = LAST) -> Trait | None:
    """The sighting whose value holds, with its provenance; None for a union or without one."""
    if isinstance(stored, Trait):
        return stored if stored.value is not None else None
    valued = [trait for trait in _listed(stored) if trait.value is not None]
    if not valued or policy.policy == "union":
        return None
    best = min(_place(trait, policy) for trait in valued)
    return max((trait for trait in valued if _place(trait, policy) == best), key=_order)


def reduced(sightings: list[Trait], policy: TraitPolicy) -> Stored | None:
    """What a set of sightings leaves under a policy; the same for any order and repetition."""
    if not sightings:
        return None
    match policy.policy:
        case "last":
            return max(sightings, key=_order)
        case "union":
            return _united(sightings)
        case "source_priority":
            latest: dict[str, Trait] = {}
            for trait in sorted(sightings, key=_order):
                latest[trait.source] = trait
            return [latest[source] for source in sorted(latest)]
    valued = [trait for trait in sightings if trait.value is not None]
    if not valued:
        return None
    match policy.policy:
        case "first":
            return min(valued, key=_order)
        case "min":
            return min(valued, key=lambda trait: (_rank(trait.value), _order(trait)))
        case "max":
            top = max(_rank(trait.value) for trait in valued)
            return min((one for one in valued if _rank(one.value) == top), key=_order)


def _join(traits: dict[str, Stored], name: str, trait: Trait, policies: Policies) -> None:
    stored = traits.get(name)
    policy = policies.get(name, LAST)
    if policy.policy == "last" and (stored is None or type(stored) is Trait):
        if stored is None or _order(trait) > _order(stored):
            traits[name] = trait
        return
    found = reduced([*_listed(stored), trait], policy)
    if found is not None:
        traits[name] = found


def _trait(value: Json, event: Event, owner_hex: str) -> Trait:
    return Trait(value, event.occurred_us, event.source, event.id, owner_hex)


def _order(trait: Trait) -> tuple[int, str, str]:
    """Later wins; then the event's id, unique per source (identity M6)."""
    return (trait.occurred_us, trait.event, trait.source)


def _place(trait: Trait, policy: TraitPolicy) -> int:
    """Position of its source; those not listed come after all that are."""
    known = policy.sources
    return known.index(trait.source) if trait.source in known else len(known)


def _united(sightings: Iterable[Trait]) -> list[Trait]:
    """The last sighting of each element, newer than the last unset; in order of element."""
    unset: Trait | None = None
    latest: dict[bytes, Trait] = {}
    for trait in sorted(sightings, key=_order):
        if trait.value is None:
            unset = trait
            continue
        for element in trait.value if isinstance(trait.value, list) else [trait.value]:
            if element is not None:
                latest[_canonical(element)] = msgspec.structs.replace(trait, value=element)
    alive = [
        (key, trait)
        for key, trait in latest.items()
        if unset is None or _order(trait) > _order(unset)
    ]
    if len(alive) > UNION_MAX:
        alive = sorted(alive, key=lambda one: (_order(one[1]), one[0]))[-UNION_MAX:]
    kept = [trait for _, trait in sorted(alive, key=lambda one: one[0])]
    return [unset, *kept] if unset is not None else kept


def _rank(value: Json) -> tuple[int, float | bytes]:
    """A total order over JSON: numbers, then text by code point, then the rest."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (0, value)
    if isinstance(value, str):
        return (1, value.encode())
    return (2, _canonical(value))


_CANONICAL = msgspec.json.Encoder(order="deterministic").encode


def _canonical(value: Json) -> bytes:
    return _CANONICAL(value)


def _listed(stored: Stored | None) -> list[Trait]:
    if stored is None:
        return []
    return stored if isinstance(stored, list) else [stored]
