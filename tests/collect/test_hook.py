"""Deliveries on their way in: ids, arrays, what nobody mapped, loops (collect C39, D05)."""

import hashlib
import hmac
import json

import pytest
from door_kit import Kit

from journeyfold.collect.admit import replay
from journeyfold.sources.inventory import Source, Webhook
from journeyfold.sources.mapped import Passed

MESSAGE = {"type": "track", "event": "Paid", "userId": "u"}


def source(verify="github", **webhook):
    given = Webhook(verify=verify, secrets=("s3cret",), **webhook)
    return Source(kind="webhook", source="pay", webhook=given)


def mapped(item):
    if "amount" in item:
        return MESSAGE | {"properties": item}
    if "ping" in item:
        return Passed("filtered", "ping", 1, 1)
    return Passed("quarantined", "no_time", 1, 1, "line 1: the time it occurred is empty")


def deliver(kit, value, headers=None, *, sign=True):
    body = json.dumps(value).encode()
    signature = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    sent = {"x-hub-signature-256": f"sha256={signature}"} if sign else {}
    sent |= {"x-github-delivery": "d1"} | (headers or {})
    return kit.post("/hooks/pay", body, sent, key=None)


@pytest.fixture
def pay():
    return Kit(source(), mappings={"pay": mapped})


def test_a_delivery_becomes_an_event_with_the_vendors_id(pay):
    assert deliver(pay, {"amount": 1}).json["appended"] == 1
    event = pay.log.events[0]
    assert (event.id, event.name, event.properties) == ("d1", "Paid", {"amount": 1})
    assert event.context["auth"] == "webhook"


def test_a_redelivery_is_a_duplicate(pay):
    deliver(pay, {"amount": 1})
    assert deliver(pay, {"amount": 1}).json["duplicate"] == 1


def test_an_array_becomes_numbered_events(pay):
    assert deliver(pay, [{"amount": 1}, {"amount": 2}]).json["appended"] == 2
    assert [event.id for event in pay.log.events] == ["d1/0", "d1/1"]


def test_a_source_may_say_where_the_array_stands():
    kit = Kit(source(each="/data/items"), mappings={"pay": mapped})
    deliver(kit, {"data": {"items": [{"amount": 1}]}})
    assert [event.id for event in kit.log.events] == ["d1/0"]


def test_what_nobody_mapped_is_kept_and_answered_with_200(pay):
    answer = deliver(pay, {"kind": "ping"})
    assert (answer.status, answer.json["quarantined"]) == (200, 1)
    held = pay.log.held[0]
    assert (held.code, held.event_id, json.loads(held.message)) == (
        "unmapped",
        "d1",
        {"kind": "ping"},
    )


def test_what_could_not_be_mapped_says_why(pay):
    deliver(pay, {"kind": "void"})
    assert pay.log.held[0].detail == "the time it occurred is empty"


def test_what_a_line_of_the_map_filters_fills_no_quarantine(pay):
    answer = deliver(pay, {"ping": 1})
    assert (answer.status, pay.log.held) == (200, [])
    assert answer.json["items"] == [
        {"index": 0, "fate": "rejected", "code": "filtered", "pointer": ""}
    ]


def test_what_was_unmapped_is_admitted_when_a_mapping_takes_it():
    before = Kit(source())
    deliver(before, {"amount": 1})
    after = Kit(source(), mappings={"pay": mapped})
    entry = replay(after.gates["pay"], before.log.held[0])
    direct = Kit(source(), mappings={"pay": mapped})
    deliver(direct, {"amount": 1})
    assert entry == direct.log.entries[0]


def test_a_wire_message_needs_no_mapping():
    kit = Kit(source())
    assert deliver(kit, MESSAGE).json["appended"] == 1


def test_a_wrong_signature_is_refused_and_counted(pay):
    answer = deliver(pay, {"amount": 1}, sign=False)
    assert (answer.status, answer.code) == (401, "unauthorized")
    assert (pay.audits, pay.log.entries) == (["webhook_signature"], [])


def test_an_unknown_hook_is_not_there(kit):
    assert kit.post("/hooks/nobody", {}).status == 404
    assert kit.post("/hooks/web", {}).status == 404


def test_a_signed_body_that_is_no_json_is_400(pay):
    body = b"<xml/>"
    signature = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    answer = pay.post("/hooks/pay", body, {"x-hub-signature-256": f"sha256={signature}"}, key=None)
    assert (answer.status, answer.code) == (400, "invalid_json")


def test_a_loop_stops_after_five_hops(pay):
    assert deliver(pay, {"amount": 1}, {"x-journeyfold-hops": "5"}).status == 200
    assert deliver(pay, {"amount": 2}, {"x-journeyfold-hops": "6"}).code == "too_many_hops"


def test_meta_asks_before_it_sends():
    kit = Kit(source("meta"))
    query = "hub.mode=subscribe&hub.challenge=42&hub.verify_token="
    assert kit.send("GET", f"/hooks/pay?{query}s3cret", key=None).body == b"42"
    assert kit.send("GET", f"/hooks/pay?{query}guess", key=None).status == 401


def test_slack_is_answered_its_challenge():
    kit = Kit(source("slack"))
    body = b'{"type":"url_verification","challenge":"c"}'
    stamp = str(kit.now_us // 1_000_000)
    signature = hmac.new(
        b"s3cret", b"v0:" + stamp.encode() + b":" + body, hashlib.sha256
    ).hexdigest()
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={signature}"}
    assert kit.post("/hooks/pay", body, headers, key=None).json == {"challenge": "c"}
    assert kit.log.held == []


def test_the_hops_of_a_delivery_go_along_and_are_no_senders_to_say(pay):
    deliver(pay, {"amount": 1}, {"x-journeyfold-hops": "3"})
    deliver(pay, {"amount": 2}, {"x-github-delivery": "d2"})
    assert [event.context.get("hops") for event in pay.log.events] == [3, None]


def test_a_sender_cannot_count_hops_of_its_own():
    kit = Kit(source())
    deliver(kit, MESSAGE | {"context": {"hops": 9}})
    assert "hops" not in kit.log.events[0].context
