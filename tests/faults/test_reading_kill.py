"""A folder, a workbook, an Avro and a Parquet file whose import is killed at any point of an append
end as those that were left alone (issue 3).
"""

import os
import random
import signal
import subprocess
import sys

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
from xlsx_kit import workbook

from journeyfold.runtime.workspace import Workspace, place_of

ROWS, KILLS = 240, 6
POINTS = ("before_begin", "after_insert", "before_commit", "after_commit_before_ack")
SOURCE = """\
kind: import
owner: crm@example.com
basis: contract
purposes: [analytics]
read: {read}
map: [{{event: Order Imported}}]
fields:
  id: [id]
  occurred: as_time(as_string(row.at))
  identifiers: {{email: row.email}}
  properties: {{total: row.total}}
"""
READS = {
    "folder": '{csv: "days/*.csv", types: {total: float}}',
    "book": "{excel: book.xlsx}",
    "avro": "{avro: rows.avro}",
    "parquet": "{parquet: rows.parquet}",
}
IMPORT = """\
import sys
from pathlib import Path
from journeyfold.collect.batch import Options
from journeyfold.runtime.importing import append_source
from journeyfold.runtime.workspace import Workspace, checked_project, place_of

place, project = place_of(Path(sys.argv[1]), None), checked_project(Path(sys.argv[1]))
workspace = Workspace(place, project)
for source in project.sources:
    append_source(workspace, project, source, Options(), lambda *_seen: None)
workspace.close()
"""


def rows(kind):
    return [
        {
            "id": f"{kind}{number}", "email": f"p{number % 7}@example.com",
            "at": "2026-01-01T10:00:00Z", "total": number / 4,
        }
        for number in range(ROWS)
    ]  # fmt: skip


def write_files(directory):
    (directory / "days").mkdir()
    for day in range(4):
        lines = [",".join(map(str, row.values())) for row in rows("folder")[day::4]]
        text = "\n".join(["id,email,at,total", *lines, ""])
        (directory / "days" / f"{day}.csv").write_text(text)
    cells = [list(row.values()) for row in rows("book")]
    workbook(directory / "book.xlsx", {"rows": (list(rows("book")[0]), cells)})
    fields = [{"name": name, "type": "string"} for name in ("id", "email", "at")]
    fields.append({"name": "total", "type": "double"})
    with (directory / "rows.avro").open("wb") as file:
        fastavro.writer(file, {"type": "record", "name": "row", "fields": fields}, rows("avro"))
    pq.write_table(pa.Table.from_pylist(rows("parquet")), directory / "rows.parquet")


def project(directory):
    (directory / "sources").mkdir(parents=True)
    (directory / "journeyfold.yaml").write_text("name: crm\n")
    for name, read in READS.items():
        (directory / "sources" / f"{name}.yaml").write_text(SOURCE.format(read=read))
    write_files(directory)
    return directory


def run(directory, point=""):
    environment = {**os.environ, "JOURNEYFOLD_KILL_POINT": point}
    return subprocess.run(
        [sys.executable, "-c", IMPORT, str(directory)], env=environment, check=False, timeout=120
    ).returncode


def imported(directory):
    workspace = Workspace(place_of(directory, None))
    events = [each.event for each in workspace.log.read(-1, 1_000_000)]
    totals = workspace.log.marks.totals()
    workspace.close()
    assert sum(each.quarantined + each.rejected for each in totals) == 0
    return sorted((each.source, each.id, each.properties["total"]) for each in events)


def test_what_is_read_again_after_a_kill_is_what_would_have_been_read(tmp_path):
    alone, killed, chance = project(tmp_path / "alone"), project(tmp_path / "killed"), random.Random(5)  # fmt: skip
    assert run(alone) == 0
    for number in range(KILLS):
        point = f"{POINTS[number % len(POINTS)]}:{chance.randint(1, 4)}"
        assert run(killed, point) == -signal.SIGKILL, point
    assert run(killed) == 0
    expected = [(kind, row["id"], row["total"]) for kind in READS for row in rows(kind)]
    assert imported(alone) == sorted(expected)
    assert imported(killed) == sorted(expected)
