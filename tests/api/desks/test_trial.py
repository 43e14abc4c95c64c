"""A condition tried on people before it is published: the count is the one publishing would give."""

from __future__ import annotations

import pytest
from house import KEY, House

from journeyfold.api.desks.snapshot import Snapshot
from journeyfold.api.desks.trial import tried
from journeyfold.core.condition_parse import parse
from journeyfold.core.instant import DAY_US

ORDER = {"order_id": "o", "total": 120.0, "currency": "EUR", "products": []}
CART = {"cart_id": "c", "total": 89.0, "currency": "EUR", "items": 1}


@pytest.fixture(scope="module")
def house():
    """Ann ordered 40 days ago, Ben yesterday, and Cleo put something into a cart yesterday."""
    house = House()
    house.track("Order Completed", ORDER, user="ann")
    house.wait(39 * DAY_US)
    house.track("Order Completed", ORDER, user="ben")
    house.track("Cart Updated", CART, user="cleo")
    house.track("Cart Updated", CART, user="robot", context={"bot": True})
    house.wait(DAY_US)
    return house


@pytest.fixture(scope="module")
def count(house):
    def counted(text, **asked):
        with house.state.read() as reader:
            look = Snapshot(reader, house.engine.compiled, KEY)
            return tried(look, house.log, parse(text), house.now_us, **asked)

    return counted


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('count("Order Completed", within="365d") >= 1', 2),
        ('count("Order Completed", within="30d") >= 1', 1),
        ("features.orders_30d >= 1", 1),
        ('recency("Order Completed") < "30d"', 1),
    ],
)
def test_a_window_inside_a_kept_one_is_read_from_it(count, text, matches):
    assert count(text).matches == matches


def test_a_window_nobody_keeps_is_read_from_the_records(count):
    assert count('count("Cart Updated", within="400d") >= 1').matches == 1


def test_wider_than_anything_kept_counts_what_was_before(count):
    assert count('count("Order Completed", within="1000d") >= 1').matches == 2


def test_each_line_has_its_own_count(count):
    told = count('count("Order Completed") >= 1 and count("Order Completed", within="30d") >= 1')
    assert (told.matches, told.lines, told.sampled) == (1, (2, 1), told.people)


def test_those_who_match_are_named(count, house):
    told = count('count("Order Completed", within="30d") >= 1')
    assert told.examples == (house.person("user_id", "ben").person,)


def test_what_a_decision_alone_knows_is_typed_and_not_counted(count):
    told = count('context.device == "mobile"', in_decision=True)
    assert (told.problems, told.sampled, told.matches) == ((), 0, 0)
    assert told.text == 'context.device == "mobile"'
