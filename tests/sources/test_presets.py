import msgspec
import pytest

from journeyfold.sources.inventory import Source
from journeyfold.sources.mapping import compile_mapping
from journeyfold.sources.presets import with_preset

ORDER = {
    "order_id": "string", "customer_id": "string", "ordered_at": "timestamp", "sku": "string",
    "name": "string", "quantity": "int", "unit_price": "float", "currency": "string",
}  # fmt: skip
LINE = ("o1", "c1", 5, "S1", "Shoe", 2, 10.5, "EUR")


def source(preset, **keys):
    base = {"source": "s", "kind": "import", "preset": preset, "read": {"csv": "x"}}
    return msgspec.convert(base | keys, Source)


def test_orders_makes_one_event_of_the_lines_of_an_order():
    outcome = compile_mapping(source("orders"), ORDER, "f", 1).map(2, [LINE, LINE])
    assert (outcome.event.name, outcome.event.properties["total"]) == ("Order Completed", 42.0)
    assert len(outcome.event.properties["products"]) == 2


def test_orders_below_zero_are_refunds_and_nobodys_orders_are_filtered():
    mapping = compile_mapping(source("orders"), ORDER, "f", 1)
    back, nobody = (*LINE[:5], -2, *LINE[6:]), ("o1", None, *LINE[2:])
    assert mapping.map(2, [back]).event.name == "Order Refunded"
    assert mapping.map(2, [nobody]).reason == "no_customer"


def test_what_the_file_says_wins_over_the_preset():
    given = source("orders", group=["invoice"])
    assert with_preset(given).group == ("invoice",)
    assert with_preset(given).map != ()


def test_contacts_are_identified_by_version():
    columns = {
        "contact_id": "string",
        "updated_at": "timestamp",
        "email": "string",
        "CITY": "string",
    }
    given = source("contacts", columns=[{"from": "CITY", "to": "traits.city"}])
    event = compile_mapping(given, columns, "f", 1).map(2, [("c9", 0, None, "Graz")]).event
    assert (event.id, event.type, event.traits) == (
        "c9/1970-01-01T00:00:00Z",
        "identify",
        {"city": "Graz"},
    )


def test_messages_of_the_wire_pass_through():
    given = source("wire", read={"ndjson": "x"})
    outcome = compile_mapping(given, {}, "f", 1).map(3, [({"type": "track"},)])
    assert (outcome.message, outcome.line) == ({"type": "track"}, 3)


@pytest.mark.parametrize(
    "keys", [{"read": {"csv": "x"}}, {"read": {"ndjson": "x"}, "group": ["a"]}]
)
def test_the_wire_is_neither_mapped_nor_read_from_a_table(keys):
    with pytest.raises(ValueError, match="preset: wire"):
        with_preset(source("wire", **keys))
