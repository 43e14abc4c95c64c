"""What `check` finds in a journey, and where (journeys J4 and section 8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from journeyfold.core.errors import ProjectError
from journeyfold.core.instant import DAY_US
from journeyfold.core.localtime import plus_months
from journeyfold.journey.check import _LEAST_DAYS


def problem(rig, steps: str, more: str = "") -> str:
    with pytest.raises(ProjectError) as raised:
        rig(f"entry: [{{event: Cart Updated}}]\n{more}steps:\n{steps}")
    (found,) = raised.value.problems
    return str(found)


DRAW = "  - {id: x, split: {salt: s, arms: {a: {weight: 50, goto: mial}, b: {weight: 50}}}}\n"
WAIT = "  - {id: w, wait: {for: 1h}}\n"
SEND = "{channel: email, template: hello, purpose: marketing}"


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (
            f"{DRAW}  - {{id: mail, send: {SEND}}}\n",
            "journeys/it.yaml:3:59: P130 unknown step 'mial'; did you mean 'mail'?",
        ),
        (WAIT + "  - {id: e, exit: done}\n" + "  - {id: z, wait: {for: 1h}}\n", "P162 no way leads to the step 'z'"),
        ("  - {id: a, update: {traits: {x: 1}}}\n  - {id: b, goto: a}\n", "P163 nothing in the circle a → b → a waits"),
        (WAIT + "  - {id: w, wait: {for: 1h}}\n", "P161 the step 'w' is there twice"),
        ("  - {id: m, send: {channel: email, template: hello}}\n", "P164 the message has no purpose"),
        ("  - {id: m, send: {channel: email, template: helo, purpose: marketing}}\n", "unknown template 'helo'; did you mean 'hello'?"),
        ("  - {id: w, wait: {for: P1D}}\n", "write 24h (exact) or local_days: 1 (calendar)"),
        ("  - {id: x, split: {salt: s, arms: {a: {weight: 50}, b: {weight: 40}}}}\n", "the weights sum to 90"),
        ("  - {id: x, branch: [{if: properties.total > 1, goto: y}]}\n  - {id: y, wait: {for: 1h}}\n", "properties is not available in a step"),
        ("  - {id: x, wait_for: {any: [{event: Order Complete}], timeout: 1h}}\n", "unknown event 'Order Complete'; did you mean 'Order Completed'?"),
        ("  - {id: x, decide: {placement: cart, save: o}}\n", "unknown placement 'cart'"),
        ("  - {id: x, wait: {for: 1h}, exit: done}\n", "this one says wait and exit"),
        ('  - {id: x, wait: {for: 1h, until: "09:00"}}\n', "a wait is one of"),
        ('  - {id: x, wait: {until: "29:00"}}\n', "is no time of day"),
        ("  - {id: w, wait: {for: 401d}}\n", "at most 400d, the longest that anybody is in a journey"),
        ("  - {id: w, wait: {for: 90d}}\n", "P168 nobody is in the journey for longer than 90d, so 90d is never over"),
        ("  - {id: w, wait: {local_days: 91}}\n", "P168 nobody is in the journey for longer than 90d, so local_days: 91 is never over"),
        ("  - {id: w, wait: {local_months: 4}}\n", "P168 nobody is in the journey for longer than 90d, so local_months: 4 is never over"),
        ("  - {id: x, wait_for: {any: [{event: Order Completed}], timeout: 91d}}\n", "P168"),
        ("  - {id: x, branch: [{if: 'exists(vars.ofer)', goto: y}]}\n  - {id: y, wait: {for: 1h}}\n", "J104 vars.ofer"),
        ("  - {id: x, branch: []}\n", "needs at least 1 item"),
        ("  - {id: a, wait: {for: 0s}}\n  - {id: b, goto: a}\n", "P163 nothing in the circle a → b → a waits"),
        ('  - {id: a, wait: {until: "09:00", if_past: go}}\n  - {id: b, goto: a}\n', "P163"),
        ("  - {id: a, wait: {at: traits.birthday}}\n  - {id: b, goto: a}\n", "P163"),
        ("  - {id: a, wait_for: {any: [{event: Order Completed, goto: c}], timeout: 1h, on_timeout: c}}\n  - {id: b, exit: x}\n  - {id: c, exit: y}\n", "P162 no way leads to the step 'b'"),
    ],
)  # fmt: skip
def test_one_mistake_gets_one_sentence_at_its_place(rig, steps, words):
    assert words in problem(rig, steps)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("{id: m, send: {channel: sms, template: hello, purpose: marketing}}", "P166 no destination carries sms"),
        ("{id: m, send: {channel: email, template: hello, purpose: marketing, destination: crm}}", "P166 'crm' takes no messages; it takes event, webhook"),
        ("{id: m, send: {channel: email, template: hello, purpose: marketing, destination: cmr}}", "P130 unknown destination 'cmr'; did you mean 'crm'?"),
        ("{id: m, send: {channel: email, template: hello, purpose: marketing, on_fail: nowhere}}", "P130 unknown step 'nowhere'"),
        ("{id: m, webhook: {destination: cmr}}", "P130 unknown destination 'cmr'; did you mean 'crm'?"),
        ("{id: m, webhook: {destination: crm, payload: card}}", "P130 unknown template 'card'; did you mean 'cart'?"),
        ("{id: m, webhook: {destination: crm, on_fail: nowhere}}", "P130 unknown step 'nowhere'"),
    ],
)  # fmt: skip
def test_what_cannot_reach_anybody_is_found(rig, step, words):
    assert words in problem(rig, f"  - {step}\n")


def test_a_purpose_nobody_declared_is_found(rig):
    assert "unknown purpose 'marketin'; did you mean 'marketing'?" in problem(
        rig, WAIT, "policy: {purpose: marketin}\n"
    )


def test_a_cap_nobody_declared_is_found(rig):
    assert "unknown cap 'weekly'" in problem(rig, WAIT, "policy: {purpose: marketing, caps: [weekly]}\n")  # fmt: skip


def test_an_entry_of_two_kinds_is_found(rig):
    with pytest.raises(ProjectError) as raised:
        rig(f"entry: [{{event: Page, api: true}}]\nsteps:\n{WAIT}")
    assert "an entry is one of event, segment, stage, schedule and api" in str(raised.value)


def test_a_circle_with_a_limit_is_no_endless_circle(rig):
    assert rig(
        "entry: [{event: Cart Updated}]\nsteps:\n  - {id: a, update: {traits: {x: 1}}}\n"
        "  - {id: b, goto: a, max: 3}\n"
    )


def test_comments_and_layout_make_no_version(rig):
    text = f"entry: [{{event: Cart Updated}}]\nsteps:\n{WAIT}"
    versions = {
        rig(each).program.version
        for each in (text, "# a word\n" + text, text.replace("{id: w, wait", "{ id: w,   wait"))
    }
    assert len(versions) == 1


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ("awareness: hello, consideration: null, purchase: hello", "P167 says nothing of the stage loyalty; name a template, or write null"),
        ("awareness: hello, consideration: null, purchase: hello, loyalty: null, loyal: hello", "P167 'shop' has no stage 'loyal'; did you mean 'loyalty'?"),
    ],
)  # fmt: skip
def test_a_message_by_stage_says_something_of_every_stage(rig, stages, words):
    table = f"{{lifecycle: shop, {stages}}}"
    send = f"{{channel: email, by_stage: {table}, purpose: marketing}}"
    assert words in problem(rig, f"  - {{id: m, send: {send}}}\n")


def test_a_message_for_every_stage_is_sound(rig):
    table = (
        "{lifecycle: shop, awareness: hello, consideration: null, purchase: hello, loyalty: null}"
    )
    assert rig(
        "entry: [{event: Cart Updated}]\nsteps:\n"
        f"  - {{id: m, send: {{channel: email, by_stage: {table}, purpose: marketing}}}}\n"
    )


@pytest.mark.parametrize("wait", ["{local_days: 90}", "{local_months: 3}", '{until: "09:00"}'])
def test_a_local_wait_that_may_be_over_in_time_is_sound(rig, wait):
    rig(f"entry: [{{api: true}}]\nsteps:\n  - {{id: w, wait: {wait}}}\n")


def test_no_months_on_end_have_fewer_days_than_is_reckoned_with():
    start, least = date(2024, 1, 1), dict.fromkeys(range(1, 14), 999)
    for day in range(4 * 366):
        since = start + timedelta(days=day)
        at = (
            int(datetime(since.year, since.month, since.day, 12, tzinfo=UTC).timestamp())
            * 1_000_000
        )
        for months in least:
            days = (plus_months(at, months, "UTC") - at) // DAY_US
            least[months] = min(least[months], days)
    assert tuple(least.values()) == _LEAST_DAYS
