"""What unmodified client libraries really sent, replayed (collect section 7; issue part 4)."""

import gzip
import json
from base64 import b64decode

import pytest
from door_kit import CONFORMANCE, Kit, busy

from journeyfold.core.errors import Busy
from journeyfold.core.event import Identifier
from journeyfold.core.instant import instant_us
from journeyfold.identity.normalise import normalised
from journeyfold.identity.rules import DEFAULT_RULES
from journeyfold.sources.inventory import Source

FILES = sorted((CONFORMANCE / "wire").glob("*.jsonl"))
NAMES = {
    "identify": "Identify",
    "page": "Page",
    "screen": "Screen",
    "group": "Group",
    "alias": "Alias",
}
FULL_PATHS = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias"}


def requests_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def kit_for(path):
    """The captured clients send `WK`: a foreign key of a browser or of a server source."""
    kind = "browser" if "browser" in path.name else "server"
    first = requests_of(path)[0]["t"]
    kit = Kit(
        Source(kind=kind, source="captured", keys=("WK",)), Source(kind="server", source="shop")
    )
    kit.now_us = int(first * 1_000_000)
    return kit


def replay(kit, request):
    kit.now_us = int(request["t"] * 1_000_000)
    return kit.send(
        request["method"], request["path"], b64decode(request.get("raw_b64", "")),
        dict(request["headers"]), key=None, pieces=3,
    )  # fmt: skip


def items_of(request):
    """(type, item) of each message in a captured body."""
    raw = b64decode(request.get("raw_b64", ""))
    if not raw:
        return []
    if {name.lower(): value for name, value in request["headers"]}.get(
        "content-encoding"
    ) == "gzip":
        raw = gzip.decompress(raw)
    body = json.loads(raw)
    if "batch" in body:
        return [(item["type"], item) for item in body["batch"]]
    return [(FULL_PATHS[request["path"].rpartition("/")[2]], body)]


def test_all_ten_captures_are_here():
    assert len(FILES) == 10


@pytest.mark.parametrize("path", [p for p in FILES if "retry" not in p.name], ids=lambda p: p.name)
def test_a_captured_client_delivers_all_it_sent(path):
    kit = kit_for(path)
    expected = []
    for request in requests_of(path):
        answer = replay(kit, request)
        if request["method"] == "OPTIONS":
            assert answer.status == 204
            continue
        assert (answer.status, answer.json["success"]) == (200, True), answer.body
        expected += items_of(request)
    assert len(kit.log.events) == len(expected) > 0
    for event, (kind, item) in zip(kit.log.events, expected, strict=True):
        assert event.id == item["messageId"]
        assert (event.type, event.name) == (kind, NAMES.get(kind) or item["event"])
        for key, claim in (("userId", "user_id"), ("anonymousId", "anonymous_id")):
            if item.get(key) is not None:
                assert Identifier(claim, item[key]) in event.identifiers
        for key, value in (item.get("properties") or {}).items():
            assert event.properties[key] == value
        if kind == "identify":
            assert event.traits == (item.get("context", {}).get("traits") or {}) | (
                item.get("traits") or {}
            )
        if kind == "group":
            assert event.properties["group_traits"] == item["traits"]
            assert event.properties["group_id"] == item["groupId"]
        assert event.context["auth"] == ("browser" if "browser" in path.name else "server")


@pytest.mark.parametrize("path", [p for p in FILES if "retry" not in p.name], ids=lambda p: p.name)
def test_captured_times_are_left_as_the_callers_set_them(path):
    kit = kit_for(path)
    for request in requests_of(path):
        replay(kit, request)
    items = [item for request in requests_of(path) for _, item in items_of(request)]
    for event, item in zip(kit.log.events, items, strict=True):
        stamp = item.get("timestamp") or item.get("originalTimestamp")
        if event.context.get("time", {}).get("rule") != "past":  # a write key reaches back 90 days
            assert event.occurred_us == instant_us(stamp)


@pytest.mark.parametrize("path", [p for p in FILES if "retry" in p.name], ids=lambda p: p.name)
def test_a_retrying_client_is_appended_once(path):
    """500, 429, 503, then taken: only the last try commits; sending all again adds nothing."""
    kit = kit_for(path)
    tries = requests_of(path)
    kit.log.busy = [Busy("full", 2) for _ in tries[:-1]]
    answers = [replay(kit, request) for request in tries]
    assert [answer.status for answer in answers] == [503] * (len(tries) - 1) + [200]
    assert all(answer.headers["retry-after"] == "2" for answer in answers[:-1])
    again = [replay(kit, request).json for request in tries]
    assert len(kit.log.entries) == 1
    assert [each["duplicate"] for each in again] == [1] * len(tries)


def test_a_browser_asks_first_and_is_told_yes_for_any_plain_header():
    kit = Kit()
    answer = kit.send(
        "OPTIONS", "/v1/b", key=None,
        headers={"origin": "https://shop.example", "access-control-request-headers": "authorization, x-retry-count"},
    )  # fmt: skip
    assert answer.status == 204
    assert answer.headers["access-control-allow-headers"] == "authorization, x-retry-count"


def test_an_alias_to_oneself_is_appended_and_names_its_user_only():
    """Its device is no evidence either, so identity must see that both values were equal (E9)."""
    path = CONFORMANCE / "wire/segment-analytics-next-browser.jsonl"
    kit = kit_for(path)
    for request in requests_of(path):
        replay(kit, request)
    (alias,) = [event for event in kit.log.events if event.type == "alias"]
    assert Identifier("anonymous_id", "user-1") in alias.identifiers
    assert normalised(alias, DEFAULT_RULES)[0] == (Identifier("user_id", "user-1"),)


def test_busy_is_answered_with_when_to_come_back():
    kit = Kit()
    kit.log.busy = [busy(7)]
    answer = kit.track()
    assert (answer.status, answer.headers["retry-after"], answer.code) == (503, "7", "busy")
