"""Scenarios: the templates' own pass, and a failure says what was expected and what is."""

import pytest

from journeyfold.core.errors import ProjectError
from journeyfold.project.check import load_checked
from journeyfold.project.rehearsal import rehearse
from journeyfold.project.scaffold import template_files, template_names
from journeyfold.runtime.laboratory import Laboratory

SHOP = template_files("shop")


@pytest.mark.parametrize("template", template_names())
def test_the_scenarios_of_a_template_pass(template):
    project = load_checked(template_files(template))
    outcomes = list(rehearse(project, Laboratory))
    assert [str(failure) for outcome in outcomes for failure in outcome.failures] == []
    assert outcomes


def failures(text):
    files = {path: old for path, old in SHOP.items() if not path.startswith("tests/")}
    project = load_checked(files | {"tests/x.yaml": text})
    return [
        (failure.line, failure.column, failure.message)
        for outcome in rehearse(project, Laboratory)
        for failure in outcome.failures
    ]


CART = "- name: x\n  given: [{at: '2026-03-02T10:00:00Z', event: Cart Updated, anonymous_id: a, properties: {total: 9}}]\n"  # fmt: skip
AT = " at 2026-03-02T10:00:00Z"


@pytest.mark.parametrize(
    ("expect", "column", "message"),
    [
        ("in: [vip]", 17, "expected in 'vip', is in no segment" + AT),
        ("features: {orders_30d: 2}", 35, "expected orders_30d 2, is 0" + AT),
        ("traits: {country: DE}", 30, 'expected country "DE", is null' + AT),
        ("stage: {customer: Active}", 30, 'expected customer "Active", is "Prospect"' + AT),
        ("consent: {analytics: denied}", 33, 'expected analytics "denied", is "granted"' + AT),
        ("people: []", 20, 'expected [], is [["anonymous_id:a"]]' + AT),
        ("suppressed: [x]", 24, 'expected ["x"], is []' + AT),
        ("dropped_fields: [email]", 28, 'expected ["email"], is []' + AT),
        (
            "deliveries: [{placement: cart-popup}]",
            24,
            'expected [{"placement":"cart-popup"}], is []' + AT,
        ),
        (
            "decide: {placement: cart-popup, offer: ten-percent}",
            51,
            "expected offer 'ten-percent', is free-shipping (free-shipping: selected, "
            "ten-percent: not_applicable)" + AT,
        ),
        (
            "decide: {placement: cart-popup, reasons: {ten-percent: selected}}",
            67,
            'expected ten-percent "selected", is "not_applicable"' + AT,
        ),
    ],
)
def test_a_failure_says_what_was_expected_and_what_is(expect, column, message):
    assert failures(f"{CART}  expect: {{{expect}}}\n") == [(3, column, message)]


def test_only_what_is_written_is_compared():
    assert failures(f"{CART}  expect: {{not_in: [vip], people: [[anonymous_id:a]]}}\n") == []


def test_a_list_of_expectations_asks_for_several_people():
    text = (
        CART.replace("}}]", "}}, {at: +1m, type: page, user_id: ann}]")
        + "  expect:\n    - {of: user_id:ann, in: [new-visitor]}\n    - {of: anonymous_id:a, in: [new-visitor]}\n"
    )
    assert failures(text) == [
        (5, 33, "expected in 'new-visitor', is in no segment at 2026-03-02T10:01:00Z")
    ]


SPANS = """features:
  last_cart: {value: 'last("Cart Updated")'}
  cart_age: {value: 'recency("Cart Updated")'}
"""


def spans(expect):
    files = {path: SHOP[path] for path in SHOP if path.startswith(("schemas/", "sources/"))}
    files |= {"journeyfold.yaml": SHOP["journeyfold.yaml"], "features.yaml": SPANS}
    files["journeyfold.yaml"] = files["journeyfold.yaml"].partition("contact:")[0]
    files["tests/x.yaml"] = f"{CART}  wait: 5m\n  expect: {{features: {{{expect}}}}}\n"
    project = load_checked(files)
    (outcome,) = rehearse(project, Laboratory)
    return [failure.message.partition(" at ")[0] for failure in outcome.failures]


def test_an_instant_and_a_span_are_expected_as_they_are_written_elsewhere():
    assert spans("last_cart: '2026-03-02T10:00:00Z', cart_age: 5m") == []


def test_an_instant_and_a_span_that_differ_are_shown_as_such():
    assert spans("last_cart: '2026-03-02T11:00:00Z', cart_age: 6m") == [
        'expected last_cart "2026-03-02T11:00:00Z", is "2026-03-02T10:00:00Z"',
        'expected cart_age "6m", is "5m"',
    ]


JOURNEY = """
entry: [{event: Cart Updated}]
policy: {purpose: necessary, class: transactional, quiet: never}
steps:
  - {id: mail, send: {channel: email, template: hello}}
  - {id: rest, wait: {for: 1d}}
"""
HELLO = {
    "journeys/hello.yaml": JOURNEY,
    "templates/hello/template.yaml": "subject: Hello\nfrom: a@example.com\n",
    "templates/hello/body.txt": "Hello {{ traits.first_name }}\n",
}
WROTE = (
    "- name: x\n  given: [{at: '2026-03-02T10:00:00Z', event: Cart Updated, user_id: a, "
    "source: shop_server, traits: {email: a@example.com, first_name: A}, properties: {total: 9}}]\n"
)


def wrote(expect, **more):
    files = {
        path: old for path, old in SHOP.items() if not path.startswith(("tests/", "journeys/"))
    }
    text = WROTE + f"  expect: {{{expect}}}\n"
    project = load_checked(files | HELLO | more | {"tests/x.yaml": text})
    (outcome,) = rehearse(project, Laboratory)
    return [failure.message.removesuffix(AT) for failure in outcome.failures]


@pytest.mark.parametrize(
    "expect",
    [
        "messages: [{journey: hello, step: mail, template: hello, channel: email}]",
        "journey: {hello: rest}", "journey: {hello: {step: rest, entries: 1, held_out: false}}",
        "journey: {hello: {ended: ''}}",
    ],
)  # fmt: skip
def test_messages_and_runs_are_as_expected(expect):
    assert wrote(expect) == []


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("messages: []", ('expected [], is [{"journey":"hello","step":"mail","template":"hello",'
         '"result":"sent"}]')),
        ("messages: [{step: rest}]", ('expected [{"step":"rest","result":"sent"}], is [{"journey":'
         '"hello","step":"mail","template":"hello","result":"sent"}]')),
        ("journey: {hello: mail}", 'expected step "mail", is "rest"'),
        ("journey: {hello: {ended: done}}", 'expected ended "done", is ""'),
        ("journey: {hello: null}", ("expected nobody in 'hello', is "
         '{"step":"rest","ended":"","entries":1,"held_out":false,"goal":false}')),
    ],
)  # fmt: skip
def test_messages_and_runs_that_are_otherwise_are_told(expect, message):
    assert wrote(expect) == [message]


def test_a_journey_nobody_entered_is_told():
    never = {"journeys/hello.yaml": JOURNEY.replace("Cart Updated", "Page")}
    assert wrote("journey: {hello: rest}", **never) == ["nobody entered 'hello'"]
    assert wrote("journey: {hello: null}", **never) == []


def test_a_message_that_cannot_be_written_has_failed_and_says_why():
    broken = {"templates/hello/body.txt": "Hello {{ traits.nickname }}\n"}
    (message,) = wrote("messages: [{template: hello}]", **broken)
    assert '"result":"failed"' in message
    assert "nickname" in message


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("journey: {helo: rest}", "unknown journey 'helo'"),
        ("journey: {hello: rst}", "unknown step 'rst'"),
        ("messages: [{journey: helo}]", "unknown journey 'helo'"),
        ("messages: [{template: helo}]", "unknown template 'helo'"),
    ],
)
def test_names_that_name_nothing_are_found_by_check(expect, message):
    with pytest.raises(ProjectError, match=message):
        wrote(expect)
