"""Workbooks and Avro files through the child process, and what is wrong with them."""

import datetime as dt
import importlib.util
import sys
from pathlib import Path

import fastavro
import pytest
from xlsx_kit import Formula, workbook

from journeyfold.collect.child import ImportFailed

_PATH = Path(__file__).with_name("import_kit.py")
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
kit = sys.modules["import_kit"]

HEAD = ["order", "email", "at", "total"]
DAY_46023 = 46023  # 2026-01-01 as Excel counts days
GOOD = [[1, "ann@example.com", DAY_46023 + 0.5, 9.99], [2, "bob@example.com", DAY_46023 + 1, 5]]


def shop(directory, rows=GOOD, head=HEAD, **read):
    workbook(directory / "orders.xlsx", {"Orders": (head, rows), "Empty": (["x"], [])})
    return kit.Shop(directory, {"excel": "orders.xlsx", **read}, **kit.ORDERS)


def test_a_row_of_a_sheet_becomes_an_event(tmp_path):
    account = (found := shop(tmp_path)).run()
    assert (account.appended, account.rows_read) == (2, 2)
    first = found.events[0]
    assert (first.id, first.properties["total"]) == ("1", 9.99)
    noon = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
    assert first.occurred_us == int(noon.timestamp()) * 1_000_000


def test_a_workbook_that_is_read_twice_appends_nothing(tmp_path):
    (found := shop(tmp_path)).run()
    assert found.run().appended == 0


def test_a_formula_is_what_was_last_shown_and_never_runs(tmp_path):
    rows = [[1, Formula('CMD("rm")'), DAY_46023, 1]]
    (found := shop(tmp_path, rows)).run()
    assert found.events[0].identifiers[0].value == "42"


def test_a_bad_cell_is_held_with_its_row_and_the_rest_imported(tmp_path):
    rows = [[n, "a@example.com", DAY_46023, 1] for n in range(20)]
    rows.append([99, "a@example.com", DAY_46023, "much"])
    found = shop(tmp_path, rows, types={"total": "float"})
    account = found.run()
    assert (account.appended, account.quarantined) == (20, 1)
    assert "row 22, column 'total'" in str(account)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sheet": "Order"}, "has no sheet 'Order'; it has: Orders, Empty"),
        ({"types": {"sum": "int"}}, "no column 'sum'"),
        ({"head": ["order", "email", "at", "at"]}, "more than one column named 'at'"),
        ({"head": ["order", "email", "", "total"]}, "column 3 has no name"),
    ],
)
def test_a_wrong_sheet_is_one_sentence(tmp_path, change, says):
    with pytest.raises(ImportFailed, match=says):
        shop(tmp_path, **change).run()


def test_a_file_that_is_no_workbook_is_one_sentence(tmp_path):
    (tmp_path / "orders.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(ImportFailed, match="cannot be read as a workbook"):
        kit.Shop(tmp_path, {"excel": "orders.xlsx"}, **kit.ORDERS).run()


SCHEMA = {
    "type": "record",
    "name": "Order",
    "fields": [
        {"name": "order", "type": "string"},
        {"name": "email", "type": ["null", "string"]},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "total", "type": "double"},
        {"name": "note", "type": ["null", {"type": "map", "values": "string"}]},
    ],
}
AT = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


def avro(directory, count=2):
    rows = [
        {"order": str(n), "email": "a@example.com", "at": AT, "total": 9.99, "note": {"a": "b"}}
        for n in range(count)
    ]
    with (directory / "orders.avro").open("wb") as file:
        fastavro.writer(file, SCHEMA, rows, sync_interval=500)
    return kit.Shop(directory, {"avro": "orders.avro"}, **kit.ORDERS)


def test_a_record_of_an_avro_file_becomes_an_event(tmp_path):
    (found := avro(tmp_path)).run()
    event = found.events[0]
    assert (event.id, event.occurred_us) == ("0", int(AT.timestamp()) * 1_000_000)


def test_a_torn_avro_file_is_one_sentence_and_nothing_is_written(tmp_path):
    found = avro(tmp_path, 3_000)
    whole = (tmp_path / "orders.avro").read_bytes()
    (tmp_path / "orders.avro").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ImportFailed, match="ends or breaks after record"):
        found.run()
    assert found.events == []


def test_a_file_that_is_no_avro_is_one_sentence(tmp_path):
    (tmp_path / "orders.avro").write_bytes(b"order,email\n")
    with pytest.raises(ImportFailed, match="no Avro container file"):
        kit.Shop(tmp_path, {"avro": "orders.avro"}, **kit.ORDERS).run()
