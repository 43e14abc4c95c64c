"""Documents that one JSON Schema takes and another refuses (quality Q05). Pure.

A change is shown by a document that it breaks, not by a rule that it violates. Documents are made
from both schemas: their lists, the values at and beside their bounds, properties left out or put
in. What comes out is proven by both validators; nothing coming out proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import TypeAlias

import jsonschema_rs

from journeyfold.core.event import Json

Schema: TypeAlias = "bool | Mapping[str, Json]"
TRIED_MAX = 4_000
_EACH_MAX = 40  # values tried at one place
_DEPTH_MAX = 6
_LONG_MAX = 300  # texts and lists are not made longer
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_FORMATS = {
    "date-time": "2026-01-02T03:04:05Z", "date": "2026-01-02", "time": "03:04:05Z",
    "email": "ann@example.com", "uri": "https://example.com/", "ipv4": "192.0.2.1",
    "uuid": "0190163d-8694-739b-aea5-966c26f8ad91", "hostname": "example.com",
    "duration": "P1D", "ipv6": "2001:db8::1", "uri-reference": "/a", "regex": "a",
}  # fmt: skip
_TEXTS = ("a", "", "A", "AB", "abc", "ABC", "1", "12", "123", "a1", "a b", "EUR", "not-this-format")


def witnesses(
    old: Schema, new: Schema, takes: jsonschema_rs.Validator, refuses: jsonschema_rs.Validator
) -> dict[str, Json]:
    """Where in a document → a document valid by `takes` and not by `refuses`, the first there."""
    found: dict[str, Json] = {}
    for document in islice(_values(old, new, 0), TRIED_MAX):
        if takes.is_valid(document) and not refuses.is_valid(document):
            error = next(iter(refuses.iter_errors(document)))
            found.setdefault(_place(error), document)
    return found


def _place(error: jsonschema_rs.ValidationError) -> str:
    parts = [str(part) for part in error.instance_path]
    match error.kind:
        case jsonschema_rs.ValidationErrorKind.Required(property=missing):
            parts.append(str(missing))
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties(unexpected=strange):
            parts.append(str(strange[0]))
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def _values(a: Schema, b: Schema, depth: int) -> Iterator[Json]:
    """Values worth trying: they lean on both schemas and need be valid by neither."""
    mine, theirs = _keywords(a), _keywords(b)
    listed = [*_listed(mine), *_listed(theirs)]
    yield from listed
    if depth > _DEPTH_MAX:
        return
    wanted = _types(mine)
    if "object" in wanted:
        yield from _objects(mine, theirs, depth)
    if "array" in wanted:
        yield from _arrays(mine, theirs, depth)
    if "string" in wanted:
        yield from _texts(mine, theirs)
    if "integer" in wanted or "number" in wanted:
        yield from _numbers(mine, theirs)
    if "boolean" in wanted:
        yield from (True, False)
    if "null" in wanted:
        yield None
    yield from _of_parts(mine, theirs, depth)


def _of_parts(a: Mapping[str, Json], b: Mapping[str, Json], depth: int) -> Iterator[Json]:
    """What `anyOf` and the like are made of, each with what stands beside them."""
    for one, other in ((a, b), (b, a)):
        for key in ("anyOf", "oneOf", "allOf"):
            rest = {name: value for name, value in one.items() if name != key}
            for part in _list(one.get(key)):
                merged = {**rest, **_keywords(part)}
                yield from islice(_values(merged, other, depth + 1), _EACH_MAX)


def _numbers(a: Mapping[str, Json], b: Mapping[str, Json]) -> Iterator[Json]:
    yield from (1, 0, -1, 1.5)
    for schema in (a, b):
        for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
            bound = schema.get(key)
            if isinstance(bound, int | float) and not isinstance(bound, bool):
                yield from (bound, bound - 1, bound + 1, bound + 0.5, bound - 0.5)


def _texts(a: Mapping[str, Json], b: Mapping[str, Json]) -> Iterator[Json]:
    yield from (_FORMATS[str(s["format"])] for s in (a, b) if s.get("format") in _FORMATS)
    yield from _TEXTS
    for length in sorted(_lengths(a, b, "minLength", "maxLength")):
        yield "x" * length


def _arrays(a: Mapping[str, Json], b: Mapping[str, Json], depth: int) -> Iterator[Json]:
    items = list(islice(_values(_rest(a, "items"), _rest(b, "items"), depth + 1), _EACH_MAX))
    yield []
    lengths = sorted(_lengths(a, b, "minItems", "maxItems") | {1})
    for item in items:
        for length in lengths:
            yield [item] * length
    yield items[:2]
    first = [_first(part, depth + 1) for part in _list(a.get("prefixItems"))]
    for at, part in enumerate(_list(a.get("prefixItems"))):
        other = _list(b.get("prefixItems"))
        against = other[at] if at < len(other) else _rest(b, "items")
        for value in islice(_values(part, against, depth + 1), _EACH_MAX):
            yield [*first[:at], value, *first[at + 1 :]]


def _objects(a: Mapping[str, Json], b: Mapping[str, Json], depth: int) -> Iterator[Json]:
    mine, theirs = _members(a.get("properties")), _members(b.get("properties"))
    others, theirs_others = _rest(a, "additionalProperties"), _rest(b, "additionalProperties")
    needed = [name for name in _names(a.get("required")) if name != ""]
    base = {name: _first(mine.get(name, others), depth + 1) for name in needed}
    full = {name: _first(each, depth + 1) for name, each in mine.items()} | base
    for start in (base, full):  # the smallest documents first: they are shown
        yield dict(start)
        for name in chain(mine, (each for each in theirs if each not in mine), ("other",)):
            one, other = mine.get(name, others), theirs.get(name, theirs_others)
            for value in islice(_values(one, other, depth + 1), _EACH_MAX):
                yield {**start, name: value}
    for name in mine:
        if name not in needed:
            yield {key: value for key, value in full.items() if key != name}


def _first(schema: Schema, depth: int) -> Json:
    """A value that the schema takes, as far as a few tries go."""
    try:
        validator = jsonschema_rs.validator_for(
            schema if isinstance(schema, bool) else dict(schema)
        )
    except (ValueError, jsonschema_rs.ReferencingError, jsonschema_rs.ValidationError):
        return None
    tried = islice(_values(schema, True, depth), 400)
    return next((value for value in tried if validator.is_valid(value)), None)


def _lengths(a: Mapping[str, Json], b: Mapping[str, Json], *keys: str) -> set[int]:
    found = set()
    for schema in (a, b):
        for key in keys:
            bound = schema.get(key)
            if isinstance(bound, int) and not isinstance(bound, bool):
                found |= {bound - 1, bound, bound + 1}
    return {length for length in found if 0 <= length <= _LONG_MAX}


def _listed(schema: Mapping[str, Json]) -> list[Json]:
    values = schema.get("enum")
    listed = list(values) if isinstance(values, list) else []
    return [*listed, schema["const"]] if "const" in schema else listed


def _types(schema: Mapping[str, Json]) -> tuple[str, ...]:
    said = schema.get("type")
    if isinstance(said, str):
        return (said,)
    return tuple(_names(said)) or _TYPES


def _keywords(schema: Schema) -> Mapping[str, Json]:
    return {} if isinstance(schema, bool) else schema


def _rest(schema: Mapping[str, Json], key: str) -> Schema:
    value = schema.get(key, True)
    return value if isinstance(value, bool | dict) else True


def _list(value: Json) -> list[Schema]:
    if not isinstance(value, list):
        return []
    return [each for each in value if isinstance(each, bool | dict)]


def _members(value: Json) -> dict[str, Schema]:
    if not isinstance(value, dict):
        return {}
    return {name: each for name, each in value.items() if isinstance(each, bool | dict)}


def _names(value: Json) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
