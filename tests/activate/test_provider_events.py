"""What providers tell us by webhook, in the shapes they publish (journeys A14)."""

import json

import pytest

from journeyfold.activate.provider_events import PROVIDERS, reports_of

EFFECT = "6a1c0c1e-0000-5000-8000-000000000001"
AT = 1_795_334_400


def sendgrid(event, **more):
    return {
        "email": "ann@example.com", "timestamp": AT, "event": event, "sg_event_id": "e1",
        "sg_message_id": "m1", "smtp-id": "<other@x>", "message": EFFECT, **more,
    }  # fmt: skip


def mandrill(event, **more):
    message = {"ts": AT, "email": "ann@example.com", "metadata": {"message": EFFECT}, **more}
    return {"event": event, "ts": AT, "_id": "m1", "msg": message}


def mailgun(event, **more):
    return {
        "signature": {}, "event-data": {
            "event": event, "timestamp": AT + 0.5, "id": "g1", "recipient": "ann@example.com",
            "message": {"headers": {"message-id": f"{EFFECT}@example.com"}}, **more,
        },
    }  # fmt: skip


def only(provider, payload):
    (found,) = reports_of(provider, payload)
    return found


@pytest.mark.parametrize(
    ("event", "what"),
    [
        ("delivered", "delivered"), ("open", "opened"), ("click", "clicked"),
        ("spamreport", "complained"), ("unsubscribe", "unsubscribed"),
        ("group_unsubscribe", "unsubscribed"),
    ],
)  # fmt: skip
def test_sendgrid_events(event, what):
    found = only("sendgrid", [sendgrid(event)])
    assert (found.effect, found.what, found.at_us, found.id) == (EFFECT, what, AT * 10**6, "e1")


@pytest.mark.parametrize("event", ["processed", "deferred", "group_resubscribe", "new_one"])
def test_sendgrid_events_that_say_nothing_we_keep(event):
    assert reports_of("sendgrid", [sendgrid(event)]) == []


def test_sendgrid_tells_the_machine_openings_apart():
    assert only("sendgrid", [sendgrid("open", sg_machine_open=True)]).is_machine


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no"}, "5.1.1"),
        ({"type": "bounce", "reason": "550 no"}, "5.0.0"),
        ({"type": "blocked", "status": "5.7.1", "reason": "550 5.7.1 listed"}, "4.0.0"),
    ],
)
def test_sendgrid_bounces(more, status):
    assert only("sendgrid", [sendgrid("bounce", **more)]).status == status


def test_what_sendgrid_drops_it_knows_from_before():
    assert only("sendgrid", [sendgrid("dropped", reason="Bounced Address")]).status == "5.1.1"
    assert only("sendgrid", [sendgrid("dropped", reason="Spam Reporting Address")]).what == (
        "complained"
    )


def test_sendgrid_over_smtp_names_the_message_id():
    told = sendgrid("delivered", **{"smtp-id": f"<{EFFECT}@example.com>"})
    del told["message"]
    assert only("sendgrid", [told]).effect == EFFECT


@pytest.mark.parametrize(
    ("event", "what"),
    [("open", "opened"), ("click", "clicked"), ("spam", "complained"), ("unsub", "unsubscribed")],
)
def test_mandrill_events_come_in_a_form(event, what):
    payload = {"mandrill_events": json.dumps([mandrill(event)])}
    assert only("mandrill", payload).what == what


@pytest.mark.parametrize(
    ("event", "diag", "status"),
    [
        ("hard_bounce", "smtp;550 5.1.1 no such user", "5.1.1"),
        ("hard_bounce", "", "5.1.1"),
        ("soft_bounce", "smtp;552 5.2.2 full", "5.2.2"),
        ("soft_bounce", "smtp;550 5.7.1 no", "4.0.0"),
    ],
)
def test_mandrill_bounces(event, diag, status):
    payload = {"mandrill_events": json.dumps([mandrill(event, diag=diag)])}
    assert only("mandrill", payload).status == status


@pytest.mark.parametrize(
    ("event", "more", "what", "status"),
    [
        ("delivered", {}, "delivered", ""),
        ("opened", {"client-info": {"bot": "gmail"}}, "opened", ""),
        ("failed", {"severity": "permanent", "delivery-status": {"code": 550, "enhanced-code": "5.1.1"}},
         "bounced", "5.1.1"),
        ("failed", {"severity": "temporary", "delivery-status": {"code": 552, "message": "5.2.2 full"}},
         "bounced", "4.0.0"),
    ],
)  # fmt: skip
def test_mailgun_events(event, more, what, status):
    found = only("mailgun", mailgun(event, **more))
    assert (found.effect, found.what, found.status) == (EFFECT, what, status)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@pytest.mark.parametrize(
    "payload",
    [None, 1, "x", [], {}, [1, None, {}], {"mandrill_events": "{"}, {"event-data": []},
     [{"event": "open"}], [{"event": "open", "message": "not ours"}],
     {"mandrill_events": '[{"event": "open", "msg": {"metadata": []}}]'}],
)  # fmt: skip
def test_what_is_not_theirs_or_not_about_ours_is_nothing(provider, payload):
    assert reports_of(provider, payload) == []
