"""A pull that is killed at any point loses nothing and doubles nothing (collect C43)."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from http_receiver import receiving
from pull_kit import crm_server

from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.sqlite_log import SqliteLog

CHILD = Path(__file__).with_name("pulling_child.py")
TESTS = CHILD.parents[2]
ROWS = 12_000  # the first transaction comes after 10,000
# Each is reached in every run that has something left to append; the only one
# that lets something through is the last.
POINTS = ("before_begin:1", "after_insert:1", "before_commit:1", "after_commit_before_ack:1")
CURSOR = {"column": "updated_at", "key": "id", "overlap": "0s"}
SEEN = {"occurred": "row._seen", "identifiers": {"email": "row.email"}}


@pytest.fixture(scope="module")
def server():
    with crm_server() as found:
        yield found


def put(cursor):
    cursor.execute("DROP TABLE IF EXISTS contacts")
    cursor.execute("CREATE TABLE contacts (id int, email text, updated_at timestamptz, total int)")
    cursor.execute(f"""
        INSERT INTO contacts SELECT i, 'p' || i || '@example.com',
            '2026-01-01'::timestamptz + i / 7 * interval '1 second', i
        FROM generate_series(1, {ROWS}) AS i""")


def run(directory, read, keys, after_s=None, point=""):
    """Its exit code; killed after a while, or at a point."""
    command = [sys.executable, str(CHILD), str(directory), json.dumps(read), json.dumps(keys)]
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "JOURNEYFOLD_KILL_POINT": point}
    process = subprocess.Popen(command, env=environment)
    if after_s is not None:
        time.sleep(after_s)
        process.kill()
    return process.wait(60)


def killed_again_and_again(directory, read, keys, seed):
    """Twice anywhere, and at each point once; then left alone."""
    chance = random.Random(seed)
    for _ in range(2):
        run(directory, read, keys, after_s=chance.uniform(0.1, 0.4))  # before it can end
    for point in POINTS:
        assert run(directory, read, keys, point=point) == -signal.SIGKILL, point
    assert run(directory, read, keys) == 0


def events(directory):
    log = SqliteLog(directory, Keyring.open(directory))
    found = [record.event for record in log.read(-1, 1_000_000)]
    totals = log.marks.totals()
    log.close()
    assert sum(each.quarantined + each.rejected for each in totals) == 0
    return found


def test_a_run_by_cursor_that_is_killed_ends_as_one_that_was_left_alone(server, tmp_path):
    cursor, url = server
    put(cursor)
    read = {"sql": {"url": url, "table": "contacts"}}
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    for each in (alone, killed):
        each.mkdir()
    assert run(alone, read, {"cursor": CURSOR}) == 0
    killed_again_and_again(killed, read, {"cursor": CURSOR}, seed=1)
    expected = [(event.id, event.properties) for event in events(alone)]
    assert [(event.id, event.properties) for event in events(killed)] == expected
    assert len(expected) == ROWS


def contact(number):
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number // 7)
    email = f"p{number}@example.com"
    return {"id": number, "email": email, "updated_at": at.isoformat(), "total": number}


def pages(request):
    """Contacts of an API, 2,000 a page, those past `since`."""
    first = int(request.query.get("offset", 0))
    since = request.query["since"].replace("Z", "+00:00")
    found = [each for each in map(contact, range(1, ROWS + 1)) if each["updated_at"] >= since]
    return 200, {"results": found[first : first + 2_000]}


def test_an_api_whose_reader_is_killed_is_read_as_if_it_was_not(tmp_path):
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    for each in (alone, killed):
        each.mkdir()
    with receiving(pages) as receiver:
        http = {
            "url": f"{receiver.url}/contacts", "items": "results",
            "paging": {"offset": {"limit": 2_000}}, "rate": {"requests_per_s": 500},
            "params": {"since": "{since}"}, "since": {"start": "2026-01-01T00:00:00Z"},
        }  # fmt: skip
        read = {"http": http, "types": {"updated_at": "timestamp"}}
        assert run(alone, read, {"cursor": CURSOR}) == 0
        killed_again_and_again(killed, read, {"cursor": CURSOR}, seed=3)
    expected = [(event.id, event.properties) for event in events(alone)]
    assert [(event.id, event.properties) for event in events(killed)] == expected
    assert len(expected) == ROWS


def test_a_snapshot_that_is_killed_tells_every_difference_once(server, tmp_path):
    cursor, url = server
    put(cursor)
    sql = {"url": url, "table": "contacts", "mode": "snapshot", "key": ["id"]}
    fields = SEEN | {"properties": {"total": "row.total"}}
    assert run(tmp_path, {"sql": sql}, {"fields": fields}) == 0
    cursor.execute("UPDATE contacts SET total = -total WHERE id % 2 = 0")
    cursor.execute("DELETE FROM contacts WHERE id % 13 = 0")
    killed_again_and_again(tmp_path, {"sql": sql}, {"fields": fields}, seed=2)
    told = Counter(_told(event) for event in events(tmp_path))
    numbers = range(1, ROWS + 1)
    expected = Counter(("Contact Seen", number) for number in numbers)
    expected += Counter(
        ("Contact Seen", -number) for number in numbers if number % 2 == 0 and number % 13
    )
    expected += Counter(("deleted", number) for number in numbers if number % 13 == 0)
    assert told == expected


def _told(event):
    total = event.properties.get("total")
    return event.name, event.properties["key"]["id"] if total is None else total
