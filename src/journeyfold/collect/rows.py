"""Rows of a CSV or NDJSON file, in a fixed order, ready to be mapped (collect C40, C43).

`open_text` gives the columns with their types and then an iterator over `Row | BadLine`. The order
depends on the file's bytes and the `group` keys alone, so that a position in it is a cursor.
Values are plain: None, bool, int, float, str, list, dict; timestamps are integer microseconds
UTC (naive ones read in the source's time zone), NaN and infinities are None (trust SEC-2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from journeyfold.collect.csv_lines import BOM, LINE_MAX, CsvLines, Record
from journeyfold.collect.line import BadLine, Row, Rows, WrongFile
from journeyfold.collect.sorted_runs import SortedRuns
from journeyfold.collect.text_stream import open_stream
from journeyfold.collect.torn_end import require_whole_csv, require_whole_ndjson
from journeyfold.core.instant import wall_us
from journeyfold.sources.local_time import Zone
from journeyfold.sources.missing import missing_columns
from journeyfold.sources.recipe import ColumnType, Read

_SHAPES: dict[ColumnType, type] = {"string": str, "list": list, "object": dict}
_BOOLS = {"true": True, "false": False, "1": True, "0": False}
JSON_LINE_MAX = 16 << 20
_UNIT_US = {"s": 1_000_000, "ms": 1_000, "us": 1}


def open_text(
    read: Read,
    path: Path,
    group: Sequence[str],
    zone: Zone,
    wanted: Sequence[str],
    stack: ExitStack,
) -> Rows:
    """A CSV or NDJSON file. `wanted` names the columns the mapping uses (for NDJSON)."""
    opened = (
        _csv(read, path, zone, stack)
        if read.format == "csv"
        else _ndjson(read, path, zone, wanted, stack)
    )
    return grouped(opened, group, path.name, stack)


def grouped(opened: Rows, group: Sequence[str], file: str, stack: ExitStack) -> Rows:
    """The rows with equal keys together, if there is anything to group by."""
    if not group:
        return opened
    missing = [name for name in group if name not in opened.columns]
    if missing:
        raise WrongFile(missing_columns(missing, opened.columns, file))
    keys = [list(opened.columns).index(name) for name in group]
    runs = stack.enter_context(SortedRuns())
    return Rows(opened.columns, runs.sorted(opened.stream, keys))


def _csv(read: Read, path: Path, zone: Zone, stack: ExitStack) -> Rows:
    stream = open_stream(path, read.encoding, stack)
    lines = CsvLines(
        stream, delimiter=read.delimiter, encoding=read.encoding, width=len(read.columns)
    )
    records = iter(lines)
    names = list(read.columns)
    if read.header:
        head = next(records, None)
        if not isinstance(head, Record):
            why = head.detail if head else "is empty"
            raise WrongFile(f"{path.name}: the header line cannot be read: {why}")
        names = names or [name.strip() for name in head.values]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise WrongFile(f"{path.name} has more than one column named {twice[0]!r}")
    unknown = [name for name in (*read.types, *read.units) if name not in names]
    if unknown:
        raise WrongFile(missing_columns(unknown, names, path.name))
    require_whole_csv(path, read.delimiter, len(names), read.encoding)
    types: dict[str, ColumnType] = {name: _declared(read, name, "string") for name in names}
    converters = [converter(read, name, types[name], zone) for name in names]
    return Rows(types, _converted(records, names, converters, frozenset(read.null)))


def _converted(
    records: Iterator[Record | BadLine],
    names: Sequence[str],
    converters: Sequence[Callable[[str], object] | None],
    null: frozenset[str],
) -> Iterator[Row | BadLine]:
    typed = [(index, convert) for index, convert in enumerate(converters) if convert]
    for record in records:
        if isinstance(record, BadLine):
            yield record
            continue
        values: list[object] = [None if text in null else text for text in record.values]
        index = 0
        try:
            for index, convert in typed:
                text = values[index]
                if isinstance(text, str):
                    values[index] = convert(text)
        except ValueError as error:
            detail = f"line {record.line}, column {names[index]!r}: {error}"
            yield BadLine(record.line, "bad_value", detail, str(values[index])[:200])
            continue
        yield record.line, tuple(values)


def _ndjson(read: Read, path: Path, zone: Zone, wanted: Sequence[str], stack: ExitStack) -> Rows:
    require_whole_ndjson(path)
    stream = open_stream(path, "utf-8", stack)
    types, values = object_values(read, wanted, zone)
    return Rows(types, _objects(stream, values))


Values = Callable[[dict[str, Any]], tuple[object, ...]]


def object_values(
    read: Read, wanted: Sequence[str], zone: Zone
) -> tuple[dict[str, ColumnType], Values]:
    """Types of the columns, and how a JSON object becomes their values; ValueError for one that
    does not. With no columns wanted the whole object is the only value.
    """
    names = list(dict.fromkeys((*wanted, *read.types)))
    types: dict[str, ColumnType] = {name: _declared(read, name, "any") for name in names}
    converters = {name: _from_json(read, name, types[name], zone) for name in names}
    if not converters:
        return types, lambda found: (found,)

    def values(found: dict[str, Any]) -> tuple[object, ...]:
        return tuple(
            convert(found.get(name)) if convert else found.get(name)
            for name, convert in converters.items()
        )

    return types, values


def _objects(stream: BinaryIO, values: Values) -> Iterator[Row | BadLine]:
    """One JSON object a line."""
    decode = msgspec.json.decode
    for line, raw in enumerate(_lines(stream), 1):
        if not raw.strip():
            continue
        text = raw[:1000].decode("utf-8", "replace")
        if len(raw) > JSON_LINE_MAX:
            yield BadLine(
                line, "line_too_long", f"line {line} is longer than {JSON_LINE_MAX} bytes"
            )
            continue
        try:
            found = decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield BadLine(line, "invalid_json", f"line {line}: {error}", text)
            continue
        if not isinstance(found, dict):
            yield BadLine(line, "not_an_object", f"line {line} is not a JSON object", text)
            continue
        try:
            yield line, values(found)
        except ValueError as error:
            yield BadLine(line, "bad_value", f"line {line}: {error}", text)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Without a mark of byte order; of a line that is too long, its beginning."""
    raw = stream.readline(JSON_LINE_MAX + 1).removeprefix(BOM)
    while raw:
        yield raw
        while len(raw) > JSON_LINE_MAX and (rest := stream.readline(LINE_MAX)):
            if rest.endswith(b"\n"):
                break
        raw = stream.readline(JSON_LINE_MAX + 1)


def _declared(read: Read, name: str, otherwise: ColumnType) -> ColumnType:
    if name in read.units:
        return "timestamp"
    return read.types.get(name, otherwise)


def converter(
    read: Read, name: str, kind: ColumnType, zone: Zone
) -> Callable[[str], object] | None:
    """From a text to a value of the kind; ValueError for what is none. None leaves it as it is."""
    if name in read.units:
        unit = _UNIT_US[read.units[name]]
        return lambda text: round(_number(text) * unit)
    match kind:
        case "int":
            return _integer
        case "float":
            return _finite
        case "bool":
            return _boolean
        case "timestamp":
            return lambda text: _instant(text, zone)
        case "list" | "object":
            return _refused_text
        case _:
            return None


def _refused_text(text: str) -> object:
    raise ValueError(f"{text[:80]!r} is text, not a list or object")


def _from_json(
    read: Read, name: str, kind: ColumnType, zone: Zone
) -> Callable[[object], object] | None:
    if kind in _SHAPES:
        return lambda value: _shaped(value, kind)
    convert = converter(read, name, kind, zone)
    if convert is None:
        return None

    def checked(value: object) -> object:
        if value is None:
            return None
        if isinstance(value, bool):
            return _boolean(str(value).lower()) if kind == "bool" else convert("")
        return convert(value if isinstance(value, str) else repr(value))

    return checked


def _shaped(value: object, kind: ColumnType) -> object:
    if value is None or isinstance(value, _SHAPES[kind]):
        return value
    raise ValueError(f"{str(value)[:80]!r} is no {kind}")


def _integer(text: str) -> int:
    stripped = text.strip()
    if not stripped.removeprefix("-").isdecimal() or not stripped.isascii():
        raise ValueError(f"{text[:80]!r} is no whole number")
    return int(stripped)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text[:80]!r} is no number") from None


def _finite(text: str) -> float | None:
    value = _number(text)
    return value if math.isfinite(value) else None


def _boolean(text: str) -> bool:
    found = _BOOLS.get(text.strip().lower())
    if found is None:
        raise ValueError(f"{text[:80]!r} is neither true nor false")
    return found


def _instant(text: str, zone: Zone) -> int | None:
    found = wall_us(text.strip())
    if found is None:
        raise ValueError(f"{text[:80]!r} is no RFC 3339 time")
    at, is_local = found
    return zone.instant_us(at) if is_local else at
