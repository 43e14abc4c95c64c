"""Two versions of a schema, field by field, as a reader wants to see them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from journeyfold.core.event import Json

_QUIET = frozenset(
    {"title", "description", "$schema", "$id", "$comment", "x-journeyfold", "examples"}
)
_PARTS = frozenset({"properties", "required", "items", "$defs", "definitions"})


class Difference(msgspec.Struct, frozen=True):
    """`before` and `after` are what the field was and is: its type, its bounds, its marks."""

    what: Literal["added", "removed", "changed"]
    pointer: str
    before: str = ""
    after: str = ""


def differences(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[Difference]:
    """In the order of the new version, what is gone first."""
    before, after = fields_of(old), fields_of(new)
    found = [
        Difference("removed", at, before=said) for at, said in before.items() if at not in after
    ]
    for at, said in after.items():
        if at not in before:
            found.append(Difference("added", at, after=said))
        elif before[at] != said:
            found.append(Difference("changed", at, before[at], said))
    return found


def fields_of(schema: Mapping[str, Json]) -> dict[str, str]:
    """Pointer → what is said of it: `string, required`, `number, minimum 0`."""
    return dict(_fields(dict(schema), "", False))


def _fields(schema: Json, at: str, required: bool) -> Iterator[tuple[str, str]]:  # noqa: FBT001
    if not isinstance(schema, dict):
        yield at, "anything" if schema is True else "nothing"
        return
    yield at, _said(schema, required)
    needed = schema.get("required")
    wanted = needed if isinstance(needed, list) else []
    properties = schema.get("properties")
    for name, each in properties.items() if isinstance(properties, dict) else ():
        place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
        yield from _fields(each, place, name in wanted)
    if isinstance(schema.get("items"), dict):
        yield from _fields(schema["items"], f"{at}/-", False)


def _said(schema: Mapping[str, Json], required: bool) -> str:  # noqa: FBT001
    kind = schema.get("type")
    types = kind if isinstance(kind, list) else [kind] if kind else ["any"]
    words = [" or ".join(map(str, types))]
    words += ["required"] if required else []
    words += [
        f"{key} {value if isinstance(value, str) else msgspec.json.encode(value).decode()}"
        for key, value in schema.items()
        if key not in _QUIET | _PARTS and key != "type"
    ]
    return ", ".join(words)
