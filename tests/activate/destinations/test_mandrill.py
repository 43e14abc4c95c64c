"""mandrill: messages/send (https://mailchimp.com/developer/transactional/api/messages)."""

import pytest
from destination_kit import opened, parcel
from http_receiver import receiving

from journeyfold.activate.destination import Mail

MAIL = Mail(
    "ann@example.com", "Shop <shop@example.com>", "Your cart", "Hello", "<p>Hello</p>",
    "help@example.com", {"List-Unsubscribe": "<https://shop.example/u/1>"},
)  # fmt: skip


def text(receiver, more=""):
    return f"type: mandrill\nsecret: '${{env:TOKEN}}'\nurl: {receiver.url}\n{more}"


def of_recipient(status, reason=None):
    told = {"email": "ann@example.com", "status": status, "reject_reason": reason, "_id": "abc"}
    return lambda _: (200, [told])


def failed(name, status=500):
    return lambda _: (status, {"status": "error", "code": -1, "name": name, "message": "no"})


def sent(answers, mail=MAIL, more=""):
    with receiving(answers) as receiver, opened(text(receiver, more)) as destination:
        outcomes = destination.deliver([parcel("message", mail=mail)])
        return outcomes[0], receiver.requests


def test_the_payload_is_the_published_one():
    outcome, (request,) = sent(of_recipient("sent"), more="subaccount: eu\ntags: [cart]\n")
    assert outcome.status == "sent"
    assert (request.method, request.path) == ("POST", "/api/1.0/messages/send.json")
    told = request.json
    message = told["message"]
    assert (told["key"], told["async"]) == ("t0ken", False)
    assert message["to"] == [{"email": "ann@example.com", "type": "to"}]
    assert (message["from_email"], message["from_name"]) == ("shop@example.com", "Shop")
    assert message["metadata"] == {"message": parcel().key}
    assert message["headers"] == {
        "List-Unsubscribe": "<https://shop.example/u/1>", "Reply-To": "help@example.com",
    }  # fmt: skip
    assert (message["html"], message["text"]) == ("<p>Hello</p>", "Hello")
    assert (message["subaccount"], message["tags"]) == ("eu", ["cart"])
    assert (message["track_opens"], message["track_clicks"]) == (False, False)


@pytest.mark.parametrize("status", ["sent", "queued", "scheduled"])
def test_what_they_took_is_sent(status):
    assert sent(of_recipient(status))[0].status == "sent"


@pytest.mark.parametrize(
    ("status", "reason", "bounce"),
    [
        ("rejected", "hard-bounce", "5.1.1"),
        ("rejected", "soft-bounce", "4.2.0"),
        ("rejected", "spam", ""),
        ("rejected", "unsub", ""),
        ("rejected", "unsigned", ""),
        ("invalid", None, "5.1.1"),
    ],
)
def test_what_they_refuse_of_a_recipient(status, reason, bounce):
    outcome, _ = sent(of_recipient(status, reason))
    assert (outcome.status, outcome.bounce) == ("dead", bounce)
    assert (reason or status) in outcome.reason


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("Invalid_Key", "paused"),
        ("PaymentRequired", "paused"),
        ("Unknown_Subaccount", "paused"),
        ("ValidationError", "dead"),
        ("GeneralError", "retry"),
    ],
)
def test_their_errors_go_by_their_names(name, becomes):
    outcome, _ = sent(failed(name))
    assert outcome.status == becomes
    assert name in outcome.reason


def test_a_gateway_that_fails_is_tried_again():
    assert sent(lambda _: (502, b"<html>"))[0].status == "retry"


def test_an_answer_that_names_nobody_is_unknown():
    assert sent(lambda _: (200, []))[0].status == "unknown"
