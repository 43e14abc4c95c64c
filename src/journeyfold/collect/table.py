"""Rows of a Parquet file or of an SQL query over DuckDB, in a fixed order (collect C40, C43).

DuckDB sees the named files and nothing else: external access, extensions and configuration are
locked before the query runs (trust SEC-17). The wall is the child process around it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from journeyfold.collect.csv_lines import COLUMNS_MAX
from journeyfold.collect.line import Row, Rows, WrongFile
from journeyfold.sources.local_time import Zone
from journeyfold.sources.missing import missing_columns
from journeyfold.sources.recipe import ColumnType, Read

if TYPE_CHECKING:
    import duckdb

FETCH_ROWS = 5_000
THREADS = 2

_INTEGERS = frozenset({
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
    "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT",
})  # fmt: skip
_READERS = {
    ".parquet": "read_parquet", ".csv": "read_csv", ".ndjson": "read_ndjson", ".jsonl": "read_ndjson",
}  # fmt: skip
_NAIVE = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE")
_AWARE = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
_UNIT_US = {"s": 1_000_000, "ms": 1_000, "us": 1}


def open_table(
    read: Read,
    files: dict[str, Path],
    group: Sequence[str],
    zone: Zone,
    scratch: Path,
) -> Rows:
    """`files` are the Parquet file (under "") or the query's tables by name, and `database`."""
    with _told(files):
        return _opened(_locked(read, files, scratch), read, files, group, zone)


def _opened(
    connection: duckdb.DuckDBPyConnection,
    read: Read,
    files: dict[str, Path],
    group: Sequence[str],
    zone: Zone,
) -> Rows:
    if read.format == "parquet":
        table, line = f"read_parquet({_text(files[''])}, file_row_number=true)", "file_row_number"
    else:
        table, line = f"({read.sql})", "row_number() OVER ()"
    described = connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()  # noqa: S608 - text is quoted
    declared = {str(name): str(kind) for name, kind, *_ in described if name != "file_row_number"}
    if len(declared) > COLUMNS_MAX:
        raise WrongFile(
            f"{_name(files)} has {len(declared)} columns; {COLUMNS_MAX} may be, so select those you "
            "need (`read: {sql: …}`)"
        )
    missing = [name for name in (*group, *read.units) if name not in declared]
    if missing:
        raise WrongFile(missing_columns(missing, list(declared), _name(files)))
    names = ", ".join(_selected(name, kind) for name, kind in declared.items())
    order = ", ".join([_quoted(name) for name in group] + (["line"] if files.get("") else []))
    query = f"SELECT {names}, {line} AS line FROM {table}"  # noqa: S608 - names are quoted
    total = connection.execute(f"SELECT count(*) FROM ({query})").fetchone()  # noqa: S608 - as above
    assert total is not None, "count(*) always gives one row"
    if order:
        query = f"{query} ORDER BY {order}"
    types: dict[str, ColumnType] = {
        name: _type(read, name, kind) for name, kind in declared.items()
    }
    converters = [
        (index, convert)
        for index, (name, kind) in enumerate(declared.items())
        if (convert := _converter(read, name, kind, zone))
    ]
    first = 1 if read.format == "parquet" else 0
    return Rows(types, _fetched(connection, query, converters, first, files), int(total[0]))


def _fetched(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    converters: Sequence[tuple[int, Callable[[object], object]]],
    first: int,
    files: dict[str, Path],
) -> Iterator[Row]:
    with _told(files):
        cursor = connection.execute(query)
        while rows := cursor.fetchmany(FETCH_ROWS):
            for row in rows:
                values = list(row)
                line = values.pop()
                for index, convert in converters:
                    if values[index] is not None:
                        values[index] = convert(values[index])
                yield line + first, tuple(values)


@contextmanager
def _told(files: dict[str, Path]) -> Iterator[None]:
    """DuckDB's errors as what they mean here: too little memory, or a wrong file."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from None
    except duckdb.Error as error:
        raise WrongFile(_sentence(error, files)) from None


def _locked(read: Read, files: dict[str, Path], scratch: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": THREADS})
    connection.execute(f"SET memory_limit = '{read.memory_bytes // 2 >> 20}MiB'")
    connection.execute(f"SET temp_directory = {_text(scratch)}")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    allowed = ", ".join(_text(path) for path in files.values())
    connection.execute(f"SET allowed_paths = [{allowed}]")
    if read.database:
        connection.execute(f"ATTACH {_text(files['database'])} AS source (READ_ONLY)")
        connection.execute("USE source")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    for name in read.tables:
        reader = _READERS.get(files[name].suffix.lower(), "read_csv")
        made = f"SELECT * FROM {reader}({_text(files[name])})"  # noqa: S608 - text is quoted
        connection.execute(f"CREATE TEMP VIEW {_quoted(name)} AS {made}")
    return connection


def _selected(name: str, kind: str) -> str:
    """The column as plain values: times as integer microseconds, odd types as text."""
    column = _quoted(name)
    if kind in _NAIVE or kind in _AWARE:
        return f"epoch_us({column}) AS {column}"
    if kind in {"UUID", "TIME", "INTERVAL"} or kind.startswith("ENUM"):
        return f"CAST({column} AS VARCHAR) AS {column}"
    if kind.startswith("DECIMAL"):
        return f"CAST({column} AS DOUBLE) AS {column}"
    if kind == "BLOB":
        return f"base64({column}) AS {column}"
    return column


def _type(read: Read, name: str, kind: str) -> ColumnType:
    if kind in _NAIVE or kind in _AWARE or name in read.units:
        return "timestamp"
    if kind in _INTEGERS:
        return "int"
    if kind in {"DOUBLE", "FLOAT"} or kind.startswith("DECIMAL"):
        return "float"
    if kind == "BOOLEAN":
        return "bool"
    if kind.endswith("]"):
        return "list"
    if kind.startswith(("STRUCT", "MAP")):
        return "object"
    return "string"


def _converter(read: Read, name: str, kind: str, zone: Zone) -> Callable[[object], object] | None:
    if kind in _NAIVE:
        return lambda value: zone.instant_us(value) if isinstance(value, int) else None
    if name in read.units:
        unit = _UNIT_US[read.units[name]]
        return lambda value: round(value * unit) if isinstance(value, int | float) else None
    if kind in {"DOUBLE", "FLOAT"}:
        return _finite
    return None


def _finite(value: object) -> object:
    return value if isinstance(value, float) and math.isfinite(value) else None


def _sentence(error: Exception, files: dict[str, Path]) -> str:
    first = str(error).split("\n", 1)[0]
    for path in files.values():
        first = first.replace(str(path), path.name)
    if "No magic bytes" in first or "Parquet" in first or "thrift" in first.lower():
        return f"{_name(files)} is not a whole Parquet file; was it still being written? ({first})"
    return f"{_name(files)} cannot be read: {first}"


def _name(files: dict[str, Path]) -> str:
    return files[""].name if "" in files else "the query"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
