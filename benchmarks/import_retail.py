"""The whole retail log through `journeyfold import`, from the file to queryable segments.

The import folds what it appends, so when the command ends segments can be asked. The baseline is
reading the file's rows and nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet
from figure import report
from harness.serving import ROOT, run_cli

DATA = Path(os.environ.get("JOURNEYFOLD_DATA", ROOT.parent / "shared" / "data"))
FILE = "retail/online_retail.parquet"
LINES = 541_909


def _read_rows() -> float:
    started = time.perf_counter()
    rows = sum(
        len(batch.to_pylist())
        for batch in pyarrow.parquet.ParquetFile(DATA / FILE).iter_batches(10_000)
    )
    if rows != LINES:
        sys.exit(f"{FILE} has {rows} lines, expected {LINES}")
    return time.perf_counter() - started


def main() -> None:
    if not (DATA / FILE).is_file():
        sys.exit(f"there is no {FILE} in {DATA}; set JOURNEYFOLD_DATA")
    with tempfile.TemporaryDirectory(prefix="journeyfold-bench-") as scratch:
        directory = Path(scratch) / "retail"
        shutil.copytree(
            ROOT / "examples/online-retail", directory, ignore=lambda *_: [".journeyfold"]
        )
        base = _read_rows()
        started = time.perf_counter()
        before = os.times()
        said = run_cli(directory, "import", "shop_orders", "--json", JOURNEYFOLD_DATA=str(DATA))
        took = time.perf_counter() - started
        spent = os.times()
    counts = json.loads(said.strip().splitlines()[-1])
    processor_s = (
        spent.children_user + spent.children_system - before.children_user - before.children_system
    )
    report(
        "import_retail_s", took, "s", goal=60, better="lower", baseline=base,
        processor_s=round(processor_s, 1), counts=counts,
    )  # fmt: skip


if __name__ == "__main__":
    main()
