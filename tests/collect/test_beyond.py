"""Rows of an import beyond a limit wait in quarantine with their line, and come in once it is mended."""

import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest

from journeyfold.collect.admit import Verdict, gate_of, replay
from journeyfold.core.ports import Entry
from journeyfold.quality.registry import load_registry

_PATH = Path(__file__).with_name("import_kit.py")
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
kit = sys.modules["import_kit"]

MAPPED = {
    "map": [{"event": "Seen"}],
    "fields": {
        "id": ["id"], "occurred": "row.at", "identifiers": {"user_id": "as_string(row.user)"},
        "properties": {"n": "row.n"},
    },
}  # fmt: skip
COLUMNS = {"types": {"id": "string", "user": "string", "at": "timestamp", "n": "any"}}
GOOD = {"id": "g", "user": "u9", "at": "2026-01-01T00:00:00Z", "n": 1}
WIRE = {"type": "track", "event": "Seen", "userId": "u1", "timestamp": "2026-01-01T00:00:00Z"}


def deep(levels):
    value = 1
    for _ in range(levels):
        value = {"a": value}
    return value


BEYOND = [
    (deep(40), "too_deep", {"max_depth": 64}),
    ({f"k{i}": i for i in range(60)}, "too_many_properties", {"max_members": 100}),
    ("x" * 50_000, "event_too_large", {"max_event": "1MiB"}),
]
SMALL = {"max_members": 50, "max_event": "32KiB"}


def shop_of(directory, rows, limits=SMALL, **keys):
    lines = [msgspec.json.encode(row).decode() for row in rows]
    return kit.ndjson_shop(directory, lines, limits=limits, **keys)


def mapped_shop(directory, n, **keys):
    rows = [GOOD, {"id": "b", "user": "u1", "at": "2026-01-01T00:00:00Z", "n": n}]
    return shop_of(directory, rows, read=COLUMNS, **(MAPPED | keys))


def wire_shop(directory, n, **keys):
    bad = WIRE | {"messageId": "b", "properties": {"n": n}}
    return shop_of(directory, [WIRE | {"messageId": "g"}, bad], preset="wire", **keys)


SHOPS = pytest.mark.parametrize("shop_with", [mapped_shop, wire_shop])


def mended(gate, limits):
    source = msgspec.convert(
        msgspec.to_builtins(gate.source) | {"limits": limits}, type(gate.source)
    )
    return gate_of(source, load_registry({}), protect=kit.allow_all, nodes_of=kit.nodes_of)


@SHOPS
@pytest.mark.parametrize(("n", "code", "_limits"), BEYOND)
def test_a_row_beyond_a_limit_is_held_with_its_line(tmp_path, shop_with, n, code, _limits):
    account = (shop := shop_with(tmp_path, n)).run()
    (row,) = shop.held
    assert (account.appended, account.quarantined, account.rejected) == (1, 1, 0)
    assert (row.held.code, row.held.detail.partition(":")[0]) == (code, "line 2")


@SHOPS
@pytest.mark.parametrize(("n", "_code", "limits"), BEYOND)
def test_it_comes_in_whole_once_the_limit_is_mended(tmp_path, shop_with, n, _code, limits):
    (shop := shop_with(tmp_path, n)).run()
    (row,) = shop.held
    entry = replay(mended(shop.gate, SMALL | limits), row.held)
    assert isinstance(entry, Entry)
    assert (entry.event.id, entry.event.properties) == ("b", {"n": n})


@SHOPS
@pytest.mark.parametrize(("n", "code", "_limits"), BEYOND)
def test_it_stays_while_the_limit_is_as_it_was(tmp_path, shop_with, n, code, _limits):
    (shop := shop_with(tmp_path, n)).run()
    (row,) = shop.held
    assert replay(shop.gate, row.held).code == code


def test_what_it_becomes_is_the_event_that_a_roomier_import_would_have_made(tmp_path):
    n, _code, limits = BEYOND[2]
    (shop := mapped_shop(tmp_path, n)).run()
    (row,) = shop.held
    entry = replay(mended(shop.gate, SMALL | limits), row.held)
    shop.gate = mended(shop.gate, SMALL | limits)
    assert shop.run(start="start").appended == 1
    (record,) = (each for each in shop.log.read(-1, 10) if each.event.id == "b")
    assert (record.event, record.event.id) == (entry.event, "b")


@SHOPS
def test_it_is_held_once_however_often_the_file_is_imported(tmp_path, shop_with):
    (shop := shop_with(tmp_path, deep(40))).run()
    shop.run(start="start")
    assert len(shop.held) == 1


@SHOPS
def test_nothing_is_kept_of_a_row_that_privacy_refuses_too(tmp_path, shop_with):
    account = (shop := shop_with(tmp_path, deep(40), protect=kit.deny_all)).run()
    assert (account.rejected, shop.events, shop.held) == (2, [], [])


@SHOPS
def test_what_privacy_takes_away_is_not_held_either(tmp_path, shop_with):
    def without_identifiers(event, _nodes):
        return Verdict(msgspec.structs.replace(event, identifiers=()))

    (shop := shop_with(tmp_path, deep(40), protect=without_identifiers)).run()
    assert "u1" not in shop.held[-1].held.message.decode()


@SHOPS
def test_of_what_is_deeper_than_anything_is_kept_its_place_alone_is_held(tmp_path, shop_with):
    account = (shop := shop_with(tmp_path, deep(900))).run()
    (row,) = shop.held
    assert (account.appended, row.held.code, row.held.pointer) == (1, "too_deep", "/line/2")
    assert len(row.held.message) < 200


def test_above_4_mib_its_place_alone_is_held(tmp_path):
    account = (shop := mapped_shop(tmp_path, "x" * 5_000_000)).run()
    (row,) = shop.held
    assert (account.appended, row.held.code, row.held.pointer) == (1, "event_too_large", "/line/2")
    assert len(row.held.message) < 200


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"type": "track", "event": "Seen"}, "no_identity"),
        ({"type": "purchase", "userId": "u1"}, "unknown_type"),
        (WIRE | {"timestamp": "yesterday"}, "bad_timestamp"),
        (WIRE | {"event": ""}, "no_name"),
    ],
)
def test_a_line_that_is_no_message_is_held_with_its_line(tmp_path, row, code):
    shop = shop_of(tmp_path, [WIRE | {"messageId": "g"}, row], preset="wire")
    account = shop.run()
    assert (account.appended, account.rejected) == (1, 0)
    assert [(each.held.code, each.held.pointer) for each in shop.held] == [(code, "/line/2")]


def test_a_row_that_the_plan_holds_says_its_line(tmp_path):
    (shop := mapped_shop(tmp_path, 2, plan={"unknown_event": "quarantine"})).run()
    assert [each.held.detail.partition(":")[0] for each in shop.held] == ["line 1", "line 2"]
