"""DuckDB as rules use it: one thread, bounded memory, and no file but the project's and its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

MEMORY = "512MB"
_READERS = {
    ".parquet": "read_parquet({file})",
    ".csv": "read_csv({file}, all_varchar = true, header = true)",
    ".ndjson": "read_ndjson({file})",
    ".jsonl": "read_ndjson({file})",
}


class RuleEngine:
    """Closed with the run. Spills to its scratch directory, never elsewhere."""

    def __init__(self, scratch: Path, project: Path) -> None:
        import duckdb

        self._engine: duckdb.DuckDBPyConnection = duckdb.connect(
            config={
                "threads": 1, "memory_limit": MEMORY, "temp_directory": str(scratch / "spill"),
                "preserve_insertion_order": True,
            }
        )  # fmt: skip
        allowed = ", ".join(_text(str(each)) for each in (scratch, project))
        self._engine.execute(f"set allowed_directories = [{allowed}]")
        self._engine.execute("set enable_external_access = false")
        self._engine.execute("set lock_configuration = true")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._engine.execute(sql).fetchall()

    def cursor(self, sql: str) -> duckdb.DuckDBPyConnection:
        return self._engine.cursor().execute(sql)

    def columns(self, relation: str) -> list[str]:
        described = self._engine.execute(f"describe select * from {relation}").fetchall()  # noqa: S608
        return [str(row[0]) for row in described]

    def close(self) -> None:
        self._engine.close()


def file_of(path: Path) -> str:
    """The relation that a file is, by its ending."""
    return _READERS[path.suffix].format(file=_text(str(path)))


def columns_sql(names: Sequence[str]) -> str:
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
