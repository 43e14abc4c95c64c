"""Who is in a journey, a page at a time, without a look at everybody for one page."""

import pytest
from house import House

from journeyfold.core.instant import MINUTE_US
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.project.under_way import UnderWay, under_way

CART = """
entry: [{event: Cart Updated, where: properties.total > 5}]
steps:
  - {id: pause, wait: {for: 5m}}
  - {id: rest, wait: {for: 2d}}
"""
OWN = ("journeys/", "templates/", "tests/")
FILES = {p: text for p, text in template_files("shop").items() if not p.startswith(OWN)}
FILES |= {"journeys/cart.yaml": CART}


@pytest.fixture(scope="module")
def house():
    """Of forty people every fourth is in it; the first has gone a step on."""
    house = House(load(FILES))
    house.track("Cart Updated", {"cart_id": "c", "total": 9.0}, user="u0")
    house.wait(6 * MINUTE_US)
    for number in range(1, 40):
        total = 0.0 if number % 4 else 9.0
        house.track("Cart Updated", {"cart_id": "c", "total": total}, user=f"u{number}")
    return house


def asked(house, step="", after="", limit=4, looked_max=1_000):
    with house.state.read() as reader:
        return under_way(reader, "cart", step, after, limit, looked_max)


def everybody(house, **more):
    found, after = [], ""
    while True:
        page = asked(house, after=after, **more)
        found += page.people
        if not page.next_after:
            return found
        assert page.next_after > after
        after = page.next_after


def ids(house, numbers):
    return sorted(house.person("user_id", f"u{number}").person for number in numbers)


@pytest.mark.parametrize("looked_max", [1, 3, 7, 1_000])
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_pages_together_are_everybody_in_it(house, limit, looked_max):
    found = everybody(house, limit=limit, looked_max=looked_max)
    assert found == ids(house, range(0, 40, 4))


def test_those_at_a_step(house):
    assert everybody(house, step="rest") == ids(house, [0])
    assert everybody(house, step="pause") == ids(house, range(4, 40, 4))


def test_a_page_looks_at_no_more_people_than_it_may(house):
    page = asked(house, limit=100, looked_max=5)
    assert len(page.people) <= 5
    assert page.next_after == ids(house, range(40))[4]


def test_the_last_page_has_no_next(house):
    assert asked(house, limit=10).next_after == ""
    assert asked(house, limit=9).next_after != ""


def test_nobody_is_in_a_journey_that_is_not_there(house):
    with house.state.read() as reader:
        assert under_way(reader, "none", "", "", 5) == UnderWay()
