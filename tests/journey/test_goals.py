"""Goals and late events (journeys E20 to E24)."""

from __future__ import annotations

GOAL = """
entry: [{event: Cart Updated}]
exit: [{event: Order Refunded, reason: refunded}]
goal: {event: Order Completed, within: 7d, value: properties.total, exit: EXIT}
steps: [{id: a, wait: {for: 1d}}]
"""


def goal(exits: bool = False) -> str:
    return GOAL.replace("EXIT", str(exits).lower())


def test_a_goal_counts_its_value_in_micros(rig):
    it = rig(goal())
    it.event("Cart Updated")
    it.event("Order Completed", "2026-11-23T12:00:00Z", total=12.5)
    (reached,) = it.emitted("journey.goal")
    assert reached["value_micros"] == 12_500_000


def test_a_goal_counts_once(rig):
    it = rig(goal())
    it.event("Cart Updated")
    for hour in (12, 13):
        it.event("Order Completed", f"2026-11-23T{hour}:00:00Z", total=1)
    assert len(it.emitted("journey.goal")) == 1


def test_a_goal_may_end_the_journey(rig):
    it = rig(goal(exits=True))
    it.event("Cart Updated")
    it.event("Order Completed", "2026-11-23T12:00:00Z", total=1)
    assert it.emitted("journey.exited")[0]["reason"] == "goal"


def test_a_goal_after_the_exit_counts_inside_its_window(rig):
    it = rig(goal())
    it.event("Cart Updated")
    it.event("Order Completed", "2026-11-28T12:00:00Z", total=1)
    assert len(it.emitted("journey.goal")) == 1


def test_a_goal_at_the_end_of_its_window_counts_and_after_it_does_not(rig):
    inside, outside = rig(goal()), rig(goal())
    for it, at in ((inside, "2026-11-30T10:00:00Z"), (outside, "2026-11-30T10:00:00.000001Z")):
        it.event("Cart Updated")
        it.event("Order Completed", at, total=1)
    assert (len(inside.emitted("journey.goal")), len(outside.emitted("journey.goal"))) == (1, 0)


def test_a_goal_that_arrives_late_counts_by_its_own_time(rig):
    it = rig(goal())
    it.event("Cart Updated")
    it.event("Order Completed", "2026-12-01T10:00:00Z", late_s=2 * 86_400, total=1)
    assert len(it.emitted("journey.goal")) == 1


def test_an_exit_event_from_before_the_entry_does_not_count(rig):
    it = rig(goal())
    it.event("Cart Updated", "2026-11-23T12:00:00Z")
    it.event("Order Refunded", "2026-11-23T12:10:00Z", late_s=3_600)
    assert it.steps == ["a"]


def test_one_order_never_ends_and_starts_a_journey_in_its_own_turn(rig):
    it = rig(
        "entry: [{event: Order Completed}]\nexit: [{event: Order Completed, reason: again}]\n"
        "reentry: {mode: always}\nsteps: [{id: a, wait: {for: 1d}}]\n"
    )
    it.event("Order Completed")
    assert len(it.running) == 1
    assert it.emitted("journey.exited") == []


def test_an_exit_by_condition_acts_when_the_record_makes_it_true(rig):
    it = rig(
        "entry: [{event: Cart Updated}]\nexit: [{when: 'traits.country == \"DE\"', reason: moved}]\n"
        "steps: [{id: a, wait: {for: 1d}}]\n"
    )
    it.event("Cart Updated")
    it.traits(country="DE")
    assert it.emitted("journey.exited")[0]["reason"] == "moved"


def test_an_exit_by_condition_acts_when_time_makes_it_true(rig):
    it = rig(
        "entry: [{event: Cart Updated}]\n"
        'exit: [{when: \'count("Cart Updated", within="2h") == 0\', reason: cold}]\n'
        "steps: [{id: a, wait: {for: 1d}}]\n"
    )
    it.event("Cart Updated")
    it.to("2026-11-23T11:59:59Z")
    assert it.steps == ["a"]
    it.to("2026-11-23T12:00:00Z")
    assert it.emitted("journey.exited")[0]["reason"] == "cold"
