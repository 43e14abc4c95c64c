"""Is every document of one JSON Schema a document of another? (quality Q05). Pure.

The answer is a list of findings. None: yes. One that is certain: no, there is a document of the
first that the second refuses. Only uncertain ones: it cannot be decided, and nobody should be told
that it can. Sound over draft 2020-12 without references: what is not understood is uncertain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import jsonschema_rs
import msgspec

from journeyfold.core.event import Json

Schema: TypeAlias = "bool | Mapping[str, Json]"
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_OPAQUE = (
    "not", "if", "then", "else", "patternProperties", "propertyNames", "contains", "minContains",
    "maxContains", "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties",
    "unevaluatedItems", "$ref", "$dynamicRef", "multipleOf",
)  # fmt: skip
_BOUNDS = (
    ("minLength", 1), ("maxLength", -1), ("minItems", 1), ("maxItems", -1), ("minProperties", 1),
    ("maxProperties", -1),
)  # fmt: skip
_TYPE_OF_BOUND = {
    "minLength": "string", "maxLength": "string", "minItems": "array", "maxItems": "array",
    "minProperties": "object", "maxProperties": "object",
}  # fmt: skip


class Finding(msgspec.Struct, frozen=True):
    """`pointer` leads to the value in a document."""

    pointer: str
    why: str
    is_certain: bool


def findings(old: Schema, new: Schema, pointer: str = "") -> list[Finding]:
    """Why a document of `old` need not be one of `new`; empty when every one is."""
    return list(_contained(old, new, pointer))


def _contained(a: Schema, b: Schema, at: str) -> Iterator[Finding]:
    if a is False or b is True or b in ({}, a):
        return
    if isinstance(b, bool):
        yield Finding(at, "is not allowed any more", is_certain=_has_documents(a))
        return
    if isinstance(a, Mapping) and ("enum" in a or "const" in a):
        yield from _each_value(a, b, at)
        return
    whole: Mapping[str, Json] = {} if isinstance(a, bool) else a
    split = _split(whole, b, at)
    if split is not None:
        yield from split
        return
    yield from _opaque(whole, b, at)
    yield from _types(whole, b, at)
    kept = _types_of(whole) & _types_of(b)
    if "enum" in b or "const" in b:
        yield Finding(at, "only listed values are allowed", is_certain=True)
        return
    yield from _bounds(whole, b, at, kept)
    if kept & {"integer", "number"}:
        yield from _numbers(whole, b, at)
    if "string" in kept:
        yield from _strings(whole, b, at)
    if "array" in kept:
        yield from _arrays(whole, b, at)
    if "object" in kept:
        yield from _objects(whole, b, at)


def _split(a: Mapping[str, Json], b: Mapping[str, Json], at: str) -> Iterator[Finding] | None:
    """Schemas made of others: each way of the first must fit, all of the second must hold."""
    for key in ("anyOf", "oneOf"):
        if key in a:
            rest = {name: value for name, value in a.items() if name != key}
            certain = key == "anyOf" and not rest
            return _ways(_list(a[key]), rest, b, at, certain=certain)
    if "allOf" in b:
        parts = [*_list(b["allOf"]), {key: value for key, value in b.items() if key != "allOf"}]
        return (each for part in parts for each in _contained(a, part, at))
    if "allOf" in a:
        return _any_part(a, b, at)
    for key in ("anyOf", "oneOf"):
        if key in b:
            return _into_one(a, key, b, at)
    return None


def _ways(
    ways: list[Schema], rest: Mapping[str, Json], b: Schema, at: str, *, certain: bool
) -> Iterator[Finding]:
    if rest and not findings(rest, b, at):
        return
    for way in ways:
        for found in _contained(way, b, at):
            yield found if certain else _unsure(found)


def _any_part(a: Mapping[str, Json], b: Schema, at: str) -> Iterator[Finding]:
    """A document obeys every part, so one part that fits is enough."""
    parts = [*_list(a["allOf"]), {key: value for key, value in a.items() if key != "allOf"}]
    tried = [findings(part, b, at) for part in parts]
    if all(tried):
        yield from map(_unsure, _fewest(tried))


def _into_one(a: Schema, key: str, b: Mapping[str, Json], at: str) -> Iterator[Finding]:
    rest = {name: value for name, value in b.items() if name != key}
    yield from _contained(a, rest, at)
    tried = [findings(a, way, at) for way in _list(b[key])]
    if key == "oneOf" and len(tried) > 1:
        yield Finding(at, "exactly one of several forms is wanted", is_certain=False)
    elif all(tried):
        yield from map(_unsure, _fewest(tried))


def _each_value(a: Mapping[str, Json], b: Mapping[str, Json], at: str) -> Iterator[Finding]:
    """A list of values is decided by trying them; what both refuse does not count."""
    values = a["enum"] if "enum" in a else [a["const"]]
    mine, theirs = _validator(a), _validator(b)
    if mine is None or theirs is None:
        yield Finding(at, "refers to something else", is_certain=False)
        return
    for value in values if isinstance(values, list) else []:
        if mine.is_valid(value) and not theirs.is_valid(value):
            shown = msgspec.json.encode(value).decode()[:60]
            yield Finding(at, f"{shown} is not allowed any more", is_certain=True)


def _opaque(a: Mapping[str, Json], b: Mapping[str, Json], at: str) -> Iterator[Finding]:
    for key in _OPAQUE:
        if key in b and a.get(key) != b[key]:
            yield Finding(at, f"`{key}` cannot be compared", is_certain=False)


def _types(a: Mapping[str, Json], b: Mapping[str, Json], at: str) -> Iterator[Finding]:
    gone = sorted(_types_of(a) - _types_of(b))
    if gone:
        certain = not any(key in a for key in (*_OPAQUE, "allOf"))
        kept = sorted(
            _types_of(b) & _types_of(a) - ({"integer"} if "number" in _types_of(b) else set())
        )
        why = f"{' and '.join(gone)} is not allowed any more"
        if len(gone) > 3:
            why = f"only {' and '.join(kept) or 'another type'} is allowed now"
        yield Finding(at, why, is_certain=certain)


def _bounds(
    a: Mapping[str, Json], b: Mapping[str, Json], at: str, kept: set[str]
) -> Iterator[Finding]:
    for key, sign in _BOUNDS:
        wanted, given = b.get(key), a.get(key)
        if not isinstance(wanted, int | float) or _TYPE_OF_BOUND[key] not in kept:
            continue
        if isinstance(given, int | float) and sign * given >= sign * wanted:
            continue
        if given is None and key.startswith("min") and not wanted:
            continue
        yield Finding(at, f"`{key}` is {wanted} now", is_certain=False)


def _numbers(a: Mapping[str, Json], b: Mapping[str, Json], at: str) -> Iterator[Finding]:
    for side, sign in (("minimum", 1), ("maximum", -1)):
        strict = "exclusive" + side.capitalize()
        wanted = _tightest(b, side, strict, sign)
        if wanted is None:
            continue
        given = _tightest(a, side, strict, sign)
        if given is None or given < wanted:
            yield Finding(at, f"`{side}` is {sign * wanted[0]:g} now", is_certain=False)


def _tightest(
    schema: Mapping[str, Json], side: str, strict: str, sign: int
) -> tuple[float, bool] | None:
    """(bound towards larger is tighter, does it exclude itself)."""
    found = [
        (sign * bound, key == strict)
        for key in (side, strict)
        if isinstance(bound := schema.get(key), int | float) and not isinstance(bound, bool)
    ]
    return max(found) if found else None


def _strings(a: Mapping[str, Json], b: Mapping[str, Json], at: str) -> Iterator[Finding]:
    for key in ("pattern", "format", "contentEncoding", "contentMediaType"):
        if key in b and a.get(key) != b[key]:
            yield Finding(at, f"`{key}` is another", is_certain=False)


def _arrays(a: Mapping[str, Json], b: Mapping[str, Json], at: str) -> Iterator[Finding]:
    if b.get("uniqueItems") and not a.get("uniqueItems"):
        yield Finding(at, "items must differ now", is_certain=False)
    mine, theirs = _list(a.get("prefixItems")), _list(b.get("prefixItems"))
    rest_a, rest_b = _schema(a.get("items", True)), _schema(b.get("items", True))
    for index in range(max(len(mine), len(theirs))):
        one = mine[index] if index < len(mine) else rest_a
        other = theirs[index] if index < len(theirs) else rest_b
        yield from map(_unsure, _contained(one, other, f"{at}/{index}"))
    may_hold = not isinstance(a.get("maxItems"), int) or a.get("maxItems") != 0
    if may_hold:
        yield from _contained(rest_a, rest_b, f"{at}/-")


def _objects(a: Mapping[str, Json], b: Mapping[str, Json], at: str) -> Iterator[Finding]:
    mine, theirs = _named(a.get("properties")), _named(b.get("properties"))
    needed, given = set(_texts(b.get("required"))), set(_texts(a.get("required")))
    for name in sorted(needed - given):
        yield Finding(f"{at}/{name}", "is required now", is_certain=_is_plain(a))
    others_a = _schema(a.get("additionalProperties", True))
    others_b = _schema(b.get("additionalProperties", True))
    for name in sorted(mine.keys() | theirs.keys()):
        one, other = mine.get(name, others_a), theirs.get(name, others_b)
        for found in _contained(one, other, f"{at}/{name}"):
            yield found if _is_plain(a) and _has_documents(one) else _unsure(found)
    yield from map(_unsure, _contained(others_a, others_b, f"{at}/*"))


def _is_plain(schema: Mapping[str, Json]) -> bool:
    """Nothing but its properties decides which objects are its documents."""
    return not any(
        key in schema
        for key in (*_OPAQUE, "allOf", "anyOf", "oneOf", "maxProperties", "minProperties")
    )


def _has_documents(schema: Schema) -> bool:
    """Surely; a schema of more than a type might have none."""
    return schema is True or (isinstance(schema, Mapping) and not (schema.keys() - _HARMLESS))


_HARMLESS = frozenset({"type", "title", "description", "default", "examples", "$comment"})


def _types_of(schema: Mapping[str, Json]) -> set[str]:
    """`number` without `integer` cannot be said, so a number is both."""
    said = schema.get("type")
    types = {said} if isinstance(said, str) else set(_texts(said)) or set(TYPES)
    return {*types, "integer"} if "number" in types else types


def _unsure(found: Finding) -> Finding:
    return msgspec.structs.replace(found, is_certain=False)


def _fewest(tried: list[list[Finding]]) -> list[Finding]:
    return min(tried, key=list.__len__)


def _validator(schema: Schema) -> jsonschema_rs.Validator | None:
    try:
        return jsonschema_rs.validator_for(schema if isinstance(schema, bool) else dict(schema))
    except (ValueError, jsonschema_rs.ReferencingError):
        return None


def _schema(value: Json) -> Schema:
    return value if isinstance(value, bool | dict) else True


def _list(value: Json) -> list[Schema]:
    return [_schema(each) for each in value] if isinstance(value, list) else []


def _named(value: Json) -> dict[str, Schema]:
    return {key: _schema(each) for key, each in value.items()} if isinstance(value, dict) else {}


def _texts(value: Json) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
