"""Who says they were born twice: facts that contradict each other inside one person (identity X4).

Of people with several accounts and contacts, a sample is looked at in the log: the latest value that
the records of each identifier say. A value that only changed with time, said by one identifier, is
no contradiction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from heapq import nsmallest

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.ports import EventLog
from journeyfold.identity.resolve import Resolver

LOOKED_AT = 1_000  # people
RECORDS = 300  # of each, the newest
FACTS: Mapping[str, tuple[str, ...]] = {
    "birth date": ("birth_date", "birthdate", "birthday", "birthDate", "date_of_birth", "dob"),
    "sex": ("sex", "gender"),
    "country": ("country",),
}


class Disagreement(msgspec.Struct, frozen=True):
    person: str
    fact: str
    values: int


class Disagreements(msgspec.Struct, frozen=True):
    """`people` could disagree, `looked_at` of them were looked at."""

    people: int
    looked_at: int
    found: tuple[Disagreement, ...]


def disagreements(
    people: Mapping[str, Iterable[bytes]], log: EventLog, resolver: Resolver
) -> Disagreements:
    """`people` with the nodes of each."""
    chosen = nsmallest(LOOKED_AT, people, key=_lot)
    found = [each for person in chosen for each in _of(person, set(people[person]), log, resolver)]
    return Disagreements(len(people), len(chosen), tuple(found))


def _of(
    person: str, nodes: set[bytes], log: EventLog, resolver: Resolver
) -> Iterator[Disagreement]:
    head, _ = log.head()
    said: dict[tuple[str, bytes], str] = {}  # fact, owner → the newest value
    for record in log.history(
        resolver.indexed(sorted(nodes)), upto=head, before=head + 1, limit=RECORDS
    ):
        if record.kind != "event" or not record.event.traits:
            continue
        owner = resolver.owner_of(record.event, record.offset)
        if owner not in nodes or owner is None:
            continue
        for fact, value in _stated(record.event.traits):
            said.setdefault((fact, owner), value)
    for fact in FACTS:
        values = {value for (name, _), value in said.items() if name == fact}
        if len(values) > 1:
            yield Disagreement(person, fact, len(values))


def _stated(traits: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for fact, names in FACTS.items():
        for name in names:
            value = traits.get(name)
            if isinstance(value, str) and value.strip():
                yield fact, value.strip().casefold()


def _lot(person: str) -> bytes:
    return blake2b(person.encode(), digest_size=8).digest()
