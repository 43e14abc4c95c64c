"""A file of a million rows through an import: each row an event, durable in the log.

Half of the rows are contacts of a CRM, half are its orders, in one file as an export writes it. The
figure is rows a second by the clock, from the start of the command to the last commit, its process
and its imports included; the fold, which a platform does beside, is left out. The baseline is
reading the same file's rows with the standard library and nothing else.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figure import report
from harness.serving import family, memory_mb
from harness.shop import IS_QUICK

from journeyfold.collect.batch import Options
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.garbage import rare_collections
from journeyfold.runtime.importing import append_source
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

ROWS = 50_000 if IS_QUICK else 1_000_000
LOOK_S = 0.05
HEAD = (
    "row_id,kind,contact_id,email,first_name,last_name,phone,city,country,lead_score,newsletter,"
    "updated_at,order_id,total,currency,items\n"
)
SOURCE = """\
kind: import
owner: crm@example.com
basis: contract
purposes: [analytics, personalization]
read:
  csv: rows.csv
  types: {lead_score: int, newsletter: bool, updated_at: timestamp, total: float, items: int}
time_zone: Europe/Berlin
map:
  - {when: 'row.kind == "contact"', type: identify}
  - {when: 'row.kind == "order"', event: Order Imported}
fields:
  id: [row_id]
  occurred: row.updated_at
  identifiers: {user_id: row.contact_id, email: row.email}
  properties: {order_id: row.order_id, total: row.total, currency: row.currency, items: row.items}
  traits:
    first_name: row.first_name
    last_name: row.last_name
    phone: row.phone
    city: row.city
    country: row.country
    lead_score: row.lead_score
    newsletter: row.newsletter
"""
_FIRST = ("Ann", "Bob", "Cleo", "Dan", "Eva", "Finn", "Gül", "Hana", "Ivo", "Jutta", "Kofi")
_LAST = ("Adler", "Brandt", "Conti", "Dvořák", "Evans", "Fischer", "García", "Hansen", "Ito")
_CITY = (("Berlin", "DE"), ("Wien", "AT"), ("Zürich", "CH"), ("Łódź", "PL"), ("Lyon", "FR"))


def write_rows(path: Path, rows: int) -> None:
    """The same bytes for the same number; every contact is followed by an order of somebody."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        for number in range(rows):
            file.write(_contact(number) if number % 2 == 0 else _order(number, rows))


def _contact(number: int) -> str:
    first, last = _FIRST[number % 11], _LAST[number // 3 % 9]
    city, country = _CITY[number // 7 % 5]
    return (
        f"r{number},contact,c{number},person.{number}@example.com,{first},{last},"
        f'+49 30 9{number:07d},"{city}",{country},{number * 37 % 101},{"true" if number % 3 else ""},'
        f"{_at(number)},,,,\n"
    )


def _order(number: int, rows: int) -> str:
    buyer = number * 7919 % rows // 2 * 2
    total = f"{number * 31 % 50_000 / 100:.2f}"
    return (
        f"r{number},order,c{buyer},,,,,,,,,{_at(number)},o{number},{total},EUR,{number % 5 + 1}\n"
    )


def _at(number: int) -> str:
    minutes, seconds = divmod(number, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"2026-01-{day % 28 + 1:02d} {hour:02d}:{minute:02d}:{seconds:02d}"


def append_alone(directory: Path) -> None:
    """What `journeyfold import` does before it folds; for a process of its own."""
    place, project = place_of(directory, None), checked_project(directory)
    workspace = Workspace(place, project)
    activate(workspace, project)
    with rare_collections():
        done = append_source(
            workspace, project, "rows", Options(), lambda *_seen: None, is_alone=True
        )
    workspace.close()
    print(json.dumps({"rows": done.rows_read, "appended": done.appended}))


def _watched(directory: Path) -> tuple[dict[str, int], float, float, float]:
    """(counts, seconds, processor seconds, most megabytes of all its processes at one time)."""
    before, started, most = os.times(), time.perf_counter(), 0.0
    words = [sys.executable, __file__, str(directory)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    while process.poll() is None:
        most = max(most, _resident_mb(process.pid))
        time.sleep(LOOK_S)
    seconds = time.perf_counter() - started
    assert process.stdout is not None
    said = process.stdout.read()
    if process.returncode:
        sys.exit(f"the import ended with {process.returncode}")
    spent = os.times()
    processor_s = (
        spent.children_user + spent.children_system - before.children_user - before.children_system
    )
    return json.loads(said), seconds, processor_s, most


def _resident_mb(process: int) -> float:
    total = 0.0
    for number in family(process):
        try:
            total += memory_mb(number)[0]
        except (OSError, KeyError):
            continue  # it has just ended
    return total


def _read_only(path: Path) -> float:
    started = time.perf_counter()
    with path.open(encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.reader(file)) - 1
    if rows != ROWS:
        sys.exit(f"{path} has {rows} rows, expected {ROWS}")
    return ROWS / (time.perf_counter() - started)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="journeyfold-bench-") as scratch:
        directory = Path(scratch) / "crm"
        write_template("blank", directory)
        (directory / "sources/rows.yaml").write_text(SOURCE)
        write_rows(directory / "rows.csv", ROWS)
        baseline = _read_only(directory / "rows.csv")
        counts, seconds, processor_s, most_mb = _watched(directory)
    if counts != {"rows": ROWS, "appended": ROWS}:
        sys.exit(f"{ROWS} rows went in, and {counts} came out")
    more = {"rows": ROWS, "processor_us_per_row": round(processor_s / ROWS * 1e6, 1)}
    report(
        "import_rows_per_s", ROWS / seconds, "rows/s", goal=20_000, better="higher",
        baseline=baseline, **more,
    )  # fmt: skip
    report("import_rss_mb", most_mb, "MB", goal=500, better="lower", rows=ROWS)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        append_alone(Path(sys.argv[1]))
    else:
        main()
