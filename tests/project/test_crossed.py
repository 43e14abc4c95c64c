"""Two people with two arms of a draw become one: no analysis counts them (journeys E70)."""

import pytest
from house import House, everything

from journeyfold.core.instant import MINUTE_US
from journeyfold.project.figures import journey_figures
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
goal: {event: Order Completed, within: 7d, value: properties.total}
steps:
  - {id: draw, split: {salt: s, arms: {a: {weight: 50}, b: {weight: 50, goto: rest}}}}
  - {id: one, wait: {for: 5d}}
  - {id: rest, wait: {for: 5d}}
"""


def arms(house):
    with house.state.read() as reader:
        found = journey_figures(reader, "cart").total.arms
    return {each.arm: (each.lift.treated.people, each.lift.treated.goals) for each in found}


def cart(house, number, **who):
    house.track("Cart Updated", {"cart_id": f"c{number}", "total": 9.0, "items": 1}, **who)


@pytest.fixture
def pair():
    """Two visitors who were drawn differently, and the house they are in."""
    own = ("journeys/", "templates/", "tests/")
    files = {p: text for p, text in template_files("shop").items() if not p.startswith(own)}
    house = House(load(files | {"journeys/cart.yaml": JOURNEY}))
    cart(house, 0, user="ann")
    hers = house.person("user_id", "ann").journeys[0].arms["draw"]
    for number in range(1, 30):
        cart(house, number, anonymous=f"a{number}")
        theirs = house.person("anonymous_id", f"a{number}").journeys[0].arms["draw"]
        if theirs != hers:
            return house, f"a{number}", hers, theirs
    raise AssertionError("of thirty some are drawn differently")


def meet(house, device):
    house.now_us += MINUTE_US
    house.track("Identify", type_="identify", user="ann", anonymous=device)


def test_who_was_drawn_differently_is_of_no_arm_any_more(pair):
    house, device, hers, theirs = pair
    before = arms(house)
    meet(house, device)
    after = arms(house)
    assert {arm: before[arm][0] - after[arm][0] for arm in (hers, theirs)} == {hers: 1, theirs: 1}
    assert [run.arms for run in house.person("user_id", "ann").journeys] == [{}, {}]
    assert everything(house.rebuilt(3)) == everything(house.state)


def test_a_goal_that_was_reached_before_goes_with_them(pair):
    house, device, hers, _ = pair
    house.track("Order Completed", {"order_id": "o", "total": 12.0}, user="ann")
    assert arms(house)[hers][1] == 1
    meet(house, device)
    assert arms(house)[hers][1] == 0


def test_a_goal_and_a_new_run_afterwards_count_for_no_arm(pair):
    house, device, *_ = pair
    meet(house, device)
    before = arms(house)
    cart(house, 99, user="ann")
    house.track("Order Completed", {"order_id": "o", "total": 12.0}, user="ann")
    assert arms(house) == before
    assert len(house.emitted("journey.goal")) == 3


def test_who_was_drawn_alike_stays_in_their_arm(pair):
    house, _, hers, _ = pair
    for number in range(100, 130):
        cart(house, number, anonymous=f"a{number}")
        alike = house.person("anonymous_id", f"a{number}").journeys[0].arms["draw"] == hers
        if alike:
            break
    assert alike
    before = arms(house)
    meet(house, f"a{number}")
    assert arms(house) == before
