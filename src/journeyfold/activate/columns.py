"""Columns of a file or a table: what a value is under a declared type, or why it is none. Pure.

An instant is RFC 3339 text on its way here (journeys E55); a value that is no text, number or
truth is said as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

import msgspec

from journeyfold.activate.destination import Parcel
from journeyfold.core.event import Json
from journeyfold.core.instant import instant_us

Column: TypeAlias = Literal["text", "integer", "number", "boolean", "timestamp", "json"]
Cell: TypeAlias = "str | int | float | bool | datetime | None"
OWN: dict[str, Column] = {"id": "text", "kind": "text", "at": "timestamp", "person": "text"}
"""What every line of a file says beside what was mapped."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JSON = msgspec.json.Encoder(order="deterministic").encode


class CellError(ValueError):
    """A value that a column does not hold."""


def cell(value: Json, kind: Column) -> Cell:
    """Raises CellError; null is null in every column."""
    if value is None:
        return None
    match kind:
        case "text":
            return value if isinstance(value, str) else _JSON(value).decode()
        case "json":
            return _JSON(value).decode()
        case "boolean":
            held = isinstance(value, bool)
        case "integer":
            held = isinstance(value, int) and not isinstance(value, bool)
        case "number":
            held = isinstance(value, int | float) and not isinstance(value, bool)
        case "timestamp":
            at_us = instant_us(value) if isinstance(value, str) else None
            if at_us is not None:
                return moment(at_us)
            held = False
    if not held:
        raise CellError(f"{_JSON(value).decode()[:80]} is no {kind}")
    assert isinstance(value, bool | int | float), "it was just looked at"
    return float(value) if kind == "number" else value


def moment(at_us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at_us)


def cells(body: Mapping[str, Json], columns: Mapping[str, Column]) -> dict[str, Cell]:
    """One row; a field without a column is an error, not a silence."""
    unknown = sorted(set(body) - set(columns))
    if unknown:
        raise CellError(f"there is no column '{unknown[0]}'")
    row: dict[str, Cell] = {}
    for name, kind in columns.items():
        try:
            row[name] = cell(body.get(name), kind)
        except CellError as error:
            raise CellError(f"{name}: {error}") from None
    return row


def columns_of(bodies: Iterable[Mapping[str, Json]]) -> dict[str, Column]:
    """Of rows whose columns nobody declared: by name, each the narrowest that holds them all."""
    found: dict[str, Column | None] = {}
    for body in bodies:
        for name, value in body.items():
            before = found.get(name)
            found[name] = before
            if value is not None:
                kind = _kind_of(value)
                found[name] = kind if before is None else _wider(before, kind)
    return {name: kind or "text" for name, kind in sorted(found.items())}


def own_cells(parcel: Parcel) -> dict[str, Cell]:
    return {
        "id": parcel.key, "kind": parcel.kind, "at": moment(parcel.at_us), "person": parcel.person
    }  # fmt: skip


def _kind_of(value: Json) -> Column:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else "json"


def _wider(one: Column, other: Column) -> Column:
    if one == other:
        return one
    return "number" if {one, other} == {"integer", "number"} else "text"
