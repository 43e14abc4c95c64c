"""Columns of events as rules name them: what an event holds there, and how it is written.

A bare name is a property; `traits.email`, `properties.total`, `context.campaign.name`, `event.source`
and `identifiers.email` say where. Values are judged by their text, so a rule means the same at the
door and in a scan: a number is its shortest decimal form, true is `true`, an object its JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from journeyfold.core.event import Event, Json

ROOTS = ("properties", "traits", "context", "identifiers", "event")
EVENT_COLUMNS = ("id", "name", "type", "source", "schema", "occurred", "received")
Value = Callable[[Event], Json]


def value_of(column: str) -> Value:
    """Reads the column of an event; None where there is nothing."""
    root, _, rest = column.partition(".")
    if root not in ROOTS or not rest:
        root, rest = "properties", column
    if root == "event":
        return _envelope(rest)
    if root == "identifiers":
        return lambda event: next((i.value for i in event.identifiers if i.kind == rest), None)
    keys = tuple(rest.split("."))
    return lambda event: _dug(getattr(event, root), keys)


def where(column: str) -> tuple[str, tuple[str, ...]]:
    """(section of the event, path in it)."""
    root, _, rest = column.partition(".")
    if root not in ROOTS or not rest:
        return "properties", tuple(column.split("."))
    return root, tuple(rest.split("."))


def text_of(value: Json) -> str | None:
    """How a value is written; the JSON of what is no text."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def columns_in(event: Event) -> Iterator[str]:
    """The columns an event brings, as rules name them."""
    yield from event.properties
    for name in event.traits:
        yield f"traits.{name}"


def canonical(column: str) -> str:
    """`properties.total` is `total`."""
    return column.removeprefix("properties.")


def _envelope(name: str) -> Value:
    if name in {"occurred", "received"}:
        return lambda event: int(getattr(event, f"{name}_us"))
    return lambda event: getattr(event, name, None)


def _dug(value: Json, keys: tuple[str, ...]) -> Json:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
