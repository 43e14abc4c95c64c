"""A journey moves on by records and by time, and by nothing else (journeys section 3)."""

from __future__ import annotations

CART = """
entry: [{event: Cart Updated, key: properties.cart_id}]
exit:
  - {event: Order Completed, reason: converted}
steps:
  - {id: pause, wait: {for: 5m}}
  - {id: mail, send: {channel: email, template: hello, purpose: marketing}}
  - {id: later, wait: {for: 1h}}
"""


def test_an_event_lets_somebody_in_and_the_first_step_begins(rig):
    it = rig(CART)
    assert it.event("Cart Updated", cart_id="c1") == [
        "11-23T10:00:00 it entered",
        "11-23T10:00:00 it/pause waits until 2026-11-23T10:05:00Z",
    ]


def test_a_wait_is_over_at_its_instant(rig):
    it = rig(CART)
    it.reachable()
    it.event("Cart Updated", cart_id="c1")
    assert it.to("2026-11-23T10:04:59Z") == []
    assert it.to("2026-11-23T10:05:00Z") == [
        "11-23T10:05:00 it/mail sends hello",
        "11-23T10:05:00 it/later waits until 2026-11-23T11:05:00Z",
    ]


def test_falling_off_the_end_completes(rig):
    it = rig(CART)
    it.reachable()
    it.event("Cart Updated", cart_id="c1")
    it.to("2026-11-23T12:00:00Z")
    (exited,) = it.emitted("journey.exited")
    assert exited["reason"] == "completed"
    assert it.running == []


def test_an_exit_acts_at_once_from_a_wait(rig):
    it = rig(CART)
    it.event("Cart Updated", cart_id="c1")
    assert it.event("Order Completed", "2026-11-23T10:01:00Z") == [
        "11-23T10:01:00 it/pause exit converted"
    ]
    assert it.profile.journeys_due_us == 0


def test_a_worker_that_was_late_takes_the_same_path(rig):
    on_time, late = rig(CART), rig(CART)
    for it in (on_time, late):
        it.reachable()
        it.event("Cart Updated", cart_id="c1")
    on_time.to("2026-11-23T10:05:00Z")
    for it in (on_time, late):
        it.event("Order Completed", "2026-11-23T10:30:00Z")
    assert on_time.effects == late.effects
    assert on_time.profile == late.profile


def test_jt06_an_event_at_the_instant_of_a_timer_comes_first(rig):
    it = rig(CART)
    it.reachable()
    it.event("Cart Updated", cart_id="c1")
    it.event("Order Completed", "2026-11-23T10:05:00Z")
    assert it.delivered == []


def test_who_takes_more_than_a_thousand_steps_at_once_has_run_away(rig):
    """A `goto` with a high limit goes round too often (E7)."""
    circle = (
        "entry: [{event: Cart Updated}]\nsteps:\n"
        "  - {id: a, update: {traits: {city: x}}}\n"
        "  - {id: b, goto: a, max: 1000}\n  - {id: c, wait: {for: 1h}}\n"
    )
    it = rig(circle)
    it.event("Cart Updated")
    (exited,) = it.emitted("journey.exited")
    assert exited["reason"] == "runaway"
    assert len(it.said) <= 1_000
