"""A catalogue through the door: rows about things need nobody's identifier."""

import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest

_PATH = Path(__file__).with_name("import_kit.py")
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
kit = sys.modules["import_kit"]

HEAD = "sku,updated_at,name,category,brand,price,currency,availability,url,image_url\n"
ROW = "S1,2026-01-0{0}T00:00:00Z,Shoe,shoes,acme,{0}9.99,EUR,in stock,u,i\n"


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "products.csv").write_text(HEAD + ROW.format(1) + ROW.format(2))
    read = {"csv": "products.csv", "types": {"updated_at": "timestamp", "price": "float"}}
    found = kit.Shop(tmp_path, read, preset="products")
    found.gate = msgspec.structs.replace(found.gate, nodes_of=lambda _event: ((), False))
    return found


def test_each_version_of_a_product_is_a_record_of_nobody(shop):
    account = shop.run()
    assert (account.appended, account.quarantined) == (2, 0)
    assert [event.properties["price"] for event in shop.events] == [19.99, 29.99]
    assert all(event.identifiers == () for event in shop.events)


def test_reading_the_catalogue_again_appends_nothing(shop):
    shop.run()
    assert shop.run().duplicate == 2
