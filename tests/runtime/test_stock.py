"""What is observed of sources, from the counters of the log (quality Q39)."""

import json

import pytest

from journeyfold.cli.main import run
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import HOUR_US
from journeyfold.core.ports import Entry
from journeyfold.runtime.stock import take_stock
from journeyfold.runtime.workspace import checked_project


def send(workspace, number, at_us, source="shop_web"):
    event = Event(
        id=f"e{number}", name="Page", type="page", source=source,
        identifiers=(Identifier("user_id", "ann"),), occurred_us=at_us, received_us=at_us,
    )  # fmt: skip
    workspace.log.append([Entry(event, "event", number, ())], now_us=at_us)


def observed(workspace):
    stock = take_stock(workspace, checked_project(workspace.place.directory))
    return {each.declared.source: each.observed for each in stock.sources}


def test_volume_is_counted_by_day_and_the_last_day_is_today(shop):
    now_us = shop.clock.now_us()
    for number in range(3):
        send(shop, number, now_us + number)
    days = observed(shop)["shop_web"].days
    assert (len(days), days[-1], sum(days)) == (30, 3, 3)


def test_a_source_that_sent_just_now_is_fresh_and_one_that_never_did_is_silent(shop):
    send(shop, 1, shop.clock.now_us())
    found = observed(shop)
    assert (found["shop_web"].state, found["shop_server"].state) == ("fresh", "silent")
    assert found["shop_web"].age_us < HOUR_US
    assert found["shop_server"].age_us is None


IMPORT = """kind: import
schedule: weekly MON 05:30
read: {read}
map: [{{type: identify}}]
fields: {{id: [id], occurred: as_time(row.at), identifiers: {{user_id: row.id}}}}
"""


@pytest.mark.parametrize(
    ("read", "expects"),
    [
        ("{csv: a.csv}", True),
        ("{sql: {url: x, table: t}}", True),
        ("{sql: {url: x, table: t, mode: snapshot, key: [id]}}", False),
    ],
)
def test_an_import_is_expected_by_its_schedule_unless_it_brings_changes_only(shop, read, expects):
    (shop.place.directory / "sources" / "till.yaml").write_text(IMPORT.format(read=read))
    send(shop, 1, shop.clock.now_us(), "till")
    found = observed(shop)["till"]
    assert found.state == ("fresh" if expects else "unknown")


def asked(capsys, *words):
    assert run(["sources", *words]) == 0
    return capsys.readouterr().out


def test_the_inventory_is_listed_and_its_matrix_written(shop, capsys):
    send(shop, 1, shop.clock.now_us())
    where = ["--project", str(shop.place.directory)]
    assert "no source informs advocacy" in asked(capsys, "list", *where)
    head, *lines = asked(capsys, "matrix", "--format", "csv", *where).splitlines()
    assert head.startswith("source,data,owner,field,tag")
    assert any("traits.email,user.contact.email,PII,explicit" in line for line in lines)
    told = json.loads(asked(capsys, "matrix", "--format", "json", *where))
    assert told["gaps"] == ["advocacy"]
    assert "gap" in asked(capsys, "matrix", *where)


def test_without_data_the_inventory_is_what_is_declared(shop, tmp_path, capsys):
    where = ["--project", str(shop.place.directory), "--data", str(tmp_path / "nothing")]
    told = json.loads(asked(capsys, "list", "--json", *where))
    assert {each["observed"]["state"] for each in told["sources"]} == {"unknown"}
