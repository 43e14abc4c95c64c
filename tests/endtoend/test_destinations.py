"""Events to files and an audience to a table, through a real platform."""

import json
import shutil
import sqlite3
import time
from contextlib import closing

import pytest
from live import platform, run_cli, start

FILES = """type: file
path: exports
rate: {per_second: 20, burst: 1, concurrency: 1}
events:
  - id: orders
    event: Order Completed
    where: properties.total >= 20
    map: {order: properties.order_id, value: properties.total, email: traits.email}
"""
TABLE = """type: sql
url: "sqlite:///${env:CRM}"
table: gold
key: email
columns: {first_name: text, tier: text}
create: true
purpose: marketing_email
syncs:
  - id: gold
    from: {where: traits.loyalty_tier == "gold"}
    key: traits.email
    max_removed: 100%
    every: 1s
    map: {first_name: traits.first_name, tier: traits.loyalty_tier}
"""
CONSENT = {"marketing_email": "granted", "analytics": "granted", "personalization": "granted"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    root = tmp_path_factory.mktemp("destinations")
    with platform(root / "shop", CRM=str(root / "crm.db")) as live:
        folder = live.directory / "destinations"
        folder.mkdir(exist_ok=True)
        (folder / "files.yaml").write_text(FILES)
        (folder / "crm.yaml").write_text(TABLE)
        live.wait_for("is taken over")
        live.crm = root / "crm.db"
        yield live


def send(live, *messages):
    with live.client() as server:
        answer = server.post("/v1/batch", json={"batch": list(messages)})
        assert answer.status_code == 200, answer.text
    live.wait_folded()


def person(name, tier="gold", purposes=CONSENT):
    """Who they are and what they agree to."""
    traits = {"email": f"{name}@shop.test", "first_name": name, "loyalty_tier": tier}
    return (
        {"type": "track", "event": "Consent Updated", "userId": name, "properties": {"purposes": purposes}},
        {"type": "identify", "userId": name, "traits": traits},
    )  # fmt: skip


def table(live):
    if not live.crm.exists():
        return {}
    with closing(sqlite3.connect(live.crm)) as database:
        try:
            return dict(database.execute("select first_name, tier from gold").fetchall())
        except sqlite3.OperationalError:
            return {}


def becomes(wanted, look, within_s=60):
    until_s = time.monotonic() + within_s
    while (found := look()) != wanted:
        assert time.monotonic() < until_s, f"it stayed {found}"
        time.sleep(0.1)


def lines(live):
    return [
        json.loads(line)
        for path in sorted((live.directory / "exports").rglob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]


def order(number, total, name="ann"):
    items = [{"product_id": "p1", "name": "Shoe", "price": total, "quantity": 1}]
    said = {"order_id": f"o{number}", "total": total, "currency": "EUR", "products": items}
    return {"type": "track", "event": "Order Completed", "userId": name, "properties": said}


def test_orders_are_lines_of_files_with_what_is_known_of_the_person(shop):
    send(shop, *person("ann"), order(1, 19.5), order(2, 20.5), order(3, 99.0))
    becomes(2, lambda: len(lines(shop)))
    said = sorted((each["body"] for each in lines(shop)), key=lambda each: each["order"])
    assert said == [
        {"order": "o2", "value": 20.5, "email": "ann@shop.test"},
        {"order": "o3", "value": 99.0, "email": "ann@shop.test"},
    ]


def test_a_table_holds_who_is_in_the_audience_and_nobody_else(shop):
    send(shop, *person("ann"), *person("bob"), *person("cy", tier="silver"))
    becomes({"ann": "gold", "bob": "gold"}, lambda: table(shop))
    send(shop, *person("bob", tier="silver"), *person("cy"))
    becomes({"ann": "gold", "cy": "gold"}, lambda: table(shop))


def test_who_withdraws_consent_or_is_forgotten_is_taken_from_the_table(shop):
    send(shop, *person("dee"), *person("eve"), *person("fay"))
    becomes(True, lambda: {"dee", "eve", "fay"} <= set(table(shop)))
    send(shop, person("dee", purposes={"marketing_email": "denied"})[0])
    becomes(False, lambda: "dee" in table(shop))
    run_cli(shop.directory, "erase", "user_id:eve", "--reason", "asked", "--confirm", "erase")
    becomes(False, lambda: "eve" in table(shop))
    assert "fay" in table(shop)


def test_the_command_line_tells_and_previews_syncs(shop):
    (row,) = json.loads(run_cli(shop.directory, "sync", "list", "--json").stdout)["syncs"]
    assert (row["id"], row["mode"]) == ("crm.gold", "mirror")
    assert row["rows"] == len(table(shop))
    preview = json.loads(
        run_cli(shop.directory, "sync", "run", "gold", "--dry-run", "--json").stdout
    )
    assert preview["counts"]["unchanged"] == row["rows"]
    assert preview["changes"] == []
    with shop.client() as server:
        (told,) = server.get("/v1/syncs").json()["syncs"]
        assert told["acknowledged"] == row["rows"]


def test_a_rebuild_agrees_with_what_the_other_side_acknowledged(shop):
    verified = run_cli(shop.directory, "replay", "--verify", check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_state_that_is_made_anew_sends_nothing_of_before_again(shop):
    send(shop, *person("gil"), order(7, 70.0, "gil"))
    becomes(True, lambda: "gil" in table(shop) and "o7" in said_orders(shop))
    before, rows = said_orders(shop), table(shop)
    shop.stop()
    shutil.rmtree(shop.directory / ".journeyfold" / "state.lmdb")
    again = start(shop.directory, CRM=str(shop.crm))
    again.keys = shop.keys
    try:
        send(again, *person("hal"), order(8, 80.0, "hal"))
        becomes(True, lambda: "hal" in table(shop) and "o8" in said_orders(shop))
        assert sorted(said_orders(shop)) == sorted([*before, "o8"])
        assert table(shop) == {**rows, "hal": "gold"}
        (row,) = json.loads(run_cli(shop.directory, "sync", "list", "--json").stdout)["syncs"]
        assert row["told"]["lost"] == 0
    finally:
        again.stop()


def said_orders(live):
    return [each["body"]["order"] for each in lines(live)]
