"""Journeys in the engine: the same bytes in any batch, merges and splits, versions that stay."""

import pytest
from house import House, everything

from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

CART = {"cart_id": "c1", "total": 89.0, "items": 1}
JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
exit: [{event: Order Completed, reason: bought}]
goal: {event: Order Completed, within: 7d, value: properties.total}
steps:
  - {id: pause, wait: {for: 5m}}
  - {id: draw, split: {salt: s, arms: {a: {weight: 50}, b: {weight: 50, goto: done}}}}
  - {id: choose, decide: {placement: cart-popup, save: offer}}
  - {id: night, wait: {until: "09:00"}}
  - {id: done, wait: {local_days: 2}}
"""


def quiet_shop():
    """The shop without its own journeys."""
    own = ("journeys/", "templates/", "tests/")
    return {path: text for path, text in template_files("shop").items() if not path.startswith(own)}


def project(journey=JOURNEY, **more):
    return load(quiet_shop() | {"journeys/cart.yaml": journey} | more)


def names(house, person):
    return [(each.step, each.reason) for each in person.journeys]


def exits(house):
    return [emit.properties["reason"] for emit in house.emitted("journey.exited")]


def busy(house):
    for number in range(40):
        user = f"u{number % 5}"
        house.now_us += 97 * MINUTE_US
        house.track("Cart Updated", {**CART, "cart_id": f"c{number % 11}"}, user=user)
        if number % 7 == 0:
            house.track("Order Completed", {"order_id": f"o{number}", "total": 10.0}, user=user)
        if number % 9 == 0:
            house.track(
                "Cart Updated", {**CART, "cart_id": f"c{number}"}, anonymous=f"a{number % 3}"
            )
        if number % 13 == 0:
            house.track(
                "Identify", type_="identify", user=user, anonymous=f"a{number % 3}",
                traits={"timezone": "Asia/Tokyo"},
            )  # fmt: skip
        if number % 4 == 0:
            house.wait(MINUTE_US)
    house.wait(20 * DAY_US)


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_a_rebuild_with_journeys_gives_the_same_bytes_whatever_the_batch_size(batch):
    house = House(project())
    busy(house)
    assert len(house.emitted("journey.entered")) > 20
    assert everything(house.rebuilt(batch)) == everything(house.state)


def test_a_wait_of_a_journey_is_over_though_nothing_arrives():
    house = House(project())
    house.track("Cart Updated", CART, user="ann")
    house.wait(5 * MINUTE_US)
    (run,) = house.person("user_id", "ann").journeys
    assert run.step in {"night", "done"}
    assert run.steps >= 2


def test_the_wake_of_a_person_is_the_earlier_of_segments_and_journeys():
    house = House(project())
    house.track("Cart Updated", CART, user="ann")
    ann = house.person("user_id", "ann")
    assert ann.wake_us == ann.journeys_due_us == house.now_us + 5 * MINUTE_US


def test_jt12_of_two_people_who_become_one_the_run_that_got_further_stays():
    house = House(project())
    house.track("Cart Updated", CART, anonymous="a1")
    house.wait(6 * MINUTE_US)
    house.track("Cart Updated", CART, user="ann")
    assert len(house.person("user_id", "ann").journeys) == 1
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    running = [each for each in house.person("user_id", "ann").journeys if not each.ended_us]
    assert len(running) == 1
    assert running[0].steps >= 2
    assert exits(house) == ["merged"]


def test_jt12_a_run_that_has_ended_ends_no_other_when_two_people_become_one():
    house = House(project())
    house.track("Cart Updated", CART, anonymous="a1")
    house.track("Order Completed", {"order_id": "o1", "total": 1.0}, anonymous="a1")
    house.track("Cart Updated", CART, user="ann")
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    running = [each for each in house.person("user_id", "ann").journeys if not each.ended_us]
    assert (len(running), exits(house)) == (1, ["bought"])


def test_jt12_of_two_runs_that_wait_for_one_event_one_hears_it():
    waits = """
entry: [{event: Cart Updated, key: properties.cart_id}]
steps:
  - {id: w, wait_for: {any: [{event: Checkout Started, goto: heard}], timeout: 1d}}
  - {id: gone, exit: silent}
  - {id: heard, wait: {for: 1d}}
"""
    house = House(project(waits))
    house.track("Cart Updated", CART, anonymous="a1")
    house.track("Cart Updated", CART, user="ann")
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    house.track("Checkout Started", {"cart_id": "c1"}, user="ann")
    running = [each for each in house.person("user_id", "ann").journeys if not each.ended_us]
    assert [each.step for each in running] == ["heard"]
    assert exits(house) == ["merged"]


def test_runs_of_different_keys_stay_both_when_two_people_become_one():
    house = House(project())
    house.track("Cart Updated", {**CART, "cart_id": "x"}, anonymous="a1")
    house.track("Cart Updated", {**CART, "cart_id": "y"}, user="ann")
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    assert sorted(each.key for each in house.person("user_id", "ann").journeys) == ["x", "y"]
    assert exits(house) == []


def test_a_goal_counts_for_the_person_the_run_became():
    house = House(project())
    house.track("Cart Updated", CART, anonymous="a1")
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    house.track("Order Completed", {"order_id": "o1", "total": 12.5}, user="ann")
    (goal,) = house.emitted("journey.goal")
    assert goal.properties["value_micros"] == 12_500_000
    assert exits(house) == ["bought"]


def test_jt22_who_is_in_stays_in_their_version_and_who_comes_enters_the_new_one():
    house = House(project())
    house.track("Cart Updated", CART, user="ann")
    house.wait(MINUTE_US)
    house.activate(project(JOURNEY.replace("{for: 5m}", "{for: 3h}")))
    house.track("Cart Updated", CART, user="bob")
    house.wait(HOUR_US)
    (anns,), (bobs,) = (house.person("user_id", who).journeys for who in ("ann", "bob"))
    assert anns.version != bobs.version
    assert (anns.step != "pause", bobs.step) == (True, "pause")
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_jt22_a_journey_that_is_removed_lets_nobody_in_and_those_inside_go_on():
    house = House(project())
    house.track("Cart Updated", CART, user="ann")
    house.wait(MINUTE_US)
    house.activate(load(quiet_shop()))
    house.track("Cart Updated", CART, user="bob")
    house.wait(HOUR_US)
    assert house.person("user_id", "bob").journeys == []
    assert house.person("user_id", "ann").journeys[0].step != "pause"
    assert everything(house.rebuilt(1)) == everything(house.state)


def test_a_decision_in_a_journey_is_told_with_its_reasons():
    house = House(project(JOURNEY.replace("{weight: 50}", "{weight: 100}").replace(
        "{weight: 50, goto: done}", "{weight: 0, goto: done}"
    )))  # fmt: skip
    house.track("Cart Updated", CART, user="ann")
    house.wait(5 * MINUTE_US)
    (decided,) = house.emitted("journey.decided")
    assert decided.properties["placement"] == "cart-popup"
    assert decided.properties["decision"]["placements"]


def test_a_decision_in_a_journey_obeys_caps():
    house = House(project(JOURNEY.replace("{weight: 50}", "{weight: 100}").replace(
        "{weight: 50, goto: done}", "{weight: 0, goto: done}"
    )))  # fmt: skip
    for who in ("ann", "bob"):
        house.track("Cart Updated", CART, user=who)
    for number in range(9):
        shown = {"offer": "ten-percent", "placement": "cart-popup", "decision_id": f"d{number}"}
        house.track("Offer Shown", shown, user="ann")
    house.wait(5 * MINUTE_US)
    offers = {
        emit.person: [
            item["offer"] for item in emit.properties["decision"]["placements"][0]["items"]
        ]
        for emit in house.emitted("journey.decided")
    }
    ann, bob = (house.person("user_id", who).person for who in ("ann", "bob"))
    assert (offers[ann], offers[bob]) == ([], ["ten-percent"])


def test_consent_stated_for_somebody_else_is_no_event_of_theirs():
    listens = JOURNEY.replace(
        "event: Cart Updated, key: properties.cart_id", "event: Consent Updated"
    )
    house = House(project(listens))
    house.track("Identify", type_="identify", user="bob", anonymous="a1")
    house.wait(MINUTE_US)
    granted = {"purposes": {"analytics": "granted"}}
    house.track("Consent Updated", granted, user="ann", anonymous="a1")  # a1 stays bob's
    ann, bob = (house.person("user_id", who) for who in ("ann", "bob"))
    assert len(bob.consents) == 2  # it was stated for his device, too
    assert (len(ann.journeys), len(bob.journeys)) == (1, 0)


def test_the_number_of_people_in_a_journey_is_kept():
    from journeyfold.project.people import sizes

    house = House(project())
    for who in ("ann", "bob"):
        house.track("Cart Updated", CART, user=who)
    house.track("Order Completed", {"order_id": "o1", "total": 1.0}, user="ann")
    with house.state.read() as reader:
        assert sizes(reader)["journey/cart"] == 1
