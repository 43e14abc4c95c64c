"""Rows of a sheet of an Excel or OpenDocument workbook (collect C40).

A cell has the value that was last computed: formulas are never run. The first row names the columns.
A column whose cells are all numbers, or all times, is one; whatever else is text, and what the
source declares wins.
"""

from __future__ import annotations

import datetime as dt
import math
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from journeyfold.collect.csv_lines import COLUMNS_MAX
from journeyfold.collect.line import BadLine, Row, Rows, WrongFile
from journeyfold.collect.rows import converter, grouped
from journeyfold.sources.local_time import Zone
from journeyfold.sources.missing import missing_columns
from journeyfold.sources.recipe import ColumnType, Read

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a cell's time has no zone


def open_workbook(
    read: Read, path: Path, group: Sequence[str], zone: Zone, stack: ExitStack
) -> Rows:
    """`sheet` names one, else it is the first."""
    _require_room(read, path)
    table = _cells(read, path)
    if not table:
        raise WrongFile(f"{path.name}: the sheet is empty")
    names = [str(cell).strip() for cell in table[0]]
    if len(names) > COLUMNS_MAX:
        raise WrongFile(f"{path.name} has {len(names)} columns; {COLUMNS_MAX} may be")
    unnamed = [at + 1 for at, name in enumerate(names) if not name]
    if unnamed:
        raise WrongFile(f"{path.name}: column {unnamed[0]} has no name in the first row")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise WrongFile(f"{path.name} has more than one column named {twice[0]!r}")
    unknown = [name for name in (*read.types, *read.units) if name not in names]
    if unknown:
        raise WrongFile(missing_columns(unknown, names, path.name))
    body = table[1:]
    types: dict[str, ColumnType] = {
        name: _type(read, name, [row[at] for row in body]) for at, name in enumerate(names)
    }
    stream = _rows(body, [_reader(read, name, types[name], zone) for name in names], names)
    return grouped(Rows(types, stream, len(body)), group, path.name, stack)


def _require_room(read: Read, path: Path) -> None:
    """A workbook is a zip archive, or an old one is none. What it says of itself is believed here;
    a liar is ended by the limit on memory.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(part.file_size for part in archive.infolist())
    if size > read.memory_bytes:
        raise WrongFile(
            f"{path.name} expands to {size >> 20} MiB; `read.memory` allows {read.memory}"
        )


def _cells(read: Read, path: Path) -> list[list[object]]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise WrongFile(
            "reading workbooks needs an extra; run: pip install 'journeyfold[excel]'"
        ) from None
    try:
        book = CalamineWorkbook.from_path(str(path))
        if read.sheet and read.sheet not in book.sheet_names:
            there = ", ".join(book.sheet_names)
            raise WrongFile(f"{path.name} has no sheet '{read.sheet}'; it has: {there}")
        sheet = book.get_sheet_by_name(read.sheet) if read.sheet else book.get_sheet_by_index(0)
        found: list[list[object]] = sheet.to_python(skip_empty_area=False)  # type: ignore[assignment]  # cells are any of its types
        return found
    except CalamineError as error:
        raise WrongFile(f"{path.name} cannot be read as a workbook: {error}") from None


def _type(read: Read, name: str, cells: Sequence[object]) -> ColumnType:
    if name in read.units:
        return "timestamp"
    if name in read.types:
        return read.types[name]
    there = [cell for cell in cells if cell not in ("", None)]
    if there and all(isinstance(cell, bool) for cell in there):
        return "bool"
    if there and all(
        isinstance(cell, int | float) and not isinstance(cell, bool) for cell in there
    ):
        return "int" if all(_is_whole(cell) for cell in there) else "float"
    if there and all(isinstance(cell, dt.datetime | dt.date) for cell in there):
        return "timestamp"
    return "string"


def _reader(read: Read, name: str, kind: ColumnType, zone: Zone) -> Callable[[object], object]:
    convert = converter(read, name, kind, zone)

    def value(cell: object) -> object:
        if cell in ("", None):
            return None
        if kind == "timestamp" and isinstance(cell, dt.datetime | dt.date):
            return zone.instant_us(_micros(cell))
        text = _text(cell)
        if text in read.null:
            return None
        return convert(text) if convert else text

    return value


def _rows(
    body: Sequence[Sequence[object]], readers: Sequence[Callable[[object], object]],
    names: Sequence[str],
) -> Iterator[Row | BadLine]:  # fmt: skip
    """Lines count from the sheet's first row; an empty row is none."""
    for line, cells in enumerate(body, 2):
        if all(cell in ("", None) for cell in cells):
            continue
        values: list[object] = []
        try:
            for read, cell in zip(readers, cells, strict=True):
                values.append(read(cell))
        except ValueError as error:
            column = names[len(values)]
            yield BadLine(
                line,
                "bad_value",
                f"row {line}, column {column!r}: {error}",
                str(cells[len(values)])[:200],
            )
            continue
        yield line, tuple(values)


def _text(cell: object) -> str:
    """As the sheet shows it: 12 and not 12.0, times in ISO 8601."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if _is_whole(cell):
        return str(int(cell))  # type: ignore[call-overload]  # it is a number
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _is_whole(cell: object) -> bool:
    return isinstance(cell, int | float) and math.isfinite(cell) and cell == int(cell)


def _micros(cell: dt.datetime | dt.date) -> int:
    at = cell if isinstance(cell, dt.datetime) else dt.datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - a day of a sheet has no zone
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
