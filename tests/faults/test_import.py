"""Files that cannot be imported: one clear sentence, exit code not 0, nothing appended."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from live import run_cli

from journeyfold.runtime.workspace import Workspace, place_of

HEAD = "order_id,customer_id,ordered_at,sku,name,category,quantity,price,country\n"
ROW = "{0},c{0},2026-01-01 10:00,S1,Shoe,shoes,1,10.0,DE\n"
WHOLE = HEAD + "".join(ROW.format(number) for number in range(40))


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    run_cli(tmp_path_factory.mktemp("import"), "init", "shop", "--template", "shop")
    return next(tmp_path_factory.getbasetemp().glob("import*/shop"))


@pytest.fixture(scope="module")
def parquet_shop(tmp_path_factory):
    place = tmp_path_factory.mktemp("parquet")
    run_cli(place, "init", "shop", "--template", "shop")
    source = place / "shop/sources/shop_orders.yaml"
    text = source.read_text()
    start, end = text.index("read:"), text.index("group:")
    read = 'read: {parquet: "${env:SHOP_ORDERS}"}\n'
    source.write_text(text[:start] + read + text[end:])
    return place / "shop"


def imported(shop, file, check=False):
    done = run_cli(shop, "import", "shop_orders", "--json", check=check, SHOP_ORDERS=str(file))
    assert "Traceback" not in done.stderr
    return done


def refusal(shop, file):
    """The one sentence; nothing may have been appended."""
    done = imported(shop, file)
    assert done.returncode == 64
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    workspace = Workspace(place_of(shop, None))
    sources = [tally.source for tally in workspace.log.marks.totals() if tally.appended]
    workspace.close()
    assert "shop_orders" not in sources
    return lines[0].removeprefix("journeyfold: import shop_orders failed: file: ")


def test_a_csv_with_wrong_columns_names_those_missing_and_those_there(shop, tmp_path):
    (tmp_path / "wrong.csv").write_text("order,customer\no1,c1\n")
    assert refusal(shop, tmp_path / "wrong.csv") == (
        "wrong.csv has no columns 'ordered_at', 'quantity', 'price'; it has: order, customer"
    )


def test_a_csv_that_is_still_being_written_is_refused_whole(shop, tmp_path):
    (tmp_path / "half.csv").write_text(WHOLE[:-25])
    told = refusal(shop, tmp_path / "half.csv")
    assert told.startswith("half.csv stops in the middle of its last line")


def test_a_file_that_is_not_there_is_said(shop, tmp_path):
    assert refusal(shop, tmp_path / "no.csv") == f"there is no file {tmp_path / 'no.csv'}"


def test_a_parquet_file_with_wrong_columns_names_those_missing_and_those_there(
    parquet_shop, tmp_path
):
    pq.write_table(pa.table({"order": ["o1"], "customer": ["c1"]}), tmp_path / "wrong.parquet")
    told = refusal(parquet_shop, tmp_path / "wrong.parquet")
    assert told == "wrong.parquet has no column 'order_id'; it has: order, customer"


def test_a_parquet_file_that_is_still_being_written_is_refused(parquet_shop, tmp_path):
    pq.write_table(pa.table({"order_id": ["o1"] * 900}), tmp_path / "whole.parquet")
    content = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "half.parquet").write_bytes(content[: len(content) // 2])
    told = refusal(parquet_shop, tmp_path / "half.parquet")
    assert told.startswith("half.parquet is not a whole Parquet file; was it still being written?")


def test_the_whole_file_is_imported_after_all_that(shop, tmp_path):
    (tmp_path / "whole.csv").write_text(WHOLE)
    told = json.loads(imported(shop, tmp_path / "whole.csv", check=True).stdout)
    assert (told["rows_read"], told["appended"], told["rows_quarantined"]) == (40, 40, 0)
