"""An audience survives `kill -9` of the process that syncs it: at the end it is the segment."""

import json
import os
import random
import signal
import sqlite3
import time
from contextlib import closing, suppress

import pytest
from live import platform, run_cli

PEOPLE = 1_200
KILLS = int(os.environ.get("JOURNEYFOLD_SYNC_KILLS", "5"))
TABLE = """type: sql
url: "sqlite:///${env:CRM}"
table: gold
key: email
columns: {name: text}
create: true
rate: {concurrency: 2}
syncs:
  - id: gold
    from: {where: traits.loyalty_tier == "gold"}
    key: traits.email
    every: 1s
    max_removed: 100%
    map: {name: traits.first_name}
"""
pytestmark = [pytest.mark.kill, pytest.mark.slow]


def identify(number, tier, name):
    traits = {"email": f"u{number}@shop.test", "first_name": name, "loyalty_tier": tier}
    return {"type": "identify", "userId": f"u{number}", "traits": traits}


def send(live, messages):
    with live.client() as server:
        for start in range(0, len(messages), 400):
            answer = server.post("/v1/batch", json={"batch": messages[start : start + 400]})
            assert answer.status_code == 200, answer.text


def table(path):
    with closing(sqlite3.connect(path, timeout=20)) as database:
        try:
            return dict(database.execute("select email, name from gold"))
        except sqlite3.OperationalError:
            return {}


def killed_until(live, path, wanted, chance):
    """Kill `work` at random moments, then let it come to its end."""
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.3, 1.5))
        for process in live.children()["work"]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    until_s = time.monotonic() + 90
    while table(path) != wanted:
        assert time.monotonic() < until_s, f"{len(table(path))} of {len(wanted)} rows"
        time.sleep(0.3)


def stood(live, rows):
    """The platform's own account of it, once it has heard of everything."""
    until_s = time.monotonic() + 30
    while True:
        (row,) = json.loads(run_cli(live.directory, "sync", "list", "--json").stdout)["syncs"]
        if row["rows"] == rows:
            return
        assert time.monotonic() < until_s, f"{row['rows']} of {rows} acknowledged"
        time.sleep(0.5)


def test_a_table_is_its_audience_however_often_the_worker_is_killed(tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance, path = random.Random(seed), tmp_path / "crm.db"
    with platform(tmp_path / "shop", CRM=str(path)) as live:
        (live.directory / "destinations").mkdir(exist_ok=True)
        (live.directory / "destinations" / "crm.yaml").write_text(TABLE)
        live.wait_for("is taken over")
        send(live, [identify(number, "gold", "first") for number in range(PEOPLE)])
        everybody = {f"u{number}@shop.test": "first" for number in range(PEOPLE)}
        killed_until(live, path, everybody, chance)
        stood(live, PEOPLE)
        moved = [identify(number, "silver", "x") for number in range(0, PEOPLE, 3)]
        moved += [identify(number, "gold", "second") for number in range(1, PEOPLE, 3)]
        send(live, moved)
        left = {
            f"u{number}@shop.test": "second" if number % 3 == 1 else "first"
            for number in range(PEOPLE)
            if number % 3
        }
        killed_until(live, path, left, chance)
        stood(live, len(left))
        assert live.kills() == 2 * KILLS
        verified = run_cli(live.directory, "replay", "--verify", check=False)
        assert verified.returncode == 0, verified.stdout
