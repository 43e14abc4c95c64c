"""Twenty rules over a million rows of eight columns: DuckDB's time for the one scan, on one thread.

The baseline is reading the same columns and counting what is not null.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import duckdb
import msgspec
from figure import report

from journeyfold.quality.rule import Ruleset
from journeyfold.quality.sql import scan_of

ROWS = 100_000 if os.environ.get("JOURNEYFOLD_BENCH_QUICK") else 1_000_000
COLUMNS = ("id", "email", "phone", "country", "currency", "total", "quantity", "day")
MADE = f"""
select i as id,
  case when i % 40 = 0 then null else 'p' || (i % 300000) || '@example.com' end as email,
  case when i % 7 = 0 then '12345' else '+4930' || (1000000 + i % 900000) end as phone,
  ['DE', 'FR', 'GB', 'XX'][1 + i % 4] as country,
  ['EUR', 'USD', 'GBP'][1 + i % 3] as currency,
  (i * 7919) % 100000 / 100.0 as total,
  i % 50 as quantity,
  cast(date '2026-01-01' + cast(i % 365 as integer) as varchar) as day
from range({ROWS}) t(i)
"""
RULES = [
    *({"id": f"has-{name}", "completeness": name} for name in COLUMNS),
    {"id": "email", "valid": "email", "as": "email"},
    {"id": "phone", "valid": "phone", "as": "phone"},
    {"id": "country", "valid": "country", "as": "country"},
    {"id": "currency", "valid": "currency", "as": "currency"},
    {"id": "day", "valid": "day", "as": "date"},
    {"id": "total", "range": {"column": "total", "min": 0, "max": 1000}},
    {"id": "quantity", "range": {"column": "quantity", "min": 0, "max": 49}},
    {"id": "known", "in": {"column": "currency", "values": ["EUR", "USD", "GBP"]}},
    {"id": "code", "matches": {"column": "country", "pattern": "[A-Z]{2}"}},
    {"id": "whole", "type": {"column": "quantity", "is": "integer"}},
    {"id": "once", "unique": ["id"]},
    {"id": "sane", "check": "total >= quantity"},
]


def main() -> None:
    rules = msgspec.convert({"dataset": "events/orders", "rules": RULES}, Ruleset)
    engine = duckdb.connect(config={"threads": 1})
    with tempfile.TemporaryDirectory(prefix="journeyfold-bench-") as scratch:
        file = Path(scratch) / "orders.parquet"
        engine.execute(f"copy ({MADE}) to '{file}' (format parquet)")
        table = f"read_parquet('{file}')"
        scan = scan_of(rules, table, {"sane": "total >= quantity"})
        counted = ", ".join(f"count({name})" for name in COLUMNS)
        base = _timed(engine, f"select {counted} from {table}")
        took = _timed(engine, scan.sql)
    report(
        "quality_rules_s", took, "s", goal=1.0, better="lower", baseline=base,
        rules=len(RULES), rows=ROWS,
    )  # fmt: skip


def _timed(engine: duckdb.DuckDBPyConnection, sql: str) -> float:
    """The best of three: the first opens the file."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        engine.execute(sql).fetchall()
        times.append(time.perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    main()
