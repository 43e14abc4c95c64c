"""An import that is killed again and again gives what an undisturbed one gives (issue 3).

Ten SIGKILLs, at rows drawn by chance, of the importing process or of the child that reads for it.
The import waits after each word about its progress until it may go on, so that it is killed where
it was meant to be on any machine. JOURNEYFOLD_IMPORT_ROWS=1000000 does it at full size, beyond the
usual limit of a test (`--timeout=3000`).
"""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from journeyfold.collect.batch import cursor_name
from journeyfold.collect.position import Position
from journeyfold.runtime.workspace import Workspace, checked_project, place_of

ROWS = int(os.environ.get("JOURNEYFOLD_IMPORT_ROWS", "20000"))
KILLS = 10
PROJECT = "name: crm\n"
SOURCE = """\
kind: import
owner: crm@example.com
basis: contract
purposes: [analytics]
read: {csv: rows.csv, types: {at: timestamp, total: float}}
map:
  - {when: 'row.kind == "test"', filter: {fate: filtered, reason: test}}
  - {when: 'row.kind == "order"', event: Order Imported}
fields:
  id: [id]
  occurred: row.at
  identifiers: {email: row.email}
  properties: {total: row.total}
"""
IMPORT = """\
import sys
from pathlib import Path
from journeyfold.collect.batch import Options
from journeyfold.runtime.importing import append_source
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

place, project = place_of(Path(sys.argv[1]), None), checked_project(Path(sys.argv[1]))
workspace = Workspace(place, project)
activate(workspace, project)
def say(_what, rows, _total):
    print(rows, flush=True)
    sys.stdin.readline()

done = append_source(workspace, project, "rows", Options(), say)
workspace.close()
"""


def row(number):
    """Every hundredth is torn, wrong, filtered, twice the same or in conflict with its neighbour."""
    text = f"r{number},order,p{number % 997}@example.com,2026-01-01T10:00:00Z,{number % 50}.25\n"
    match number % 100:
        case 11:
            return f'r{number},"order,torn\n'
        case 23:
            return text.replace("2026-01-01T10:00:00Z", "01/02/2026")
        case 37:
            return text.replace("order", "test")
        case 59:
            return text + text
        case 61:
            return text + text.replace(".25\n", ".75\n")
        case 83:
            return text.replace("@example.com", "")
    return text


def crm(directory):
    (directory / "sources").mkdir(parents=True)
    (directory / "journeyfold.yaml").write_text(PROJECT)
    (directory / "sources/rows.yaml").write_text(SOURCE)
    with (directory / "rows.csv").open("w") as file:
        file.write("id,kind,email,at,total\n")
        file.writelines(row(number) for number in range(ROWS))
    return directory


def started(directory):
    words, pipe = [sys.executable, "-c", IMPORT, str(directory)], subprocess.PIPE
    return subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def go_on(process):
    process.stdin.write("\n")
    process.stdin.flush()


def child_of(process):
    """The reader; None when it has ended already."""
    found = [Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    found += [
        path.read_text().split() for path in Path(f"/proc/{process.pid}/task").glob("*/children")
    ]
    return next((int(name) for names in found for name in names), None)


def killed_at(directory, rows, *, whole):
    """Kills once so many rows were read; where the reader is done, the import instead of it."""
    with started(directory) as process:
        for line in process.stdout:
            if int(line) >= rows:
                os.kill((None if whole else child_of(process)) or process.pid, signal.SIGKILL)
                process.communicate()  # its input ends: it waits no more
                assert process.returncode != 0
                return
            go_on(process)
    raise AssertionError(f"the import ended before row {rows}")


def found_in(directory):
    """(events, quarantine, tally, cursor) without the instants and offsets of the run."""
    workspace = Workspace(place_of(directory, None), checked_project(directory))
    try:
        events = set()
        after = -1
        while records := workspace.log.read(after, 5_000):
            after = records[-1].offset
            for event in (record.event for record in records if record.event.source == "rows"):
                facts = msgspec.to_builtins(msgspec.structs.replace(event, received_us=0))
                events.add(json.dumps(facts, sort_keys=True))
        held, last = [], 0
        while page := workspace.log.quarantine.page(source="rows", after=last, limit=500):
            last = page[-1].id
            held += [(each.held.code, each.held.pointer, each.held.event_id) for each in page]
        (tally,) = (each for each in workspace.log.marks.totals() if each.source == "rows")
        raw = workspace.log.marks.cursor(cursor_name(checked_project(directory).sources["rows"]))
        assert workspace.log.verify() == after + 1
        return events, sorted(held), tally, msgspec.msgpack.decode(raw, type=Position)
    finally:
        workspace.close()


@pytest.mark.kill
def test_ten_kills_change_nothing(tmp_path):
    calm, disturbed = crm(tmp_path / "calm"), crm(tmp_path / "disturbed")
    with started(calm) as process:
        assert process.communicate()[1] == ""
    chance = random.Random(20_261_122)
    for kill in range(KILLS):
        reached = ROWS * kill // KILLS + chance.randrange(1, ROWS // KILLS)
        killed_at(disturbed, reached, whole=kill % 2 == 1)
    with started(disturbed) as process:
        assert process.communicate()[1] == ""
    was, became = found_in(calm), found_in(disturbed)
    assert became == was
    events, held, tally, position = was
    assert len(events) == tally.appended == ROWS * 96 // 100
    assert len(held) == tally.quarantined == ROWS * 4 // 100
    assert position.is_complete
