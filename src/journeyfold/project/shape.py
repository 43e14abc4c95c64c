"""Does a document have the shape of a struct? Every finding at once, each at its place.

msgspec stops at the first error and cannot name a key of a map; this walks the same types
(`msgspec.inspect`) and lets msgspec decide only about what structs say in `__post_init__`.
A value without findings converts.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect as types

from journeyfold.core.errors import Problem
from journeyfold.project.document import Document, Path
from journeyfold.project.nearest import did_you_mean, nearest
from journeyfold.project.type_words import (
    bare,
    bounds_of,
    example_of,
    examples_of,
    is_not,
    is_within,
    matches,
    may_hold,
    name_of,
    shown,
    sort_of,
)

_CLASSES: dict[type, type] = {
    types.DateTimeType: dt.datetime,
    types.DateType: dt.date,
    types.TimeType: dt.time,
}
_PLACE = re.compile(r" - at `(key in )?\$(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")


def shape_problems(document: Document, path: Path, cls: Any) -> list[Problem]:
    """What keeps the value at `path` from being a `cls`; empty when it converts."""
    return list(_Walk(document).problems(path, _type_info(cls)))


@cache  # there are as many types as kinds of definitions
def _type_info(cls: Any) -> types.Type:
    return types.type_info(cls)


def type_problem(document: Document, kinds: Mapping[str, type]) -> Problem | None:
    """Where the key `type` says which struct a document is: is it one of these?"""
    value = document.value
    if not isinstance(value, dict) or "type" not in value:
        known = ", ".join(kinds)
        return document.problem(
            (), "P112", "the key 'type' is missing", suggestion=f"it is one of {known}"
        )
    found = value["type"]
    if isinstance(found, str) and found in kinds:
        return None
    near = did_you_mean(found, kinds) if isinstance(found, str) else ""
    return document.problem(
        ("type",), "P113", f"{shown(found)} is not one of {', '.join(kinds)}", suggestion=near
    )


class _Walk:
    def __init__(self, document: Document) -> None:
        self._document = document

    def problems(self, path: Path, kind: types.Type) -> Iterator[Problem]:
        examples = examples_of(kind)
        kind, value = bare(kind), self._document.at(path)
        match kind:
            case types.StructType():
                yield from self._struct(path, value, kind)
            case types.UnionType():
                yield from self._union(path, value, kind)
            case types.ListType() | types.SetType() | types.FrozenSetType() | types.VarTupleType():
                yield from self._list(path, value, kind)
            case types.TupleType():
                yield from self._tuple(path, value, kind)
            case types.DictType():
                yield from self._dict(path, value, kind)
            case types.LiteralType():
                yield from self._literal(path, value, kind)
            case types.AnyType() | types.RawType() | types.CustomType():
                pass
            case _:
                yield from self._scalar(path, value, kind, examples)

    def _struct(self, path: Path, value: object, kind: types.StructType) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield self._expected(path, "a map of keys", value)
            return
        found = False
        fields = {field.encode_name: field for field in kind.fields}
        known = {*fields, kind.tag_field} if kind.tag_field else set(fields)
        for key in value:
            if key not in known and kind.forbid_unknown_fields:
                found = True
                yield self._unknown_key(path, key, known - set(value) or known)
        for name, field in fields.items():
            if name in value:
                for problem in self.problems((*path, name), field.type):
                    found = True
                    yield problem
            elif field.required:
                found = True
                yield self._missing(path, name, field)
        if not found:
            yield from self._converts(path, value, kind.cls)

    def _unknown_key(self, path: Path, key: str, known: set[str]) -> Problem:
        return self._document.problem(
            (*path, key),
            "P110",
            f"unknown key '{key}'",
            suggestion=did_you_mean(key, known),
            on_key=True,
        )

    def _missing(self, path: Path, name: str, field: types.Field) -> Problem:
        return self._document.problem(
            path,
            "P112",
            f"the key '{name}' is missing",
            suggestion=f"add `{name}: {example_of(field.type)}`",
            on_key=bool(path) and isinstance(path[-1], str),
        )

    def _converts(self, path: Path, value: object, cls: type) -> Iterator[Problem]:
        """What only the struct itself knows (`__post_init__`), where it says it."""
        try:
            msgspec.convert(value, cls)
        except msgspec.ValidationError as error:
            text = str(error)
            place = _PLACE.search(text)
            inner: list[str | int] = []
            for step in _STEP.finditer(place["path"] if place else ""):
                if step[0] == "[...]":
                    break
                inner.append(step[1] or int(step[2]))
            message, _, suggestion = _PLACE.sub("", text).partition("; ")
            named = message.partition(":")[0]
            if isinstance(value, dict) and named in value and not inner:
                inner.append(named)
                message = message.removeprefix(f"{named}: ")
            yield self._document.problem((*path, *inner), "P114", message, suggestion=suggestion)

    def _union(self, path: Path, value: object, kind: types.UnionType) -> Iterator[Problem]:
        """The findings of the one member that can hold this sort of value."""
        members = [member for member in kind.types if may_hold(member, value)]
        if not members:
            wanted = " or ".join(dict.fromkeys(name_of(member) for member in kind.types))
            yield self._expected(path, wanted, value)
            return
        tried = [list(self.problems(path, member)) for member in members]
        yield from min(tried, key=len)

    def _list(self, path: Path, value: object, kind: Any) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield self._expected(path, "a list", value)
            return
        if kind.min_length is not None and len(value) < kind.min_length:
            yield self._document.problem(
                path, "P113", f"the list needs at least {kind.min_length} item(s)"
            )
        if kind.max_length is not None and len(value) > kind.max_length:
            yield self._document.problem(
                path, "P113", f"the list has {len(value)} items, more than {kind.max_length}"
            )
        for index in range(len(value)):
            yield from self.problems((*path, index), kind.item_type)

    def _tuple(self, path: Path, value: object, kind: types.TupleType) -> Iterator[Problem]:
        if not isinstance(value, list) or len(value) != len(kind.item_types):
            yield self._expected(path, f"a list of {len(kind.item_types)} items", value)
            return
        for index, item in enumerate(kind.item_types):
            yield from self.problems((*path, index), item)

    def _dict(self, path: Path, value: object, kind: types.DictType) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield self._expected(path, "a map of keys", value)
            return
        key_type = bare(kind.key_type)
        keys: list[str] = list(value)
        for key in keys:
            if isinstance(key_type, types.LiteralType) and key not in key_type.values:
                yield self._unknown_key(path, key, {str(known) for known in key_type.values})
            elif isinstance(key_type, types.StrType) and not matches(key_type, key):
                yield self._document.problem(
                    (*path, key), "P113", f"'{key}' does not match {key_type.pattern}", on_key=True
                )
            else:
                yield from self.problems((*path, key), kind.value_type)

    def _literal(self, path: Path, value: object, kind: types.LiteralType) -> Iterator[Problem]:
        allowed = [choice for choice in kind.values if type(choice) is type(value)]
        if value not in allowed:
            choices = [str(choice) for choice in kind.values]
            near = nearest(value, choices) if isinstance(value, str) else None
            yield self._document.problem(
                path,
                "P113",
                f"{shown(value)} is not one of {', '.join(choices)}",
                suggestion=f"did you mean '{near}'?" if near else "",
            )

    def _scalar(
        self, path: Path, value: object, kind: types.Type, examples: str
    ) -> Iterator[Problem]:
        if not may_hold(kind, value):
            yield self._expected(path, name_of(kind), value)
        elif isinstance(kind, types.StrType) and isinstance(value, str):
            yield from self._text(path, value, kind, examples)
        elif isinstance(kind, types.IntType | types.FloatType) and not is_within(kind, value):
            yield self._document.problem(path, "P113", f"{shown(value)} is not {bounds_of(kind)}")
        elif not isinstance(
            kind, types.IntType | types.FloatType | types.BoolType | types.NoneType
        ):
            yield from self._converts_scalar(path, value, kind)

    def _text(
        self, path: Path, value: str, kind: types.StrType, examples: str
    ) -> Iterator[Problem]:
        if not matches(kind, value):
            yield self._document.problem(
                path, "P113", f"{shown(value)} {is_not(kind)}", suggestion=examples
            )
        elif kind.min_length is not None and len(value) < kind.min_length:
            yield self._document.problem(path, "P113", "the text is empty or too short")
        elif kind.max_length is not None and len(value) > kind.max_length:
            yield self._document.problem(
                path, "P113", f"the text is longer than {kind.max_length} characters"
            )

    def _converts_scalar(self, path: Path, value: object, kind: types.Type) -> Iterator[Problem]:
        cls = getattr(kind, "cls", None) or _CLASSES.get(type(kind))
        if cls is None:
            return
        try:
            msgspec.convert(value, cls)
        except msgspec.ValidationError as error:
            yield self._document.problem(path, "P113", _PLACE.sub("", str(error)))

    def _expected(self, path: Path, wanted: str, value: object) -> Problem:
        key = f"'{path[-1]}' is" if path and isinstance(path[-1], str) else "this is"
        return self._document.problem(path, "P111", f"{key} {sort_of(value)}; expected {wanted}")
