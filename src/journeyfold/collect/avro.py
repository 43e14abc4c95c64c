"""Rows of an Avro object container file: its schema gives the columns (collect C40)."""

from __future__ import annotations

import datetime as dt
import math
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

from journeyfold.collect.csv_lines import COLUMNS_MAX
from journeyfold.collect.line import Row, Rows, WrongFile
from journeyfold.collect.rows import grouped
from journeyfold.sources.local_time import Zone, read_instant_us
from journeyfold.sources.missing import missing_columns
from journeyfold.sources.recipe import ColumnType, Read

_KINDS: dict[str, ColumnType] = {
    "boolean": "bool", "int": "int", "long": "int", "float": "float", "double": "float",
    "string": "string", "enum": "string", "bytes": "string", "fixed": "string", "array": "list",
    "map": "object", "record": "object",
}  # fmt: skip
_LOGICAL: dict[str, ColumnType] = {
    "timestamp-millis": "timestamp", "timestamp-micros": "timestamp", "date": "timestamp",
    "local-timestamp-millis": "timestamp", "local-timestamp-micros": "timestamp",
    "decimal": "float", "uuid": "string", "time-millis": "string", "time-micros": "string",
}  # fmt: skip
_UNIT_US = {"s": 1_000_000, "ms": 1_000, "us": 1}


def open_avro(read: Read, path: Path, group: Sequence[str], zone: Zone, stack: ExitStack) -> Rows:
    try:
        import fastavro
    except ImportError:
        raise WrongFile(
            "reading Avro needs an extra; run: pip install 'journeyfold[avro]'"
        ) from None
    stream = stack.enter_context(path.open("rb"))
    try:
        reader = fastavro.reader(stream)
    except (ValueError, EOFError, KeyError) as error:
        raise WrongFile(f"{path.name} is no Avro container file: {error}") from None
    schema: Any = reader.writer_schema
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise WrongFile(f"{path.name} holds no records, so it has no columns")
    types: dict[str, ColumnType] = {
        str(each["name"]): _type(each["type"]) for each in schema["fields"]
    }
    if len(types) > COLUMNS_MAX:
        raise WrongFile(f"{path.name} has {len(types)} columns; {COLUMNS_MAX} may be")
    unknown = [name for name in read.units if name not in types]
    if unknown:
        raise WrongFile(missing_columns(unknown, types, path.name))
    types |= dict.fromkeys(read.units, "timestamp")
    readers = {name: _reader(read.units.get(name), zone) for name in types}
    return grouped(Rows(types, _rows(path, reader, readers)), group, path.name, stack)


def _rows(
    path: Path, records: Iterator[Any], readers: dict[str, Callable[[object], object]]
) -> Iterator[Row]:
    line = 0
    try:
        for line, record in enumerate(records, 1):
            yield line, tuple(read(record.get(name)) for name, read in readers.items())
    except (EOFError, ValueError, IndexError, TypeError, OverflowError, zlib.error) as error:
        why = f"{path.name} ends or breaks after record {line}; was it still being written?"
        raise WrongFile(f"{why} ({error})") from None


def _type(said: Any) -> ColumnType:
    """A union with null is its other member; of several, anything."""
    if isinstance(said, list):
        others = [each for each in said if each != "null"]
        return _type(others[0]) if len(others) == 1 else "any"
    if isinstance(said, dict):
        logical = _LOGICAL.get(str(said.get("logicalType")))
        return logical or _type(said["type"])
    return _KINDS.get(str(said), "object")  # a named type is one that was a record


def _reader(unit: str | None, zone: Zone) -> Callable[[object], object]:
    def value(found: object) -> object:
        if unit is not None and isinstance(found, int | float):
            return round(found * _UNIT_US[unit])
        return _plain(found, zone)

    return value


def _plain(found: object, zone: Zone) -> object:
    match found:
        case float():
            return found if math.isfinite(found) else None
        case dt.datetime() | dt.date():
            return read_instant_us(found, zone)
        case Decimal():
            return float(found)
        case bytes():
            return b64encode(found).decode()
        case dt.time():
            return str(found)
        case list():
            return [_plain(each, zone) for each in found]
        case dict():
            return {str(name): _plain(each, zone) for name, each in found.items()}
        case None | bool() | int() | str():
            return found
        case _:  # a UUID
            return str(found)
