"""The engine over memory stores: what a batch of records does to people."""

import pytest
from house import House, everything

from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.project.people import series, sizes

CART = {"cart_id": "c1", "total": 89.0, "currency": "EUR", "items": 1}
ORDER = {"order_id": "o1", "total": 120.0, "currency": "EUR", "products": []}


def test_a_visitor_who_signs_in_becomes_one_person_with_the_customer():
    house = House()
    house.track("Product Viewed", {"sku": "S", "category": "shoes", "price": 10.0}, anonymous="a1")
    house.track("Identify", type_="identify", user="ann", anonymous="a1", traits={"country": "DE"})
    assert house.person("anonymous_id", "a1").person == house.person("user_id", "ann").person
    assert house.person("user_id", "ann").events == 2


def test_a_cart_left_for_five_minutes_is_abandoned_at_that_instant():
    house = House()
    house.track("Cart Updated", CART, user="ann")
    left_us = house.now_us
    house.wait(4 * MINUTE_US)
    assert "cart-abandoned" not in house.person("user_id", "ann").memberships
    house.wait(HOUR_US)
    assert (
        house.person("user_id", "ann").memberships["cart-abandoned"].since_us
        == left_us + 5 * MINUTE_US
    )
    assert [
        emit.at_us
        for emit in house.emitted("segment.entered")
        if emit.properties["segment"] == "cart-abandoned"
    ] == [left_us + 5 * MINUTE_US]


def test_an_order_ends_the_abandoned_cart():
    house = House()
    house.track("Cart Updated", CART, user="ann")
    house.wait(6 * MINUTE_US)
    house.track("Order Completed", ORDER, user="ann")
    assert "cart-abandoned" not in house.person("user_id", "ann").memberships
    with house.state.read() as reader:
        assert sizes(reader)["segment/cart-abandoned"] == 0
        assert sum(row[1] for row in series(reader, "segment/cart-abandoned")) == 1


def test_two_known_visitors_merge_and_their_orders_add_up():
    house = House()
    house.track("Order Completed", {**ORDER, "order_id": "o1"}, anonymous="a1")
    house.wait(DAY_US)
    house.track("Order Completed", {**ORDER, "order_id": "o2"}, anonymous="a2")
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    house.track("Identify", type_="identify", user="ann", anonymous="a2")
    ann = house.person("user_id", "ann")
    assert house.engine.compiled.feature_values(ann, house.now_us)["orders_30d"] == 2
    assert len(house.emitted("person.merged")) >= 1
    with house.state.read() as reader:
        assert sizes(reader)["people"] == 1


def busy(house):
    for number in range(60):
        user = f"u{number % 5}"
        house.now_us += 7 * MINUTE_US
        house.track(
            "Product Viewed",
            {"sku": f"S{number}", "category": "shoes", "price": 1.5},
            anonymous=f"a{number % 7}",
        )
        if number % 4 == 0:
            house.track("Cart Updated", CART, user=user)
        if number % 9 == 0:
            house.track(
                "Order Completed",
                {**ORDER, "order_id": f"o{number}"},
                user=user,
                anonymous=f"a{number % 7}",
            )
        if number % 6 == 0:
            house.track(
                "Identify",
                type_="identify",
                user=user,
                anonymous=f"a{number % 7}",
                traits={"country": "DE" if number % 2 else "AT"},
            )
        if number % 10 == 0:
            house.wait(MINUTE_US)
    house.wait(40 * DAY_US)


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_a_rebuild_gives_the_same_bytes_whatever_the_batch_size(batch):
    house = House()
    busy(house)
    assert everything(house.rebuilt(batch)) == everything(house.state)


def test_a_person_leaves_a_window_at_the_instant_though_nothing_arrives():
    house = House()
    for number in range(3):
        house.track("Order Completed", {"order_id": f"o{number}", "total": 200.0}, user="ann")
    assert "vip" in house.person("user_id", "ann").memberships
    ordered_us = house.now_us
    house.wait(400 * DAY_US)
    left = [each for each in house.emitted("segment.left") if each.properties["segment"] == "vip"]
    assert [each.at_us for each in left] == [ordered_us + 365 * DAY_US]


def test_members_who_become_one_are_told_apart_from_those_who_leave():
    house = House()
    house.track("Cart Updated", CART, user="ann")
    house.track("Cart Updated", CART, anonymous="a2")
    house.wait(HOUR_US)
    house.track("Identify", type_="identify", user="ann", anonymous="a2")
    with house.state.read() as reader:
        (entered, left, joined) = (
            sum(row[place] for row in series(reader, "segment/cart-abandoned"))
            for place in (1, 2, 3)
        )
        assert (entered, left, joined) == (2, 0, 1)
        assert sizes(reader)["segment/cart-abandoned"] == entered - left - joined


def test_time_finds_people_changed_earlier_in_the_same_batch():
    """The wake of somebody held in memory counts, not the one that was stored."""
    batched, single = House(), House()
    for house in (batched, single):
        house.track("Cart Updated", CART, user="ann")
        house.track("Cart Updated", CART, user="bob")
    fold, batched.fold = batched.fold, lambda: None
    for house in (batched, single):
        house.now_us += 4 * MINUTE_US
        house.track("Cart Updated", CART, user="ann")  # her five minutes begin anew
        house.wait(2 * MINUTE_US)
        house.track("Cart Updated", CART, user="zoe")
        house.wait(3 * MINUTE_US)
    batched.fold = fold
    batched.fold()
    assert everything(batched.state) == everything(single.state)
    entered = [each.person for each in batched.emitted("segment.entered")]
    assert entered == [each.person for each in single.emitted("segment.entered")]
