"""A profile of half a million lines, all columns: types, gaps, spread, formats and examples.

The baseline is DuckDB counting the distinct values of the same columns.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import duckdb
from figure import report

from journeyfold.runtime.profiling import profile_file

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared/data"))
FILE = DATA / "retail/online_retail.parquet"


def main() -> None:
    started = time.perf_counter()
    columns = profile_file(FILE).columns
    took = time.perf_counter() - started
    started = time.perf_counter()
    counted = ", ".join(f'count(distinct "{each.name}")' for each in columns)
    duckdb.connect().execute(f"select {counted} from '{FILE}'").fetchall()
    base = time.perf_counter() - started
    report(
        "profile_s", took, "s", goal=3.0, better="lower", baseline=base,
        rows=columns[0].rows, columns=len(columns),
    )  # fmt: skip


if __name__ == "__main__":
    main()
