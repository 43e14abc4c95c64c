"""New borders of a population come to people as they are then, not as they were left (journeys E1)."""

from house import House, system

from journeyfold.core.instant import HOUR_US, MINUTE_US


def test_what_was_due_before_new_cut_points_happened_at_its_own_instant():
    house = House()
    house.track("Cart Updated", {"cart_id": "c1", "total": 9.0, "items": 1}, user="ann")
    cart_us = house.now_us
    house.now_us += HOUR_US  # nobody let time pass meanwhile
    house.append(system("cutpoints.updated", house.now_us, {"cuts": {}}), "cutpoints")
    membership = house.person("user_id", "ann").memberships["cart-abandoned"]
    assert cart_us + 5 * MINUTE_US <= membership.since_us < cart_us + HOUR_US
