"""Proposals from the log: files to review, never in force (Q09)."""

import json

from journeyfold.cli.main import run
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US
from journeyfold.core.ports import Entry
from journeyfold.runtime.inferring import inferred


def send(workspace, number, name, properties, at_us, source="shop_web"):
    event = Event(
        id=f"e{number}", name=name, type="track", source=source,
        identifiers=(Identifier("user_id", "ann"),), occurred_us=at_us, received_us=at_us,
        properties=properties,
    )  # fmt: skip
    workspace.log.append([Entry(event, "event", number, ())], now_us=at_us)


def test_only_the_days_source_and_event_asked_for_are_read(shop):
    now_us = shop.clock.now_us() + 30 * DAY_US
    send(shop, 1, "Old", {"a": 1}, now_us - 9 * DAY_US)
    send(shop, 2, "New", {"a": 1}, now_us)
    send(shop, 3, "New", {"b": 1}, now_us, source="shop_server")
    send(shop, 4, "Other", {"c": 1}, now_us)
    since_us = now_us - 7 * DAY_US
    assert [each.name for each in inferred(shop.log, since_us)] == ["New", "Other"]
    (new,) = inferred(shop.log, since_us, "shop_web", "New")
    assert list(new.document["properties"]) == ["a"]


def test_a_proposal_is_a_file_that_is_not_in_force(shop, capsys):
    now_us = shop.clock.now_us()
    send(shop, 1, "Order Completed", {"order_id": "a", "gift": True}, now_us)
    send(shop, 2, "Wish Made", {"sku": "a"}, now_us)
    where = ["--project", str(shop.place.directory)]
    assert run(["schema", "infer", *where]) == 0
    assert "2 proposals; none is in force" in capsys.readouterr().out
    folder = shop.place.directory / "proposals"
    assert sorted(path.name for path in folder.iterdir()) == [
        "order_completed.2.json", "wish_made.1.json",
    ]  # fmt: skip
    told = json.loads((folder / "order_completed.2.json").read_text())
    assert told["x-journeyfold"]["version"] == 2
    assert told["x-journeyfold"]["owner"] == "web-team@example.com"
    assert run(["check", *where]) == 0


def test_an_avro_schema_is_imported_as_a_proposal(shop, tmp_path, capsys):
    file = tmp_path / "wish.avsc"
    fields = [{"name": "sku", "type": "string"}]
    file.write_text(json.dumps({"type": "record", "name": "WishMade", "fields": fields}))
    where = ["--project", str(shop.place.directory)]
    assert run(["schema", "import", str(file), *where]) == 0
    assert "wish_made.1.json: Wish Made" in capsys.readouterr().out.replace("\n", "")
    assert (shop.place.directory / "proposals" / "wish_made.1.json").exists()
    file.write_text("[]")
    assert run(["schema", "import", str(file), *where]) == 64
    assert "wish.avsc: the outermost type must be a record" in capsys.readouterr().err
