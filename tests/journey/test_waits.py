"""Waits: exact, calendar, local, until an event, at a date of a trait (journeys E30 to E36)."""

from __future__ import annotations

import pytest

from journeyfold.core.instant import instant_us, rfc3339

us = instant_us


STAYS = "exit: [{after: 400d}]"


def waiting(wait: str, more: str = "") -> str:
    return (
        f"entry: [{{event: Cart Updated}}]\n{more}\n"
        f"steps:\n  - {{id: w, wait: {wait}}}\n  - {{id: after, wait: {{for: 80d}}}}\n"
    )


def begun(it, at: str, **traits) -> str:
    it.to(at)
    if traits:
        it.traits(**traits)
    it.event("Cart Updated")
    due_us = it.running[0].due_us
    return rfc3339(due_us) if it.steps == ["w"] and due_us else "-"


@pytest.mark.parametrize(
    ("wait", "at", "zone", "due"),
    [
        ("{for: 1d}", "2027-03-27T12:00:00Z", "Europe/Berlin", "2027-03-28T12:00:00Z"),
        ("{local_days: 1}", "2027-03-27T12:00:00Z", "Europe/Berlin", "2027-03-28T11:00:00Z"),
        ('{until: "09:00"}', "2026-11-24T10:00:00Z", "America/New_York", "2026-11-24T14:00:00Z"),
        ('{until: "02:30"}', "2027-03-27T20:00:00Z", "Europe/Berlin", "2027-03-28T01:30:00Z"),
        ('{until: "09:00", days: [1]}', "2026-11-24T10:00:00Z", "UTC", "2026-11-30T09:00:00Z"),
        ("{local_months: 1}", "2027-01-31T12:00:00Z", "UTC", "2027-02-28T12:00:00Z"),
        ("{local_months: 12}", "2028-02-29T12:00:00Z", "UTC", "2029-02-28T12:00:00Z"),  # JT31
    ],
)
def test_jt17_a_wait_is_due_by_the_clock_of_the_person(rig, wait, at, zone, due):
    assert begun(rig(waiting(wait, STAYS)), at, timezone=zone) == due


def test_a_time_that_has_passed_may_go_on_at_once(rig):
    it = rig(waiting('{until: "09:00", if_past: go}'))
    begun(it, "2026-11-24T10:00:00Z")
    assert it.steps == ["after"]


def test_a_circle_over_a_time_of_day_goes_round_once_a_day(rig):
    it = rig(
        'entry: [{event: Cart Updated}]\nsteps:\n  - {id: w, wait: {until: "09:00"}}\n'
        "  - {id: again, goto: w, max: 3}\n  - {id: after, wait: {for: 80d}}\n"
    )
    assert begun(it, "2026-11-24T10:00:00Z", timezone="UTC") == "2026-11-25T09:00:00Z"
    for day in (26, 27, 28):
        it.to(f"2026-11-{day - 1}T09:00:00Z")
        assert (it.steps, it.running[0].due_us) == (["w"], us(f"2026-11-{day}T09:00:00Z"))
    it.traits(timezone="UTC", country="DE")
    assert it.steps == ["w"]
    it.to("2026-11-28T09:00:00Z")
    assert it.steps == ["after"]


def test_an_abbreviation_is_no_zone_and_the_country_decides(rig):
    it = rig(waiting('{until: "09:00"}'))
    assert begun(it, "2026-11-24T01:00:00Z", timezone="EST", country="JP") == "2026-11-25T00:00:00Z"


def test_a_country_of_many_zones_decides_nothing(rig):
    it = rig(waiting('{until: "09:00"}'), "time_zone: Europe/Berlin\n")
    assert begun(it, "2026-11-24T01:00:00Z", country="US") == "2026-11-24T08:00:00Z"


def test_jt16_a_zone_that_changes_moves_the_due(rig):
    it = rig(waiting('{until: "09:00"}'))
    begun(it, "2026-11-24T10:00:00Z", timezone="UTC")
    it.traits(timezone="America/New_York")
    it.to("2026-11-24T14:00:00Z")
    assert it.steps == ["after"]


def test_jt16_a_due_that_moved_into_the_past_is_due_now(rig):
    it = rig(waiting('{until: "09:00"}'))
    begun(it, "2026-11-24T10:00:00Z", timezone="America/New_York")
    it.to("2026-11-24T11:00:00Z")
    it.traits(timezone="Atlantic/Azores")  # it was 09:00 there at 10:00
    assert it.steps == ["after"]


def test_a_wait_for_the_date_of_a_trait_keeps_its_offset(rig):
    it = rig(waiting("{at: traits.birthday, offset: -3d}"))
    due = begun(it, "2026-11-24T10:00:00Z", birthday="2026-12-10T00:00:00Z")
    assert due == "2026-12-07T00:00:00Z"


@pytest.mark.parametrize(("on_missing", "steps"), [("skip", ["after"]), ("wait", ["w"]), ("exit", [])])  # fmt: skip
def test_a_date_nobody_told_is_skipped_waited_for_or_an_exit(rig, on_missing, steps):
    it = rig(waiting(f"{{at: traits.birthday, on_missing: {on_missing}}}"))
    it.event("Cart Updated")
    assert it.steps == steps


def test_a_date_that_is_told_later_is_counted_from_then(rig):
    it = rig(waiting("{at: traits.birthday, on_missing: wait}"))
    it.event("Cart Updated")
    it.traits(birthday="2026-12-01T00:00:00Z")
    it.to("2026-12-01T00:00:00Z")
    assert it.steps == ["after"]


BOUGHT = """
entry: [{event: Cart Updated}]
reentry: {mode: after_exit}
steps:
  - id: w
    wait_for: {any: [{event: Order Completed, goto: bought}, {event: Page, goto: looked}],
               timeout: 1h, on_timeout: gone, since: SINCE, reset_on: Product Viewed}
  - {id: bought, wait: {for: 1h}}
  - {id: looked, wait: {for: 1h}}
  - {id: gone, wait: {for: 1h}}
"""


def bought(since: str = "step") -> str:
    return BOUGHT.replace("SINCE", since)


def test_an_event_leads_where_it_says(rig):
    it = rig(bought())
    it.event("Cart Updated")
    it.event("Order Completed", "2026-11-23T10:20:00Z")
    assert it.steps == ["bought"]


def test_time_leads_where_it_says(rig):
    it = rig(bought())
    it.event("Cart Updated")
    it.to("2026-11-23T11:00:00Z")
    assert it.steps == ["gone"]


def test_jt07_an_event_at_exactly_the_timeout_wins(rig):
    it = rig(bought())
    it.event("Cart Updated")
    it.event("Order Completed", "2026-11-23T11:00:00Z")
    assert it.steps == ["bought"]


def test_an_event_before_the_step_does_not_count(rig):
    it = rig(bought())
    it.event("Cart Updated")
    it.event("Order Completed", "2026-11-23T10:20:00Z", late_s=1_500)
    assert it.steps == ["w"]


def test_an_event_since_the_entry_counts_when_it_says_so(rig):
    text = bought("entry").replace("  - id: w\n", "  - {id: first, wait: {for: 10m}}\n  - id: w\n")
    it = rig(text)
    it.event("Cart Updated")
    it.to("2026-11-23T10:15:00Z")
    it.event("Order Completed", "2026-11-23T10:20:00Z", late_s=900)
    assert it.steps == ["bought"]


def test_jt08_a_thousand_resets_leave_one_due(rig):
    it = rig(bought())
    it.event("Cart Updated")
    for second in range(1_000):
        it.event("Product Viewed", f"2026-11-23T10:{second // 60:02}:{second % 60:02}Z")
    it.to("2026-11-23T11:16:38Z")
    assert it.steps == ["w"]
    it.to("2026-11-23T11:16:39Z")
    assert it.steps == ["gone"]


def test_an_entry_event_does_not_satisfy_its_own_wait(rig):
    it = rig("entry: [{event: Page}]\nsteps: [{id: w, wait_for: {any: [{event: Page}], timeout: 1h}}]\n")  # fmt: skip
    it.event("Page")
    assert it.steps == ["w"]


def test_jt33_what_a_machine_did_does_not_count(rig):
    it = rig(bought())
    it.event("Cart Updated")
    it.event("Page", "2026-11-23T10:20:00Z", machine=True)
    assert it.steps == ["w"]


def test_an_instance_has_an_age(rig):
    it = rig(waiting("{for: 60d}"))
    it.event("Cart Updated")
    it.to("2027-02-22T00:00:00Z")
    assert it.emitted("journey.exited")[0]["reason"] == "timeout"


def test_jt31_twelve_local_months_after_29_february_are_28_february(rig):
    it = rig(waiting("{local_months: 12}", STAYS))
    assert begun(it, "2028-02-29T09:30:00Z") == "2029-02-28T09:30:00Z"
