"""A database that is followed by the command and under `up` (collect C46)."""

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from follow_kit import following_server, table
from live import CLI, metrics, run_cli, start

from journeyfold.runtime.pull_standing import read_standings
from journeyfold.runtime.workspace import Workspace, place_of

SOURCE = """kind: cdc
basis: contract
read: {{postgres: {{url: "${{env:CRM_URL}}", slot: {name}, publication: {name}}}}}
map: [{{type: identify}}]
fields:
  identifiers: {{email: row.after.email}}
  traits: {{city: row.after.city}}
  properties: {{op: row.op, id: row.key.id}}
"""


@pytest.fixture(scope="module")
def server():
    with following_server() as running:
        yield running


@pytest.fixture
def crm(server, monkeypatch):
    monkeypatch.setenv("CRM_URL", server.url)
    with table(server, "crm") as made:
        yield made


@pytest.fixture
def shop(tmp_path, crm):
    directory = tmp_path / "shop"
    (directory / "sources").mkdir(parents=True)
    (directory / "journeyfold.yaml").write_text("name: shop\n")
    (directory / "sources" / "crm.yaml").write_text(SOURCE.format(name=crm.name))
    return directory


def told(directory: Path):
    """(operation, key) of each event of the database, in the order of the log."""
    workspace = Workspace(place_of(directory, None))
    events = [each.event for each in workspace.log.read(-1, 1_000_000)]
    workspace.close()
    return [
        (event.properties.get("op", event.name), event.properties.get("id"))
        for event in events
        if event.source == "crm"
    ]


def test_the_command_reads_what_is_there_and_what_came_since(shop, crm):
    crm.insert((1, "ann"), (2, "bob"))
    first = json.loads(run_cli(shop, "follow", "crm", "--once", "--json").stdout)
    crm.insert((3, "cem"))
    second = run_cli(shop, "follow", "crm", "--once").stdout
    assert (first["appended"], first["duplicate"]) == (2, 0)
    assert second.startswith(
        "crm: 1 appended, 0 duplicate, 0 quarantined, 0 rejected, 0 filtered; read up to "
    )
    assert told(shop) == [("snapshot", 1), ("snapshot", 2), ("insert", 3)]


SEEN = {
    "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Person Seen",
    "type": "object", "x-journeyfold": {"type": "track", "version": 1, "purposes": ["analytics"]},
}  # fmt: skip


def test_what_privacy_refuses_is_said_with_its_reason_and_what_to_do(shop, crm):
    source = shop / "sources" / "crm.yaml"
    source.write_text(source.read_text().replace("type: identify", "event: Person Seen"))
    (shop / "schemas").mkdir()
    (shop / "schemas" / "person_seen.1.json").write_text(json.dumps(SEEN))
    crm.insert((1, "ann"))
    refused = run_cli(shop, "follow", "crm", "--once")
    assert "crm: 0 appended, 0 duplicate, 0 quarantined, 1 rejected" in refused.stdout
    assert "crm: rejected: refused by the privacy rules" in refused.stderr
    assert "`journeyfold follow crm --resnapshot` reads every row once more" in refused.stderr
    source.write_text(source.read_text() + "purposes: [analytics]\n")
    run_cli(shop, "follow", "crm", "--once", "--resnapshot")
    assert told(shop) == [("snapshot", 1)]


def test_a_row_that_was_too_large_is_replayed_once_the_limit_is_raised(shop, crm):
    source = shop / "sources" / "crm.yaml"
    source.write_text(source.read_text().replace("{city:", "{bio: row.after.bio, city:"))
    crm.run(f"INSERT INTO {crm.name} VALUES (1, 'ann@x.de', 'B', repeat('x', 400000))")
    first = json.loads(run_cli(shop, "follow", "crm", "--once", "--json").stdout)
    assert (first["appended"], first["quarantined"]) == (0, 1)
    source.write_text(source.read_text() + "limits: {max_event: 1MiB}\n")
    run_cli(shop, "follow", "crm", "--once")
    again = run_cli(shop, "quarantine", "replay", "--source", "crm", "--json").stdout
    assert json.loads(again)["appended"] == 1
    assert told(shop) == [("snapshot", 1)]


def test_without_once_the_command_says_at_once_that_it_follows(shop, crm):
    reader = subprocess.Popen(
        [*CLI, "follow", "crm"], cwd=shop, env=os.environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert reader.stderr.readline().startswith("crm: follows its database until Ctrl-C")
    reader.send_signal(signal.SIGTERM)
    reader.communicate(timeout=60)
    assert reader.returncode == 0


def test_a_slot_that_vanished_ends_the_command_with_what_to_do(shop, crm):
    crm.insert((1, "ann"))
    run_cli(shop, "follow", "crm", "--once")
    crm.drop_slot()
    failed = run_cli(shop, "follow", "crm", "--once", check=False)
    assert failed.returncode == 78
    assert "run `journeyfold follow crm --resnapshot`" in failed.stderr
    assert "Traceback" not in failed.stderr
    run_cli(shop, "follow", "crm", "--once", "--resnapshot")
    assert told(shop) == [("snapshot", 1), ("snapshot", 1)]


def test_a_reader_that_is_killed_at_any_point_loses_and_doubles_nothing(shop, crm):
    chance, number = random.Random(46), 0
    crm.run(
        f"INSERT INTO {crm.name} SELECT n, n || '@x.de', 'Bonn' FROM generate_series(1, 3000) n"
    )
    for _ in range(4):
        reader = subprocess.Popen(
            [*CLI, "follow", "crm"], cwd=shop, env=os.environ, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until_s = time.monotonic() + chance.uniform(1.0, 3.0)
        while time.monotonic() < until_s:
            number += 20
            crm.run(
                f"INSERT INTO {crm.name} SELECT n, n || '@x.de', 'Bonn' "
                f"FROM generate_series({10_000 + number - 19}, {10_000 + number}) n"
            )
            time.sleep(0.05)
        reader.send_signal(signal.SIGKILL)
        reader.wait()
    run_cli(shop, "follow", "crm", "--once")
    inserted = [key for op, key in told(shop) if op == "insert"]
    before = [key for op, key in told(shop) if op == "snapshot"]
    assert sorted(before + inserted) == [*range(1, 3_001), *range(10_001, 10_001 + number)]
    assert inserted == sorted(inserted)


def test_under_up_changes_arrive_and_a_lost_slot_is_shown_until_it_is_mended(shop, crm):
    crm.insert((1, "ann"))
    live = start(shop)
    try:
        wait_for(lambda: seen(live, "appended") == 1)
        crm.insert((2, "bob"))
        wait_for(lambda: seen(live, "appended") == 2)
        wait_for(lambda: 'journeyfold_follow_lag_bytes{source="crm"}' in metrics(live.url))
        live.wait_folded()
        crm.drop_slot()
        live.wait_for("the slot")
        wait_for(lambda: seen(live, "state") == "failed" and shown(live)["state"] == "failed")
        asked = run_cli(shop, "follow", "crm", "--resnapshot").stdout
        assert "the platform runs here" in asked
        wait_for(lambda: seen(live, "state") != "failed" and seen(live, "appended") == 4, 30)
    finally:
        live.stop()
    assert told(shop) == [("snapshot", 1), ("insert", 2), ("snapshot", 1), ("snapshot", 2)]


def shown(live):
    """As `/v1/sources` has it."""
    with live.client(source="crm") as client:
        (source,) = client.get("/v1/sources").json()["sources"]
    return source["pull"]


def seen(live, field):
    standing = read_standings(live.directory / ".journeyfold" / "run").get("crm")
    return getattr(standing, field, None)


def wait_for(holds, seconds=20):
    until_s = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until_s, "it did not come to pass"
        time.sleep(0.1)
