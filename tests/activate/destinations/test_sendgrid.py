"""sendgrid: POST /v3/mail/send (https://www.twilio.com/docs/sendgrid/api-reference/mail-send)."""

import pytest
from destination_kit import opened, parcel, statuses
from http_receiver import receiving

from journeyfold.activate.destination import Mail
from journeyfold.core.errors import UsageError

MAIL = Mail(
    "ann@example.com", "Shop <shop@example.com>", "Your cart", "Hello", "<p>Hello</p>",
    "help@example.com", {"List-Unsubscribe": "<https://shop.example/u/1>"},
)  # fmt: skip
FORBIDDEN = {"from", "to", "subject", "reply-to", "cc", "bcc", "content-type", "dkim-signature",
             "received", "x-sg-id", "x-sg-eid", "content-transfer-encoding"}  # fmt: skip


def text(receiver, more=""):
    return f"type: sendgrid\nsecret: '${{env:TOKEN}}'\nurl: {receiver.url}\n{more}"


def sent(answers=None, mail=MAIL, more=""):
    with (
        receiving(answers or (lambda _: (202, b""))) as receiver,
        opened(text(receiver, more)) as destination,
    ):
        outcomes = destination.deliver([parcel("message", mail=mail)])
        return outcomes[0], receiver.requests


def test_the_payload_is_the_published_one():
    outcome, (request,) = sent()
    assert outcome.status == "sent"
    assert (request.method, request.path) == ("POST", "/v3/mail/send")
    assert request.headers["authorization"] == "Bearer t0ken"
    told = request.json
    assert told["personalizations"] == [
        {"to": [{"email": "ann@example.com"}], "custom_args": {"message": parcel().key}}
    ]
    assert told["from"] == {"email": "shop@example.com", "name": "Shop"}
    assert told["reply_to"] == {"email": "help@example.com"}
    assert [part["type"] for part in told["content"]] == ["text/plain", "text/html"]
    assert all(part["value"] for part in told["content"])
    assert told["subject"] == "Your cart"


def test_headers_that_they_refuse_are_not_among_ours():
    _, (request,) = sent()
    assert not FORBIDDEN & {name.lower() for name in request.json["headers"]}


def test_their_tracking_is_off_as_ours_is_in_the_message():
    _, (request,) = sent()
    assert not any(each["enable"] for each in request.json["tracking_settings"].values())


def test_a_sandbox_sends_nothing():
    _, (request,) = sent(more="sandbox: true\ncategories: [cart]\nip_pool: main\n")
    assert request.json["mail_settings"] == {"sandbox_mode": {"enable": True}}
    assert request.json["categories"] == ["cart"]
    assert request.json["ip_pool_name"] == "main"


@pytest.mark.parametrize(
    ("status", "becomes"),
    [
        (400, "dead"),
        (401, "paused"),
        (403, "paused"),
        (413, "dead"),
        (429, "retry"),
        (500, "retry"),
    ],
)
def test_answers(status, becomes):
    outcome, _ = sent(lambda _: (status, {"errors": [{"message": "no", "field": None}]}))
    assert outcome.status == becomes


def test_an_answer_that_never_came_is_unknown():
    from journeyfold.activate.destination import Answer
    from journeyfold.activate.posting import judged_post

    assert judged_post(Answer(0, problem="time-out"), 0).status == "unknown"
    assert judged_post(Answer(0, problem="refused", is_unreached=True), 0).status == "retry"


def test_what_is_no_address_is_not_sent():
    outcome, requests = sent(mail=Mail("ann", "shop@example.com", "s", "t"))
    assert (outcome.status, requests) == ("dead", [])


def test_several_are_settled_one_by_one():
    answers = iter([(202, b""), (500, {}), (202, b"")])
    with receiving(lambda _: next(answers)) as receiver, opened(text(receiver)) as destination:
        outcomes = [
            destination.deliver([parcel("message", mail=MAIL, key=f"{each}")])[0]
            for each in range(3)
        ]
    assert statuses(outcomes) == ["sent", "retry", "sent"]


def test_a_secret_that_is_not_there_is_said():
    with receiving() as receiver, pytest.raises(UsageError), opened(text(receiver), secrets={}):
        pass
