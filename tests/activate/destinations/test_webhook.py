"""webhook: a signed POST (https://www.standardwebhooks.com)."""

from datetime import UTC, datetime

import pytest
from destination_kit import NOW_US, SECRETS, destined, opened, parcel, statuses
from http_receiver import receiving
from standardwebhooks import Webhook

from journeyfold.activate.again import wait_us
from journeyfold.activate.destination import Tools
from journeyfold.core.errors import ProjectError, UsageError

BODY = {"type": "order.completed", "timestamp": "2026-11-22T08:00:00Z", "data": {"id": "o-1"}}


def text(receiver, more=""):
    return f"type: webhook\nurl: {receiver.url}/hook\nsecret: '${{env:WHSEC}}'\n{more}"


def now_us():
    return int(datetime.now(UTC).timestamp() * 1e6)


def test_a_webhook_is_the_signed_bytes_of_the_known_answer():
    """A21, over the wire."""
    with receiving() as receiver, opened(text(receiver)) as destination:
        assert statuses(destination.deliver([parcel(body=BODY)])) == ["sent"]
    told = receiver.only
    assert (told.method, told.path) == ("POST", "/hook")
    assert told.headers["content-type"] == "application/json"
    assert told.headers["webhook-id"] == parcel().key
    assert told.headers["webhook-timestamp"] == str(NOW_US // 1_000_000)
    assert told.headers["webhook-signature"] == "v1,RZkxLZsvMIKcDnhxgA4ukoPenH1sS3CjaAyUSfteSAI="
    assert told.json == BODY


def test_what_arrives_is_verified_by_the_package_of_the_specification():
    with receiving() as receiver, opened(text(receiver), now_us=now_us) as destination:
        destination.deliver([parcel(body=BODY)])
        assert Webhook(SECRETS["WHSEC"]).verify(receiver.only.body, receiver.only.headers) == BODY


def test_another_attempt_has_the_same_id_and_its_own_time():
    clock = iter([NOW_US, NOW_US + 300_000_000])
    with (
        receiving() as receiver,
        opened(text(receiver), now_us=lambda: next(clock)) as destination,
    ):
        for attempt in (1, 2):
            destination.deliver([parcel(body=BODY, attempt=attempt)])
    first, second = (each.headers for each in receiver.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 300
    assert first["webhook-signature"] != second["webhook-signature"]


def test_two_secrets_sign_while_they_change():
    other = "whsec_" + "b" * 32
    secrets = {**SECRETS, "OLD": other}
    with receiving() as receiver:
        more = "secrets: ['${env:OLD}']\n"
        with opened(text(receiver, more), secrets=secrets, now_us=now_us) as destination:
            destination.deliver([parcel(body=BODY)])
    for secret in (SECRETS["WHSEC"], other):
        Webhook(secret).verify(receiver.only.body, receiver.only.headers)


def test_a_body_above_20_kb_is_sent_thin_with_a_link():
    big = {**BODY, "data": {"x": "y" * 20_000}}
    more = "link: 'https://shop.example/effects/{id}'\n"
    with receiving() as receiver, opened(text(receiver, more)) as destination:
        assert statuses(destination.deliver([parcel(body=big)])) == ["sent"]
    told = receiver.only.json
    assert (told["type"], told["timestamp"]) == (BODY["type"], BODY["timestamp"])
    assert told["data"]["id"] == parcel().key
    assert told["data"]["person"] == "p_1"
    assert told["data"]["link"] == f"https://shop.example/effects/{parcel().key}"
    assert len(receiver.only.body) < 20_000


def test_a_body_of_exactly_20_kb_is_sent_whole():
    import msgspec

    body = {"data": ""}
    body["data"] = "y" * (20_000 - len(msgspec.json.encode(body)))
    with receiving() as receiver, opened(text(receiver)) as destination:
        destination.deliver([parcel(body=body)])
    assert len(receiver.only.body) == 20_000
    assert receiver.only.json == body


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "sent"), (204, "sent"), (299, "sent"), (301, "dead"), (400, "dead"), (404, "dead"),
     (422, "dead"), (401, "paused"), (403, "paused"), (408, "retry"), (410, "disabled"),
     (425, "retry"), (429, "retry"), (500, "retry"), (502, "retry"), (504, "retry")],
)  # fmt: skip
def test_an_answer_is_settled_by_its_status(status, outcome):
    with receiving(lambda _: (status, b"")) as receiver, opened(text(receiver)) as destination:
        assert statuses(destination.deliver([parcel(body=BODY)])) == [outcome]


def test_the_other_side_may_ask_for_time():
    answers = lambda _: (503, {}, {"retry-after": "120"})  # noqa: E731
    with receiving(answers) as receiver, opened(text(receiver)) as destination:
        (outcome,) = destination.deliver([parcel(body=BODY)])
    assert outcome.after_us == 120_000_000


def test_an_answer_in_json_is_the_reply():
    answer = lambda _: (200, {"tier": "gold"})  # noqa: E731
    with receiving(answer) as receiver, opened(text(receiver)) as destination:
        (outcome,) = destination.deliver([parcel(body=BODY)])
    assert outcome.reply == {"tier": "gold"}


def test_headers_of_yours_are_sent_and_may_be_secret():
    more = "headers: {X-Shop: eu, Authorization: 'Bearer ${env:TOKEN}'}\n"
    with receiving() as receiver, opened(text(receiver, more)) as destination:
        destination.deliver([parcel(body=BODY)])
    assert receiver.only.headers["x-shop"] == "eu"
    assert receiver.only.headers["authorization"] == "Bearer t0ken"


def test_hops_are_counted_on_and_the_sixth_is_refused():
    with receiving() as receiver, opened(text(receiver)) as destination:
        outcomes = [destination.deliver([parcel(body=BODY, hops=each)])[0] for each in (0, 4, 5)]
    assert statuses(outcomes) == ["sent", "sent", "dead"]
    assert [each.headers["x-journeyfold-hops"] for each in receiver.requests] == ["1", "5"]


@pytest.mark.parametrize(
    "headers", ["{Host: inside}", "{webhook-id: mine}", '{X: "a\\r\\nY: b"}', "{'X Y': a}"]
)
def test_headers_that_are_ours_or_break_out_are_refused_by_check(headers):
    """S22."""
    with pytest.raises(ProjectError, match=r"there.yaml:4:.* header"):
        destined(f"type: webhook\nurl: https://x.example\nsecret: '${{env:A}}'\nheaders: {headers}")


@pytest.mark.parametrize("secret", ["plain", "whsec_" + "YQ=="])
def test_a_secret_that_cannot_sign_stops_the_destination(secret):
    settings = destined("type: webhook\nurl: https://x.example\nsecret: '${env:WHSEC}'\n")
    tools = Tools("there", None, None, lambda told: secret, lambda: 0, lambda name: 0)
    with pytest.raises(UsageError, match=r"destinations/there\.yaml"):
        settings.open(tools)


def test_attempts_follow_the_specification_s_schedule():
    """A4: 5 s after the first, 5 minutes after the second, with up to a tenth more."""
    retries = destined("type: webhook\nurl: https://x.example\nsecret: '${env:A}'\n").retries
    for attempt, seconds in ((1, 5), (2, 300), (3, 1800)):
        assert seconds * 1_000_000 <= wait_us(retries, "k", attempt) <= seconds * 1_100_000


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("upsert", {"key": "a", "tier": "gold"}, "row.upserted"),
        ("remove", {"key": "a"}, "row.removed"),
        ("event", {"event": "Order Completed", "total": 5}, "order.completed"),
        ("event", {"total": 5}, "event"),
    ],
)
def test_what_says_no_type_of_its_own_stands_under_data(kind, body, expected):
    with receiving() as receiver, opened(text(receiver)) as destination:
        destination.deliver([parcel(kind, body)])
    assert receiver.only.json == {
        "type": expected, "timestamp": "2026-11-22T08:00:00Z", "data": body,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["webhook", "event"])
def test_what_says_its_type_or_was_written_goes_as_it_is(kind):
    body = {"total": 5} if kind == "webhook" else {"type": "order.paid", "total": 5}
    with receiving() as receiver, opened(text(receiver)) as destination:
        destination.deliver([parcel(kind, body)])
    assert receiver.only.json == body
