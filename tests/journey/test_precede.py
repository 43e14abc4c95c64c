"""What ends a journey was heard before its entry (journeys E22)."""

from __future__ import annotations

import pytest

CART = """
entry: [{event: Cart Updated, key: properties.cart_id}]
exit: [{event: Order Completed, where: as_string(properties.cart_id) == entry.properties.cart_id, reason: bought}]
goal: {event: Order Completed, within: 7d, value: properties.total}
policy: {purpose: marketing}
steps:
  - {id: mail, send: {channel: email, template: hello}}
  - {id: w, wait: {for: 30d}}
"""


@pytest.fixture
def it(rig):
    made = rig(CART)
    made.reachable()
    return made


def exits(it):
    return [(told["reason"], told.get("late", False)) for told in it.emitted("journey.exited")]


def test_jt03_an_entry_whose_end_was_heard_before_opens_and_closes_and_sends_nothing(it):
    it.event("Order Completed", cart_id="1", total=40.0)
    it.event("Cart Updated", "2026-11-23T10:00:05Z", cart_id="1", late_s=60)
    assert exits(it) == [("bought", True)]
    assert (it.running, it.delivered) == ([], [])


def test_its_goal_counts(it):
    it.event("Order Completed", cart_id="1", total=40.0)
    it.event("Cart Updated", "2026-11-23T10:00:05Z", cart_id="1", late_s=60)
    assert [goal["value_micros"] for goal in it.emitted("journey.goal")] == [40_000_000]


def test_what_happened_before_the_entry_ends_nothing(it):
    it.event("Order Completed", cart_id="1", total=40.0)
    it.event("Cart Updated", "2026-11-23T10:00:05Z", cart_id="1")
    assert (it.steps, len(it.delivered)) == (["w"], 1)


def test_the_end_of_something_else_ends_nothing(it):
    it.event("Order Completed", cart_id="2", total=40.0)
    it.event("Cart Updated", "2026-11-23T10:00:05Z", cart_id="1", late_s=60)
    assert it.steps == ["w"]


def test_after_a_day_it_is_forgotten(rig):
    made = rig(CART + "max_event_age: 7d\n")
    made.event("Order Completed", cart_id="1", total=40.0)
    made.event("Cart Updated", "2026-11-24T10:00:00Z", cart_id="1", late_s=86_500)
    assert made.steps == ["w"]


def test_of_many_the_last_are_remembered(it):
    for number in range(50):
        it.event("Order Completed", cart_id=str(number), total=1.0)
    assert [each.properties["cart_id"] for each in it.profile.heard] == [
        str(n) for n in range(30, 50)
    ]
