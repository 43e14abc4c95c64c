"""Scheduled imports of a running platform (ADR 30)."""

import json
import signal
import sqlite3
import time
from contextlib import closing

import pytest
from live import metrics, platform, run_cli

from journeyfold.runtime.pull_standing import read_standings
from journeyfold.runtime.workspace import Workspace, place_of

SOURCE = """
kind: import
owner: crm@example.com
basis: contract
purposes: [analytics]
schedule: {schedule}
read: {{sql: {{url: "${{env:CRM_URL}}", table: contacts}}}}
cursor: {{column: updated_at, key: id, overlap: 0s}}
map: [{{type: identify}}]
fields:
  id: [id, updated_at]
  occurred: row.updated_at
  identifiers: {{email: row.email}}
"""


def put(directory, *numbers):
    with closing(sqlite3.connect(directory / "crm.db")) as database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS contacts (id INTEGER, email TEXT, updated_at TIMESTAMP)"
        )
        for number in numbers:
            at = f"2026-01-01 10:{number:02}:00"
            row = (number, f"p{number}@example.com", at)
            database.execute("INSERT INTO contacts VALUES (?, ?, ?)", row)
        database.commit()


def until(live, holds, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds(standings := read_standings(live.directory / ".journeyfold" / "run")):
        assert time.monotonic() < deadline, f"{standings}\n{live.output}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pull") / "shop"
    with platform(directory, CRM_URL="sqlite:///crm.db") as running:
        yield running


def test_a_schedule_that_is_added_starts_what_pulls_and_the_rows_are_folded(live):
    assert not read_standings(live.directory / ".journeyfold" / "run")
    put(live.directory, 1, 2, 3)
    (live.directory / "sources" / "crm.yaml").write_text(SOURCE.format(schedule="15m"))
    until(live, lambda told: told and told["crm"].succeeded_us)
    standing = read_standings(live.directory / ".journeyfold" / "run")["crm"]
    assert (standing.rows, standing.appended, standing.state) == (3, 3, "waiting")
    assert 14 * 60 < (standing.next_us - standing.started_us) / 1e6 <= 15 * 60 + 1
    live.wait_folded()


def test_how_it_went_is_told_over_http_by_a_command_and_in_the_metrics(live):
    with live.client() as client:
        cards = {each["id"]: each for each in client.get("/v1/sources").json()["sources"]}
    pull = cards["crm"]["pull"]
    assert (pull["state"], pull["rows"], pull["appended"]) == ("waiting", 3, 3)
    assert pull["next_us"] > pull["succeeded_us"] > 0
    assert cards["shop_web"]["pull"] is None
    (told,) = json.loads(run_cli(live.directory, "sources", "pulls", "--json").stdout)
    assert (told["source"], told["next_us"]) == ("crm", pull["next_us"])
    assert "crm" in run_cli(live.directory, "sources", "pulls").stdout
    figures = metrics(live.url)
    assert figures['journeyfold_pull_failing{source="crm"}'] == 0
    assert figures['journeyfold_pull_rows{source="crm"}'] == 3


def test_a_failure_is_shown_and_the_platform_goes_on(live):
    text = SOURCE.format(schedule="15m").replace("contacts", "people")
    lost = 'journeyfold_pull_failing{source="lost"}'
    (live.directory / "sources" / "lost.yaml").write_text(text)
    until(live, lambda told: "lost" in told and told["lost"].state == "failing")
    problem = read_standings(live.directory / ".journeyfold" / "run")["lost"].problem
    assert "no such table: people" in problem
    assert problem in live.output
    assert metrics(live.url)[lost] == 1
    (live.directory / "sources" / "lost.yaml").unlink()
    until(live, lambda told: "lost" not in told)


def test_a_file_is_read_by_schedule_too(live):
    (live.directory / "people.csv").write_text("id,email\n1,csv@example.com\n")
    text = """
kind: import
owner: crm@example.com
basis: contract
purposes: [analytics]
schedule: 1h
read: {csv: people.csv}
map: [{type: identify}]
fields: {occurred: 'as_time("2026-01-01T10:00:00Z")', identifiers: {email: row.email}}
"""
    (live.directory / "sources" / "people.yaml").write_text(text)
    until(live, lambda told: "people" in told and told["people"].succeeded_us)
    assert read_standings(live.directory / ".journeyfold" / "run")["people"].appended == 1


def test_what_pulls_is_started_again_and_does_not_run_twice(live):
    workspace = Workspace(place_of(live.directory, None))
    head = workspace.log.head()[0]
    put(live.directory, 4)
    (pid,) = pulling(live)
    import os

    os.kill(pid, signal.SIGKILL)
    live.wait_for("pull ended (SIGKILL)")
    until(live, lambda told: told and told["crm"].next_us and len(list(pulling(live))) == 1)
    time.sleep(1)
    assert workspace.log.head()[0] == head
    workspace.close()
    told = json.loads(
        run_cli(live.directory, "import", "crm", "--json", CRM_URL="sqlite:///crm.db").stdout
    )
    assert told["appended"] == 1


def pulling(live):
    from pathlib import Path

    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if str(live.directory).encode() in words and b"pull" in words:
            yield int(entry.name)
