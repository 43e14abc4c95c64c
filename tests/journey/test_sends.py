"""The gates of a send, quiet hours, caps (journeys E50 to E55)."""

from __future__ import annotations

import pytest

from journeyfold.core.errors import ProjectError

CONTACT = """
contact:
  quiet: {start: "21:00", end: "08:00"}
  caps:
    weekly: {max: 2, per: week}
    daily: {max: 1, per: day}
    rolling: {max: 1, per: 24h, channel: email}
"""


def sending(send: str = "", policy: str = "") -> str:
    return (
        "entry: [{event: Cart Updated, key: properties.cart_id}]\n"
        f"policy: {{purpose: marketing{policy}}}\n"
        "steps:\n"
        f"  - {{id: mail, send: {{channel: email, template: hello{send}}}}}\n"
        "  - {id: after, wait: {for: 30d}}\n"
    )


@pytest.fixture
def it(rig):
    def made(send: str = "", policy: str = "", contact: str = CONTACT, **more):
        it = rig(sending(send, policy), contact, **more)
        it.reachable()
        return it

    return made


def gates(it) -> list[str]:
    return [str(told["gate"]) for told in it.emitted("message.skipped")]


def held(it) -> list[tuple[str, str]]:
    return [(str(told["gate"]), str(told["until"])) for told in it.emitted("message.held")]


def test_a_message_that_may_go_is_delivered(it):
    made = it()
    made.event("Cart Updated", cart_id="1")
    (message,) = made.delivered
    assert (message.destination, message.payload["template"]) == ("email", "hello")
    assert made.steps == ["after"]


def test_without_consent_it_is_skipped_and_the_person_goes_on(it):
    made = it()
    made.deny("marketing_email")
    made.event("Cart Updated", cart_id="1")
    assert gates(made) == ["consent"]
    assert made.steps == ["after"]


def test_without_an_address_it_is_skipped(rig):
    made = rig(sending(), CONTACT)
    made.grant("marketing", "marketing_email")
    made.event("Cart Updated", cart_id="1")
    assert gates(made) == ["address"]


def test_a_held_out_person_runs_and_gets_nothing(it):
    made = it()
    made.event("Cart Updated", cart_id="1")
    again = it(policy="")
    text = sending() + "holdout: {percent: 100, salt: s}\n"
    again = type(again)(text, CONTACT)
    again.reachable()
    again.event("Cart Updated", cart_id="1")
    assert gates(again) == ["holdout"]
    assert again.steps == ["after"]


def test_quiet_hours_hold_until_they_are_over(it):
    made = it()
    made.event("Cart Updated", "2026-11-23T22:00:00Z", cart_id="1")
    ((gate, until),) = held(made)
    assert gate == "quiet"
    assert "2026-11-24T08:00:00Z" <= until < "2026-11-24T08:15:00Z"
    made.to("2026-11-24T08:15:00Z")
    assert len(made.delivered) == 1


def test_jt19_quiet_hours_cross_a_change_of_the_clocks(it):
    made = it()
    made.traits(timezone="Europe/Berlin")
    made.event("Cart Updated", "2027-03-27T22:00:00Z", cart_id="1")
    ((_, until),) = held(made)
    assert "2027-03-28T06:00:00Z" <= until < "2027-03-28T06:15:00Z"


def test_an_exit_cancels_what_is_held(it):
    made = type(it())(sending() + "exit: [{event: Order Completed, reason: bought}]\n", CONTACT)
    made.reachable()
    made.event("Cart Updated", "2026-11-23T22:00:00Z", cart_id="1")
    made.event("Order Completed", "2026-11-23T23:00:00Z")
    made.to("2026-11-25T00:00:00Z")
    assert made.delivered == []


def test_what_would_be_too_late_is_not_held(it):
    made = it(", expires: 4h")
    made.event("Cart Updated", "2026-11-23T22:00:00Z", cart_id="1")
    assert gates(made) == ["expired"]


def test_quiet_hours_may_skip(it):
    made = it(", on_quiet: skip")
    made.event("Cart Updated", "2026-11-23T22:00:00Z", cart_id="1")
    assert gates(made) == ["quiet"]


def test_a_cap_of_the_week_counts_from_the_local_monday(it):
    made = it(policy=", caps: [weekly]")
    for at in ("24T10", "25T10", "26T10", "30T10"):
        made.event("Cart Updated", f"2026-11-{at}:00:00Z", cart_id=at)
    assert gates(made) == ["cap"]
    assert len(made.delivered) == 3


def test_jt21_a_cap_of_the_day_is_free_at_local_midnight(it):
    made = it(policy=", caps: [daily], quiet: never")
    made.traits(timezone="Asia/Tokyo")
    for at in ("23T10:00:00", "23T14:59:59", "23T15:00:00"):
        made.event("Cart Updated", f"2026-11-{at}Z", cart_id=at)
    assert len(made.delivered) == 2


def test_a_rolling_cap_is_free_at_its_instant(it):
    made = it(", on_cap: hold", policy=", caps: [rolling], quiet: never")
    made.event("Cart Updated", cart_id="1")
    made.event("Cart Updated", "2026-11-23T12:00:00Z", cart_id="2")
    assert held(made) == [("cap", "2026-11-24T10:00:00Z")]
    made.to("2026-11-24T10:00:00Z")
    assert len(made.delivered) == 2


def test_jt20_two_journeys_share_the_last_slot(rig):
    text = sending(policy=", caps: [daily]")
    made = rig({"a": text, "b": text}, CONTACT)
    made.reachable()
    made.event("Cart Updated", cart_id="1")
    assert (len(made.delivered), gates(made)) == (1, ["cap"])


def test_transactional_mail_passes_quiet_hours_caps_and_holdout(it):
    made = type(it())(
        sending(policy=", caps: [daily], class: transactional")
        + "holdout: {percent: 100, salt: s}\n",
        CONTACT,
    )
    made.reachable()
    for cart in ("1", "2"):
        made.event("Cart Updated", "2026-11-23T22:00:00Z", cart_id=cart)
    assert len(made.delivered) == 2


def test_transactional_mail_still_needs_consent(it):
    made = it(policy=", class: transactional")
    made.deny("marketing_email")
    made.event("Cart Updated", cart_id="1")
    assert gates(made) == ["consent"]


def test_marketing_mail_goes_at_most_once_and_a_webhook_at_least_once(it):
    made = it()
    made.event("Cart Updated", cart_id="1")
    assert made.delivered[0].payload["delivery"] == "at_most_once"


BY_STAGE = """
contact:
  caps:
    newcomers: {max: 1, per: week, when: 'stage("shop") == "awareness"'}
"""


def test_a_cap_with_a_condition_holds_for_those_alone(it):
    made = it(policy=", caps: [newcomers], quiet: never", contact=BY_STAGE)
    for cart in ("1", "2"):
        made.event("Cart Updated", cart_id=cart)
    assert (len(made.delivered), gates(made)) == (2, [])  # a cart is consideration
    other = it(policy=", caps: [newcomers], quiet: never", contact=BY_STAGE.replace("awareness", "consideration"))  # fmt: skip
    for cart in ("1", "2"):
        other.event("Cart Updated", cart_id=cart)
    assert (len(other.delivered), gates(other)) == (1, ["cap"])


def test_a_condition_of_a_cap_is_checked_at_its_place(rig):
    with pytest.raises(ProjectError) as raised:
        rig(sending(), BY_STAGE.replace('stage("shop")', 'stage("shp")'))
    assert "journeyfold.yaml:6:" in str(raised.value)
    assert "shp" in str(raised.value)
