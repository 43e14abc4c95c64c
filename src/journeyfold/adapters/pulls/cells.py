"""Values of a database as an import knows them: plain, times as microseconds UTC (collect C42)."""

from __future__ import annotations

import datetime as dt
import math
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal

from journeyfold.collect.rows import converter
from journeyfold.sources.local_time import Zone, read_instant_us
from journeyfold.sources.recipe import ColumnType, Read

_KINDS: tuple[tuple[type | tuple[type, ...], ColumnType], ...] = (
    (bool, "bool"), (int, "int"), ((float, Decimal), "float"),
    ((dt.datetime, dt.date), "timestamp"), (list, "list"), (dict, "object"),
)  # fmt: skip
Cell = Callable[[object], object]


def kind_of(python: type | None) -> ColumnType:
    """Of a column whose values are of this type; None where nobody knows."""
    if python is None:
        return "any"
    for types, kind in _KINDS:
        if issubclass(python, types):
            return kind
    return "string"


def cell_reader(read: Read, name: str, kind: ColumnType, zone: Zone) -> Cell:
    """From what the driver gives to a value of the kind; ValueError for what is none."""
    from_text = converter(read, name, kind, zone)

    def cell(value: object) -> object:
        if value is None:
            return None
        found = plain(value, zone)
        if from_text is None or (_is(found, value, kind) and name not in read.units):
            return found
        if kind == "bool" and found in (0, 1):
            return bool(found)
        return from_text(found if isinstance(found, str) else repr(found))

    return cell


def plain(value: object, zone: Zone) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return float(value) if value.is_finite() else None
        case dt.datetime() | dt.date():
            return read_instant_us(value, zone)
        case bytes() | bytearray() | memoryview():
            return b64encode(bytes(value)).decode()
        case list() | tuple():
            return [plain(each, zone) for each in value]
        case dict():
            return {str(name): plain(each, zone) for name, each in value.items()}
        case None | bool() | int() | str():
            return value
        case _:  # a UUID, a time of day, an interval
            return str(value)


def _is(found: object, value: object, kind: ColumnType) -> bool:
    """Is it of the kind already? An integer is a time only where the driver said it is one."""
    match kind:
        case "timestamp":
            return isinstance(value, dt.datetime | dt.date)
        case "bool":
            return isinstance(found, bool)
        case "int":
            return isinstance(found, int) and not isinstance(found, bool)
        case "float":
            return found is None or (isinstance(found, int | float) and not isinstance(found, bool))
        case "list":
            return isinstance(found, list)
        case "object":
            return isinstance(found, dict)
        case _:
            return True
