"""The context of a call has types before any condition sees it (segments C4, C5)."""

import pytest

from journeyfold.decide.context import BadContext, typed_context

SCHEMA = {"s": "string", "i": "int", "f": "float", "b": "bool", "t": "timestamp"}


@pytest.mark.parametrize(
    ("name", "value", "typed"),
    [
        ("s", "x", "x"),
        ("i", 3, 3),
        ("f", 1.5, 1.5),
        ("f", 2, 2.0),
        ("b", False, False),
        ("t", "1970-01-01T00:00:01Z", 1_000_000),
    ],
)
def test_a_value_of_its_type_passes(name, value, typed):
    context = typed_context({name: value}, SCHEMA)
    assert context == {name: typed}
    assert type(context[name]) is type(typed)


@pytest.mark.parametrize(
    ("name", "value"),
    [("s", 1), ("i", 1.0), ("i", True), ("f", "1"), ("f", True), ("b", 1), ("t", "noon"), ("t", 5)],
)
def test_a_value_of_another_type_is_named(name, value):
    assert typed_context({name: value}, SCHEMA) == BadContext(name, SCHEMA[name])


def test_null_and_what_nobody_asks_for_are_left_out():
    assert typed_context({"s": None, "other": 1}, SCHEMA) == {}


def test_placements_add_to_the_built_in_names(shop):
    book = shop.catalogue([shop.offer("a")], [shop.placement(context={"cart_value": "float"})])
    assert book.context["cart_value"] == "float"
    assert {"page", "device", "locale", "timezone", "country"} <= set(book.context)
