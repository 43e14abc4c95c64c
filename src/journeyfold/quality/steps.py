"""The cleaning that a source declares, applied to its events on their way into the fold (Q18). Pure.

A record keeps what was sent; the fold sees what these steps make of it, so that a corrected step
repairs history when facts are built again. A source without steps costs one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

import msgspec

from journeyfold.core.event import Event, Json
from journeyfold.quality.cleaner import OnFailed, State
from journeyfold.quality.cleaners import Chain
from journeyfold.quality.cleaners.country import Country

ROOTS = ("traits", "properties")
REMEMBERED = 20_000  # texts a field, with what became of them
TEXT_MAX = 200  # characters of a text that is remembered
_COUNTRY = Country()


class Counted(NamedTuple):
    """What is counted: a value that was seen (no cleaner), or what one cleaner did to it."""

    source: str
    field: str
    cleaner: str
    state: State


class Outcome(NamedTuple):
    """`counted` is what there is to tell of one value."""

    value: Json
    state: State
    detail: str
    cleaner: str
    on_failed: OnFailed
    counted: tuple[Counted, ...]


Note = Callable[[Json, Outcome], None]
"""Told of every value that was cleaned: what was sent, and what came of it."""


def unnoted(_sent: Json, _outcome: Outcome) -> None:
    """For who reads a record again."""


class Field:
    """The cleaners of one field. What became of a text is remembered: most come again."""

    def __init__(self, source: str, path: str, chain: Chain) -> None:
        self.path, self.chain = path, chain
        self.root, *rest = path.split(".")
        self.inner = tuple(rest)
        self._seen = Counted(source, path, "", "ok")
        self._source = source
        self._beside = tuple(_beside(chain).split(".")) if _beside(chain) else ()
        self._abroad: dict[str, Field] = {}
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._clean)

    def clean(self, value: Json) -> Outcome:
        if type(value) is str and len(value) <= TEXT_MAX:
            return self._remembered(value)
        return self._clean(value)

    def within(self, event: Event) -> Field:
        """As this record's values are read: by its own country, where a step asks for it."""
        if not self._beside:
            return self
        root, *names = self._beside
        said: Json = event.traits if root == "traits" else event.properties
        for name in names:
            said = said.get(name) if isinstance(said, dict) else None
        code = _COUNTRY.clean(said).value
        if not isinstance(code, str):
            return self
        if code not in self._abroad:
            there = Chain(tuple(step.in_country(code) for step in self.chain.steps))
            self._abroad[code] = Field(self._source, self.path, there)
        return self._abroad[code]

    def _clean(self, value: Json) -> Outcome:
        counted, state, name = [self._seen], "ok", ""
        for step in self.chain.steps:
            found = step.clean(value)
            if found.state != "ok":
                name, state = step.name, found.state
                counted.append(Counted(self._source, self.path, name, state))
            if found.state == "failed":
                on_failed = step.on_failed or step.fails_to
                return Outcome(found.value, "failed", found.detail, name, on_failed, tuple(counted))
            value = found.value
        return Outcome(
            value, "changed" if state != "ok" else "ok", "", name, "keep", tuple(counted)
        )


class Change(NamedTuple):
    """One value that was sent, and what the fold made of it."""

    field: str
    sent: Json
    outcome: Outcome


class Steps:
    """Everything one source declares. Events are not changed: what differs is made anew."""

    def __init__(self, source: str, chains: Mapping[str, Chain]) -> None:
        fields = [Field(source, path, chain) for path, chain in sorted(chains.items())]
        self.fields = {field.path: field for field in fields}
        self._traits = [field for field in fields if field.root == "traits"]
        self._properties = [field for field in fields if field.root == "properties"]

    def cleaned(self, event: Event, note: Note = unnoted) -> Event:
        traits = _cleaned(event, event.traits, self._traits, note)
        properties = _cleaned(event, event.properties, self._properties, note)
        if traits is event.traits and properties is event.properties:
            return event
        return msgspec.structs.replace(event, traits=traits, properties=properties)

    def touches(self, root: str, name: str) -> bool:
        return any(each.root == root and each.inner[0] == name for each in self.fields.values())

    def changes(self, event: Event) -> list[Change]:
        """Every value that is not folded as it was sent, for who explains it."""
        told: list[Change] = []
        for field in self.fields.values():
            values = event.traits if field.root == "traits" else event.properties
            reader = field.within(event)

            def tell(value: Json, field: Field = reader) -> Json:
                outcome = field.clean(value)
                if outcome.state != "ok":
                    told.append(Change(field.path, value, outcome))
                return value

            _at(values, field.inner, tell)
        return told


def _beside(chain: Chain) -> str:
    return next((step.beside for step in chain.steps if step.beside), "")


def _cleaned(
    event: Event, values: dict[str, Json], fields: list[Field], note: Note
) -> dict[str, Json]:
    for field in fields:
        if field.inner[0] not in values:
            continue
        reader = field.within(event)

        def clean(value: Json, field: Field = reader) -> Json:
            outcome = field.clean(value)
            note(value, outcome)
            return value if outcome.state == "ok" else outcome.value

        found = _at(values, field.inner, clean)
        assert isinstance(found, dict), "a part of it is another, and it is still a map"
        values = found
    return values


def _at(value: Json, path: tuple[str, ...], clean: Callable[[Json], Json]) -> Json:
    """The value with what stands at `path` cleaned; of a list, each item. Itself if nothing is."""
    if type(value) is list:
        items = [_at(item, path, clean) for item in value]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else items
    if not path:
        return value if value is None else clean(value)
    if type(value) is not dict or path[0] not in value:
        return value
    inner = _at(value[path[0]], path[1:], clean)
    return value if inner is value[path[0]] else {**value, path[0]: inner}
