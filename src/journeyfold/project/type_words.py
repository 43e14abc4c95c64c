"""Types in an author's words, and which sort of YAML value may become one."""

from __future__ import annotations

import re
from typing import Any

from msgspec import NODEFAULT
from msgspec import inspect as types

_TEXTUAL = (
    types.StrType, types.DateTimeType, types.DateType, types.TimeType, types.TimeDeltaType,
    types.UUIDType, types.DecimalType, types.BytesType,
)  # fmt: skip
_LISTS = (
    types.ListType, types.SetType, types.FrozenSetType, types.VarTupleType, types.TupleType,
)  # fmt: skip
_DURATION_ENDS = ("|h|d|w", "|h|d|w|mo")


def bare(kind: types.Type) -> types.Type:
    """Without what is only said about a type."""
    while isinstance(kind, types.Metadata):
        kind = kind.type
    return kind


def may_hold(kind: types.Type, value: object) -> bool:
    """Is `value` of the sort this type takes? An int may become a float, nothing else is cast."""
    kind = bare(kind)
    match kind:
        case types.AnyType() | types.RawType() | types.CustomType():
            return True
        case types.UnionType():
            return any(may_hold(member, value) for member in kind.types)
        case types.LiteralType():
            return any(type(choice) is type(value) for choice in kind.values)
        case types.EnumType():
            return isinstance(value, str | int) and not isinstance(value, bool)
        case types.NoneType():
            return value is None
        case types.BoolType():
            return isinstance(value, bool)
        case types.IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case types.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case types.StructType() | types.DictType():
            return isinstance(value, dict)
    if isinstance(kind, _LISTS):
        return isinstance(value, list)
    return isinstance(kind, _TEXTUAL) and isinstance(value, str)


def name_of(kind: types.Type) -> str:
    kind = bare(kind)
    match kind:
        case types.StrType():
            return "text"
        case types.IntType():
            return "a whole number"
        case types.FloatType():
            return "a number"
        case types.BoolType():
            return "true or false"
        case types.NoneType():
            return "null"
        case types.LiteralType():
            return " or ".join(str(value) for value in kind.values)
        case types.UnionType():
            return " or ".join(dict.fromkeys(name_of(member) for member in kind.types))
        case types.StructType() | types.DictType():
            return "a map of keys"
        case types.DateTimeType():
            return "an instant such as 2026-11-20T00:00:00Z"
    return "a list" if isinstance(kind, _LISTS) else "text"


def bounds_of(kind: types.IntType | types.FloatType) -> str:
    parts = [
        f"{words} {limit:g}"
        for words, limit in (
            ("at least", kind.ge), ("more than", kind.gt),
            ("at most", kind.le), ("less than", kind.lt),
        )
        if limit is not None
    ]  # fmt: skip
    return " and ".join(parts)


def is_within(kind: types.IntType | types.FloatType, value: Any) -> bool:
    return (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
    )


def matches(kind: types.StrType, text: str) -> bool:
    """The patterns are ours (they stand in structs), so `re` is safe (trust SEC-16)."""
    return kind.pattern is None or re.search(kind.pattern, text) is not None


def is_not(kind: types.StrType) -> str:
    """What a text that does not match is not."""
    if kind.pattern and kind.pattern.rstrip("$)").endswith(_DURATION_ENDS):
        return "is no duration"
    return f"does not match {kind.pattern}"


def examples_of(kind: types.Type) -> str:
    """`write it like 30d`, when the type says how."""
    examples: list[object] = []
    while isinstance(kind, types.Metadata):
        examples = examples or (kind.extra_json_schema or {}).get("examples", [])
        kind = kind.type
    return f"write it like {' or '.join(map(str, examples))}" if examples else ""


def shown(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def sort_of(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {shown(value)}"
        case list():
            return "a list"
    return "a map of keys"


def example_of(kind: types.Type) -> str:
    """What may stand there, to show in `add `key: …``."""
    if isinstance(kind, types.Metadata):
        examples = (kind.extra_json_schema or {}).get("examples")
        return str(examples[0]) if examples else example_of(kind.type)
    match kind:
        case types.LiteralType():
            return str(kind.values[0])
        case types.UnionType():
            return example_of(kind.types[0])
        case types.IntType() | types.FloatType():
            return "1"
        case types.BoolType():
            return "true"
        case types.StructType():
            inner = [
                f"{field.encode_name}: {example_of(field.type)}"
                for field in kind.fields
                if field.required
            ]
            return "{" + ", ".join(inner) + "}"
        case types.DictType():
            return "{…}"
    return "[…]" if isinstance(kind, _LISTS) else "…"


def default_of(field: types.Field) -> object:
    """The default as an author would write it; `NODEFAULT` for required keys."""
    if field.default is not NODEFAULT:
        return field.default
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return NODEFAULT
