"""Columns of a file, or fields of an event in the log, looked at before rules are written (Q20)."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from journeyfold.collect.csv_lines import LINE_MAX
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event, Json
from journeyfold.core.ports import EventLog
from journeyfold.quality.profile import ColumnProfile, FileProfile, Spread, profiled

if TYPE_CHECKING:
    import duckdb

LOOKED_AT = 200_000  # distinct values of a column whose formats are looked at; records of an event
UNFIT_SHOWN = 5
_TEXT = (
    "read_csv({}, delim='{mark}', quote='\"', escape='\"', header=true, all_varchar=true, "
    "ignore_errors=true, store_rejects=true)"
)
_MARKS = (",", ";", "\t", "|")
_READERS = {
    ".parquet": "read_parquet({})", ".csv": _TEXT, ".tsv": _TEXT, ".txt": _TEXT,
    ".ndjson": "read_json({}, format='newline_delimited')",
    ".jsonl": "read_json({}, format='newline_delimited')",
}  # fmt: skip
_TEXTS = {".csv", ".tsv", ".txt"}
_ORDERED = ("INT", "DOUBLE", "FLOAT", "DECIMAL", "DATE", "TIME")
_PAGE = 5_000


def profile_file(path: Path) -> FileProfile:
    """Raises UsageError: not there, of a kind that is not read, or not readable."""
    with _opened(path) as connection:
        columns = [_column(connection, name, kind) for name, kind in _columns(connection)]
        lines = _unfit(connection) if _kind(path) in _TEXTS else []
    return FileProfile(tuple(columns), len(lines), tuple(lines[:UNFIT_SHOWN]))


def values_of_file(path: Path, column: str) -> dict[str, int]:
    """The column's values as text, each with how often it comes."""
    with _opened(path) as connection:
        names = [name for name, _ in _columns(connection)]
        if column not in names:
            raise UsageError(f"{path}: there is no column '{column}'; it has: {', '.join(names)}")
        return dict(connection.execute(_grouped(column)).fetchall())


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file as the view `t`."""
    import duckdb

    kind = _kind(path)
    if not kind:
        known = ", ".join(sorted(_READERS))
        raise UsageError(f"{path}: this kind of file is not profiled; there are {known}, also .gz")
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    if not path.stat().st_size:
        raise UsageError(f"{path}: there is nothing in it")
    connection = duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1GB"})
    try:
        quoted = "'" + str(path).replace("'", "''") + "'"
        mark = _mark(path) if kind in _TEXTS else ""
        table = _READERS[kind].format(quoted, mark=mark)
        connection.execute(f"create view t as select * from {table}")  # noqa: S608 - quoted
        yield connection
    except duckdb.Error as error:
        raise UsageError(f"{path}: it cannot be read: {str(error).splitlines()[0]}") from None
    finally:
        connection.close()


def _kind(path: Path) -> str:
    return next((each for each in reversed(path.suffixes) if each in _READERS), "")


def _mark(path: Path) -> str:
    """What parts the columns: the mark that the first line has most of, as an import is told it."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        first = stream.readline(LINE_MAX).decode("utf-8", "replace")
    outside = "".join(first.split('"')[::2])
    return max(_MARKS, key=outside.count)


def _unfit(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Lines with more or fewer values than the first, an open quote or other bytes than UTF-8."""
    rows = connection.execute("select distinct line from reject_errors order by line").fetchall()
    return [int(row[0]) for row in rows]


def profile_event(log: EventLog, name: str) -> list[ColumnProfile]:
    """Of the newest records; UsageError when none of them has this name."""
    head, _ = log.head()
    counted: dict[str, Counter[str]] = {}
    types: dict[str, Counter[str]] = {}
    names: Counter[str] = Counter()
    for event in _newest(log, head):
        names[event.name] += 1
        if event.name == name:
            for field, value in _fields(event):
                types.setdefault(field, Counter())[_type(value)] += 1
                if value is not None:
                    counted.setdefault(field, Counter())[_text(value)] += 1
    if name not in names:
        some = ", ".join(sorted(names)[:12])
        raise UsageError(f"no record is an event '{name}', and there is no such file; {some}")
    return [
        _of_field(field, types[field], counted.get(field, Counter()), names[name])
        for field in sorted(types)
    ]


def values_of_event(log: EventLog, name: str, field: str) -> dict[str, int]:
    """A field's values in the newest records of an event, as text."""
    head, _ = log.head()
    counted: Counter[str] = Counter()
    fields: set[str] = set()
    for event in _newest(log, head):
        if event.name == name:
            for path, value in _fields(event):
                fields.add(path)
                if path == field and value is not None:
                    counted[_text(value)] += 1
    if field not in fields:
        if not fields:
            raise UsageError(f"no record is an event '{name}', and there is no such file")
        known = ", ".join(sorted(fields))
        raise UsageError(f"{name}: there is no field '{field}'; it has: {known}")
    return dict(counted)


def _columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    rows = connection.execute("describe t").fetchall()
    return [(str(row[0]), str(row[1])) for row in rows]


def _column(connection: duckdb.DuckDBPyConnection, name: str, kind: str) -> ColumnProfile:
    column = _quoted(name)
    is_ordered = kind.startswith(_ORDERED)
    ends = f"min({column})::varchar, max({column})::varchar" if is_ordered else "'', ''"
    asked = f"select count(*), count({column}), count(distinct {column}), {ends} from t"  # noqa: S608 - quoted
    row = connection.execute(asked).fetchone()
    assert row is not None, "counts have one row"
    rows, known, distinct, least, greatest = row
    spread = Spread(
        name, kind.lower(), rows, rows - known, distinct, least or "", greatest or ""
    )  # fmt: skip
    return profiled(spread, connection.execute(_grouped(name)).fetchall())


def _grouped(name: str) -> str:
    column = _quoted(name)
    return (
        f"select {column}::varchar, count(*) as times from t where {column} is not null "  # noqa: S608 - quoted
        f"group by 1 order by times desc, 1 limit {LOOKED_AT}"
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _newest(log: EventLog, head: int) -> Iterator[Event]:
    after = max(-1, head - LOOKED_AT)
    while records := log.read(after, _PAGE):
        after = records[-1].offset
        yield from (record.event for record in records if record.kind == "event")


def _fields(event: Event) -> Iterator[tuple[str, Json]]:
    for root, values in (("properties", event.properties), ("traits", event.traits)):
        for name, value in values.items():
            yield f"{root}.{name}", value


def _type(value: Json) -> str:
    if isinstance(value, list | dict):
        return "list" if isinstance(value, list) else "object"
    names = {bool: "boolean", int: "integer", float: "number", str: "text", type(None): "null"}
    return names[type(value)]


def _text(value: Json) -> str:
    return f"({_type(value)})" if isinstance(value, list | dict) else str(value)


def _of_field(name: str, types: Counter[str], counted: Counter[str], events: int) -> ColumnProfile:
    """A field that an event does not have is null in it."""
    kinds = " or ".join(sorted(kind for kind in types if kind != "null")) or "null"
    numbers = sorted(map(float, counted)) if kinds in {"integer", "number"} else []
    ends = (f"{numbers[0]:g}", f"{numbers[-1]:g}") if numbers else ("", "")
    nulls = events - counted.total()
    spread = Spread(name, kinds, events, nulls, len(counted), *ends)
    return profiled(spread, counted.items())
