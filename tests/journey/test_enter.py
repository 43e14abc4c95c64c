"""Who comes in, and how often (journeys E10 to E14)."""

from __future__ import annotations

import pytest

REENTRY = """
entry: [{{event: Cart Updated{key}}}]
max_event_age: 1h
{more}
steps:
  - {{id: pause, wait: {{for: 1h}}}}
"""


def journey(more: str = "", key: str = "") -> str:
    return REENTRY.format(more=more, key=key)


def refusals(it) -> list[str]:
    return [str(told["reason"]) for told in it.emitted("journey.refused")]


def test_an_event_that_is_not_meant_is_no_refusal(rig):
    it = rig("entry: [{event: Cart Updated, where: properties.total > 20}]\n"
             "steps: [{id: a, wait: {for: 1h}}]\n")  # fmt: skip
    assert it.event("Cart Updated", total=10) == []
    assert refusals(it) == []


def test_jt04_an_event_older_than_its_limit_is_late(rig):
    it = rig(journey())
    it.event("Cart Updated", late_s=3_601)
    assert refusals(it) == ["late"]


def test_an_event_of_just_the_limit_is_not_late(rig):
    it = rig(journey())
    it.event("Cart Updated", late_s=3_600)
    assert it.steps == ["pause"]


def test_jt05_an_event_of_the_future_enters_now(rig):
    it = rig(journey())
    it.event("Cart Updated", late_s=-7_200)
    assert it.running[0].entered_us == it.now_us


def test_a_filter_that_fails_is_told(rig):
    it = rig(journey('filter: traits.country == "DE"'))
    it.event("Cart Updated")
    assert refusals(it) == ["filter"]


def test_a_key_that_is_null_lets_nobody_in(rig):
    it = rig(journey(key=", key: properties.cart_id"))
    it.event("Cart Updated")
    assert refusals(it) == ["no_key"]


def test_somebody_who_is_in_does_not_enter_again(rig):
    it = rig(journey())
    it.event("Cart Updated")
    it.event("Cart Updated", "2026-11-23T10:10:00Z")
    assert refusals(it) == ["active"]


def test_after_the_exit_they_may_enter_again(rig):
    it = rig(journey())
    it.event("Cart Updated")
    it.event("Cart Updated", "2026-11-23T11:30:00Z")
    assert len(it.emitted("journey.entered")) == 2


def test_once_is_once_for_ever(rig):
    it = rig(journey("reentry: {mode: once}"))
    it.event("Cart Updated")
    it.event("Cart Updated", "2026-11-25T11:30:00Z")
    assert refusals(it) == ["once"]


@pytest.mark.parametrize(("anchor", "entered"), [("exit", 1), ("start", 2)])
def test_the_interval_counts_from_the_exit_or_from_the_start(rig, anchor, entered):
    it = rig(journey(f"reentry: {{min_interval: 2h, from: {anchor}}}"))
    it.event("Cart Updated")
    it.event("Cart Updated", "2026-11-23T12:00:00Z")  # the exit was at 11:00
    assert len(it.emitted("journey.entered")) == entered


def test_entries_have_a_most(rig):
    it = rig(journey("reentry: {max_entries: 1}"))
    it.event("Cart Updated")
    it.event("Cart Updated", "2026-11-25T11:30:00Z")
    assert refusals(it) == ["max_entries"]


def test_keys_are_apart(rig):
    it = rig(journey(key=", key: properties.cart_id"))
    for cart in ("a", "b", "a"):
        it.event("Cart Updated", cart_id=cart)
    assert [each.key for each in it.running] == ["a", "b"]


def test_jt36_more_keyed_instances_than_allowed_are_refused(rig):
    it = rig(journey("reentry: {max_active: 3}", key=", key: properties.cart_id"))
    for cart in range(5):
        it.event("Cart Updated", cart_id=f"c{cart}")
    assert refusals(it) == ["max_active", "max_active"]


def test_jt09_re_entry_while_active_restarts_if_it_says_so(rig):
    it = rig(journey("reentry: {mode: always, on_conflict: restart}"))
    it.event("Cart Updated")
    it.event("Cart Updated", "2026-11-23T10:10:00Z")
    (exited,) = it.emitted("journey.exited")
    assert exited["reason"] == "restarted"
    assert len(it.running) == 1


def test_jt09_re_entry_while_active_runs_beside_if_it_says_so(rig):
    it = rig(journey("reentry: {mode: always, on_conflict: parallel, max_active: 2}"))
    for minute in (0, 10, 20):
        it.event("Cart Updated", f"2026-11-23T10:{minute:02}:00Z")
    assert len(it.running) == 2
    assert refusals(it) == ["max_active"]


def test_jt09_re_entry_while_active_is_ignored_by_default(rig):
    it = rig(journey("reentry: {mode: always}"))
    it.event("Cart Updated")
    it.event("Cart Updated", "2026-11-23T10:10:00Z")
    assert refusals(it) == ["max_active"]


def test_jt01_the_same_event_gives_the_same_instance(rig):
    first, again = rig(journey()), rig(journey())
    for it in (first, again):
        it.event("Cart Updated", event_id="e-1")
    assert first.running[0].id == again.running[0].id


def test_entering_a_segment_lets_in(rig):
    it = rig("entry: [{segment: {id: cart-abandoned}}]\nsteps: [{id: a, wait: {for: 1h}}]\n")
    it.event("Cart Updated", cart_id="c1", items=1)
    it.to("2026-11-23T10:30:00Z")
    assert it.steps == ["a"]


def test_a_stage_lets_in(rig):
    it = rig("entry: [{stage: {lifecycle: customer, to: Active}}]\n"
             "steps: [{id: a, wait: {for: 1h}}]\n")  # fmt: skip
    it.event("Order Completed", order_id="o1", total=10)
    assert it.steps == ["a"]


@pytest.mark.parametrize(("auth", "steps"), [("server", ["a"]), ("browser", [])])
def test_a_server_may_let_somebody_in_and_a_browser_may_not(rig, auth, steps):
    it = rig("entry: [{api: true}]\nsteps: [{id: a, wait: {for: 1h}}]\n")
    it.event("journey.enter", context={"auth": auth}, journey="it")
    assert it.steps == steps


def test_a_refused_entry_leaves_nothing_behind(rig):
    it = rig(journey('filter: traits.country == "DE"'))
    it.event("Cart Updated")
    assert it.profile.passages == {}


def test_about_a_tenth_is_held_out_and_always_the_same(rig):
    it = rig(journey("holdout: {percent: 10, salt: s}"))
    from journeyfold.journey.enter import _is_held_out

    program = it.program
    held = [n for n in range(5_000) if _is_held_out(program, f"p{n}")]
    assert 430 <= len(held) <= 570
    assert held == [n for n in range(5_000) if _is_held_out(program, f"p{n}")]


def test_journeys_take_their_turn_by_priority_then_name(rig):
    text = "entry: [{event: Cart Updated}]\nsteps: [{id: a, wait: {for: 1h}}]\n"
    it = rig({"b": text, "a": text, "c": text + "policy: {priority: 9}\n"})
    entered = [line.split()[1] for line in it.event("Cart Updated") if "entered" in line]
    assert entered == ["c", "a", "b"]
