"""What comes back of what was handed over: answers, failures, slots of caps (journeys E43, A1)."""

from __future__ import annotations

import pytest

from journeyfold.journey.outcome import is_exited

HEAD = "entry: [{event: Cart Updated, key: properties.cart_id}]\npolicy: {purpose: marketing}\nsteps:\n"
TAIL = "".join(f"  - {{id: {name}, wait: {{for: 30d}}}}\n" for name in ("a", "b"))
ASKS = "  - {id: h, webhook: {destination: crm, reply: {timeout: 5m, save: crm}, on_fail: b}}\n"
OWN = {"auth": "system"}


def result(it, name: str, *, at: str | None = None, context=None, **told) -> list[str]:
    """What became of the last thing that was handed over."""
    last = it.delivered[-1]
    whence = {key: last.payload[key] for key in ("journey", "version", "instance", "step")}
    said = {"message": last.key, **whence, **told}
    return it.event(name, at, context=context or OWN, **said)


@pytest.fixture
def asked(rig):
    it = rig(HEAD + ASKS + TAIL)
    it.event("Cart Updated", cart_id="1")
    assert (it.steps, it.delivered[0].payload["reply"]) == (["h"], True)
    return it


def test_an_answer_is_saved_and_the_person_goes_on(asked):
    told = result(asked, "webhook.answered", at="2026-11-23T10:01:00Z", reply={"tier": "gold"})
    assert told[0] == "11-23T10:01:00 it/h answered"
    assert asked.steps == ["a"]
    assert asked.running[0].vars == {"crm": {"tier": "gold"}}


def test_a_branch_reads_what_was_answered(rig):
    ways = (
        "  - {id: w, branch: [{if: 'as_string(vars.crm.tier) == \"gold\"', goto: b}, {else: a}]}\n"
    )
    it = rig(HEAD + ASKS + ways + TAIL)
    it.event("Cart Updated", cart_id="1")
    result(it, "webhook.answered", reply={"tier": "gold"})
    assert it.steps == ["b"]


def test_an_answer_longer_than_an_instance_remembers_is_none(asked):
    result(asked, "webhook.answered", reply={"text": "x" * 9_000})
    assert (asked.steps, asked.running[0].vars) == (["a"], {"crm": None})


def test_an_answer_after_the_timeout_changes_nothing(asked):
    asked.to("2026-11-23T10:05:00Z")
    assert asked.steps == ["b"]
    assert result(asked, "webhook.answered", reply={"tier": "gold"}) == []
    assert (asked.steps, asked.running[0].vars) == (["b"], {})


def test_an_answer_that_is_told_twice_moves_once(asked):
    result(asked, "webhook.answered", reply=1)
    assert result(asked, "webhook.answered", reply=2) == []
    assert asked.running[0].vars == {"crm": 1}


@pytest.mark.parametrize("name", ["webhook.failed", "webhook.skipped"])
def test_a_call_that_failed_goes_where_on_fail_says(asked, name):
    result(asked, name, reason="410")
    assert asked.steps == ["b"]


def test_nobody_else_can_answer(asked):
    assert result(asked, "webhook.answered", context={"auth": "server"}, reply=1) == []
    assert asked.steps == ["h"]


def sending(on_fail: str) -> str:
    send = f"{{channel: email, template: hello, on_fail: {on_fail}}}"
    return HEAD + f"  - {{id: mail, send: {send}}}\n" + TAIL


@pytest.mark.parametrize(
    ("on_fail", "steps", "reason"), [("continue", ["a"], ""), ("b", ["b"], ""), ("exit", [], "failed")]
)  # fmt: skip
def test_a_message_that_failed_later_moves_who_is_still_in(rig, on_fail, steps, reason):
    it = rig(sending(on_fail))
    it.reachable()
    it.event("Cart Updated", cart_id="1")
    assert it.steps == ["a"]
    result(it, "message.failed", at="2026-11-24T10:00:00Z", reason="no such mailbox")
    assert it.steps == steps
    assert [told["reason"] for told in it.emitted("journey.exited")] == ([reason] if reason else [])


def test_a_failure_of_another_run_moves_nobody(rig):
    it = rig(sending("exit"))
    it.reachable()
    it.event("Cart Updated", cart_id="1")
    it.event("Cart Updated", cart_id="2")
    result(it, "message.failed")
    assert [run.key for run in it.running] == ["1"]


def test_a_failure_after_the_end_is_only_told(rig):
    it = rig("exit: [{event: Order Completed, reason: bought}]\n" + sending("b"))
    it.reachable()
    it.event("Cart Updated", cart_id="1")
    it.event("Order Completed")
    assert result(it, "message.failed") == []


CAPS = "contact: {caps: {one: {max: 1, per: 7d}}}"
CAPPED = (
    "entry: [{event: Cart Updated, key: properties.cart_id}]\n"
    "policy: {purpose: marketing, caps: [one]}\n"
    "steps: [{id: mail, send: {channel: email, template: hello}}]\n"
)


@pytest.mark.parametrize(
    ("name", "sent"),
    [("message.failed", 2), ("message.skipped", 2), ("message.bounced", 2), ("message.sent", 1)],
)
def test_jt32_a_message_that_did_not_arrive_gives_its_slot_back(rig, name, sent):
    it = rig(CAPPED, CAPS)
    it.reachable()
    it.event("Cart Updated", cart_id="1")
    result(it, name)
    it.event("Cart Updated", cart_id="2")
    assert len(it.delivered) == sent


def test_a_message_to_a_named_destination_says_so(rig):
    text = HEAD + "  - {id: m, send: {channel: sms, template: hello, destination: crm}}\n" + TAIL
    it = rig(text, allowed=["P166"])
    it.traits(phone="+4930123456")
    it.grant("marketing", "marketing_sms")
    it.event("Cart Updated", cart_id="1")
    (message,) = it.delivered
    assert (message.destination, message.payload["channel"], message.payload["kind"]) == (
        "crm", "sms", "message",
    )  # fmt: skip


EXITING = (
    "entry: [{event: Cart Updated, key: properties.cart_id}]\npolicy: {purpose: marketing}\n"
    "exit: [{event: Order Completed, reason: bought}]\n"
    "steps: [{id: mail, send: {channel: email, template: hello}}, {id: w, wait: {for: 1h}}]\n"
)


def test_what_is_under_way_of_a_run_that_an_exit_rule_ended_is_not_sent(rig):
    it = rig(EXITING)
    it.reachable()
    it.event("Cart Updated", cart_id="1")
    run = str(it.delivered[0].payload["instance"])
    assert not is_exited(it.profile, run)
    it.event("Order Completed")
    assert is_exited(it.profile, run)
    it.to("2026-11-24T10:00:01Z")
    assert it.profile.journeys == []


def test_what_is_under_way_of_a_run_that_completed_is_sent(rig):
    it = rig(EXITING)
    it.reachable()
    it.event("Cart Updated", cart_id="1")
    it.to("2026-11-23T12:00:00Z")
    assert not is_exited(it.profile, str(it.delivered[0].payload["instance"]))
