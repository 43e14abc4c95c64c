"""What recorded events look like, as a proposal of a schema (quality Q09). Pure.

A field is required at 99.5 % presence, an enumeration with at most 20 values in at least 1,000
samples, and of a format that 99 % of its texts have. A proposal is a file to review: it is never
in force by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from journeyfold.core.event import Event, Json
from journeyfold.core.instant import instant_us

REQUIRED_SHARE, FORMAT_SHARE = 0.995, 0.99
ENUM_MAX, ENUM_SAMPLES = 20, 1_000
FIELDS_MAX, DEPTH_MAX = 500, 8
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+")
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_URI = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text)) and instant_us(f"{text}T00:00:00Z") is not None


_FORMATS = (
    ("date-time", lambda text: "T" in text and instant_us(text) is not None),
    ("date", _is_date),
    ("email", lambda text: bool(_EMAIL.fullmatch(text))),
    ("uuid", lambda text: bool(_UUID.fullmatch(text))),
    ("uri", lambda text: bool(_URI.fullmatch(text))),
)


@dataclass(slots=True)
class _Seen:
    """One place in the documents of an event."""

    times: int = 0
    types: dict[str, int] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)  # while there are few of them
    is_many: bool = False
    formats: dict[str, int] = field(default_factory=dict)
    members: dict[str, _Seen] = field(default_factory=dict)
    items: _Seen | None = None

    def take(self, value: Json, depth: int) -> None:
        self.times += 1
        kind = _type_of(value)
        self.types[kind] = self.types.get(kind, 0) + 1
        if isinstance(value, str):
            self._text(value)
        elif isinstance(value, dict) and depth < DEPTH_MAX:
            for key, each in value.items():
                if key in self.members or len(self.members) < FIELDS_MAX:
                    self.members.setdefault(key, _Seen()).take(each, depth + 1)
        elif isinstance(value, list) and depth < DEPTH_MAX:
            self.items = self.items or _Seen()
            for each in value[:50]:
                self.items.take(each, depth + 1)

    def _text(self, text: str) -> None:
        if not self.is_many:
            self.texts[text] = self.texts.get(text, 0) + 1
            if len(self.texts) > ENUM_MAX:
                self.is_many, self.texts = True, {}
        for name, holds in _FORMATS:
            if holds(text):
                self.formats[name] = self.formats.get(name, 0) + 1

    def schema(self) -> dict[str, Json]:
        types = sorted(self.types)
        if "integer" in types and "number" in types:
            types.remove("integer")
        found: dict[str, Json] = {"type": types[0] if len(types) == 1 else list[Json](types)}
        strings = self.types.get("string", 0)
        if strings and types == ["string"]:
            found |= self._of_texts(strings)
        if self.members:
            found |= self._of_members()
        if self.items is not None and self.items.times:
            found["items"] = self.items.schema()
        return found

    def _of_texts(self, strings: int) -> dict[str, Json]:
        for name, _ in _FORMATS:
            if self.formats.get(name, 0) >= FORMAT_SHARE * strings:
                return {"format": name}
        if not self.is_many and strings >= ENUM_SAMPLES:
            return {"enum": list[Json](sorted(self.texts))}
        return {}

    def _of_members(self) -> dict[str, Json]:
        objects = self.types.get("object", 0)
        needed = [k for k, each in self.members.items() if each.times >= REQUIRED_SHARE * objects]
        found: dict[str, Json] = {
            "properties": {key: each.schema() for key, each in sorted(self.members.items())}
        }
        if needed:
            found["required"] = list[Json](sorted(needed))
        return found


class Proposal(msgspec.Struct, frozen=True):
    """A schema as it would be written, from this many events."""

    type: str
    name: str
    events: int
    document: dict[str, Json]


class Inferring:
    """Takes events one by one; memory grows with fields, not with events."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Seen] = {}

    def take(self, event: Event) -> None:
        described = event.traits if event.type == "identify" else event.properties
        self._seen.setdefault((event.type, event.name), _Seen()).take(described, 0)

    def proposals(self) -> Iterator[Proposal]:
        """By name; an event without any field is left out."""
        for (type_, name), seen in sorted(self._seen.items()):
            if seen.members:
                document = _document(type_, name, seen)
                yield Proposal(type_, name, seen.times, document)


def _document(type_: str, name: str, seen: _Seen) -> dict[str, Json]:
    header: dict[str, Json] = {"type": type_, "owner": "", "purposes": []}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        "description": f"Proposed from {seen.times} events; review it before it is in force.",
        "x-journeyfold": header,
        **seen.schema(),
    }


def slug_of(name: str) -> str:
    """`Order Completed` → `order_completed`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "event"


def _type_of(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def text_of(document: Mapping[str, Json]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
