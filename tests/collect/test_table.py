"""Imports of Parquet files and SQL queries (collect C40, section 6; trust SEC-17)."""

import importlib.util
import sys
from pathlib import Path

import duckdb
import pytest

from journeyfold.collect.child import ImportFailed

_PATH = Path(__file__).with_name("import_kit.py")
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
kit = sys.modules["import_kit"]

ORDER = (
    "'o' || i AS order, 'a@example.com' AS email, TIMESTAMP '2026-07-01 12:00' AS at, 1.5 AS total"
)
GROUPED = kit.ORDERS | {
    "group": ["order"],
    "fields": kit.ORDERS["fields"] | {"occurred": "min(rows, item.at)"},
}


def parquet(directory, select, name="orders.parquet"):
    path = directory / name
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def shop_of(directory, select, **keys):
    parquet(directory, select)
    read = {"parquet": "orders.parquet"} | keys.pop("read", {})
    return kit.Shop(directory, read, **(kit.ORDERS | keys))


def test_a_naive_timestamp_is_read_in_the_time_zone_of_the_source(tmp_path):
    shop = shop_of(tmp_path, f"SELECT {ORDER} FROM range(1) t(i)", time_zone="Europe/Berlin")
    shop.run()
    assert shop.events[0].occurred_us == kit.instant_us("2026-07-01T10:00:00Z")


def test_not_a_number_and_infinity_become_nothing(tmp_path):
    row = ORDER.replace("1.5", "v")
    select = f"SELECT {row} FROM (VALUES (1, 'nan'::DOUBLE), (2, 'inf'::DOUBLE)) t(i, v)"
    shop = shop_of(tmp_path, select)
    shop.run()
    assert [event.properties for event in shop.events] == [{}, {}]


def test_an_infinite_timestamp_is_no_time_and_costs_its_row_only(tmp_path):
    row = ORDER.replace("TIMESTAMP '2026-07-01 12:00'", "v")
    values = "('infinity'::TIMESTAMP), ('290000-01-01'::TIMESTAMP), ('2026-07-01'::TIMESTAMP)"
    row = row.replace("i AS order", "row_number() OVER () AS order")
    account = shop_of(tmp_path, f"SELECT {row} FROM (VALUES {values}) t(v)").run()
    assert (account.appended, account.quarantined) == (1, 2)


def test_a_half_written_file_is_one_sentence(tmp_path):
    shop = shop_of(tmp_path, f"SELECT {ORDER} FROM range(1000) t(i)")
    path = tmp_path / "orders.parquet"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ImportFailed, match=r"orders\.parquet is not a whole Parquet file"):
        shop.run()
    assert shop.events == []


def test_a_missing_column_of_a_table_is_named_with_those_present(tmp_path):
    select = f"SELECT * EXCLUDE email FROM (SELECT {ORDER} FROM range(1) t(i))"
    with pytest.raises(ImportFailed, match="no column 'email'; it has: order, at, total"):
        shop_of(tmp_path, select).run()


def test_a_column_of_the_wrong_type_is_refused_before_the_first_row(tmp_path):
    select = f"SELECT * REPLACE (1.5 AS email) FROM (SELECT {ORDER} FROM range(1) t(i))"
    with pytest.raises(ImportFailed, match="ids are text or whole numbers"):
        shop_of(tmp_path, select).run()


def test_a_bomb_fails_for_memory_and_leaves_the_log_alone(tmp_path):
    huge = "repeat('x', 1000000) AS note"
    shop = shop_of(
        tmp_path,
        f"SELECT {ORDER}, {huge} FROM range(5000) t(i)",
        read={"memory": "640MiB"},
        **(GROUPED | {"group": ["note"]}),
    )
    assert (tmp_path / "orders.parquet").stat().st_size < 2_000_000
    with pytest.raises(ImportFailed) as failure:
        shop.run()
    assert failure.value.reason == "memory", str(failure.value)
    assert shop.log.head() == (-1, 0)


def test_a_query_sees_its_tables_and_nothing_else(tmp_path):
    parquet(tmp_path, f"SELECT {ORDER} FROM range(3) t(i)")
    parquet(tmp_path, "SELECT 1 AS secret", "secret.parquet")
    read = {"sql": "SELECT * FROM orders WHERE total > 1", "tables": {"orders": "orders.parquet"}}
    assert kit.Shop(tmp_path, read, **kit.ORDERS).run().appended == 3
    spying = read | {"sql": f"SELECT * FROM orders, '{tmp_path}/secret.parquet'"}
    with pytest.raises(ImportFailed, match="cannot be read"):
        kit.Shop(tmp_path, spying, **kit.ORDERS).run()


def test_an_endless_query_ends_with_its_cpu_time(tmp_path):
    read = {"sql": "SELECT 1 AS order FROM range(1000000000000) t(i) WHERE i = -1", "cpu": "1s"}
    with pytest.raises(ImportFailed) as failure:
        kit.Shop(tmp_path, read, **kit.ORDERS).run()
    assert failure.value.reason == "cpu"
