"""The door over ASGI: keys, CORS, replies, pixels, bootstrap (collect 2.1 to 2.8)."""

import gzip
import json
import sys
from base64 import b64encode, urlsafe_b64encode

import pytest
from door_kit import ORDER_SCHEMA, PUB, SRV, Kit, assert_conserved, busy, stored

from journeyfold.collect.http import Collector
from journeyfold.core.errors import EngineError
from journeyfold.core.ports import Fate
from journeyfold.sources.inventory import Limits, Plan, Source

EVENT = {"event": "Seen", "userId": "u", "messageId": "m1"}


def basic(key):
    return {"authorization": "Basic " + b64encode(f"{key}:ignored".encode()).decode()}


@pytest.mark.parametrize(
    ("path", "kind"),
    [(f"/v1/{word}", word) for word in ("identify", "track", "page", "screen", "group", "alias")]
    + [
        ("/v1/i", "identify"),
        ("/v1/t", "track"),
        ("/v1/p", "page"),
        ("/v1/s", "screen"),
        ("/v1/g", "group"),
        ("/v1/a", "alias"),
    ],
)
def test_each_path_has_its_type(kit, path, kind):
    assert kit.post(path, EVENT).status == 200
    assert kit.log.events[0].type == kind


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/import", "/v1/b", "/v1/batch/"])
def test_the_batch_paths_are_the_same(kit, path):
    assert kit.post(path, {"batch": [EVENT | {"type": "track"}]}).json["appended"] == 1


def test_a_beacon_brings_its_key_in_the_query(kit):
    body = {"batch": [EVENT | {"type": "track"}]}
    answer = kit.post(
        f"/beacon/v1/batch?writeKey={PUB}", body, {"content-type": "text/plain"}, key=None
    )
    assert answer.json["appended"] == 1


def test_a_key_in_the_query_counts_nowhere_else(kit):
    assert kit.post(f"/v1/batch?writeKey={PUB}", {"batch": []}, key=None).status == 401


@pytest.mark.parametrize(
    "headers", [basic(PUB), {"authorization": f"Bearer {PUB}"}, {"x-write-key": str(PUB)}]
)
def test_a_key_may_stand_in_a_header(kit, headers):
    assert kit.post("/v1/track", EVENT, headers, key=None).status == 200


def test_a_write_key_may_stand_in_the_body(kit):
    assert kit.post("/v1/track", EVENT | {"writeKey": str(PUB)}, key=None).status == 200


def test_a_server_key_stands_in_authorization_only(kit):
    assert kit.post("/v1/track", EVENT | {"writeKey": str(SRV)}, key=None).status == 401
    assert kit.post("/v1/track", EVENT, {"x-write-key": str(SRV)}, key=None).status == 401
    assert kit.post("/v1/track", EVENT | {"writeKey": str(SRV)}, key=SRV).status == 200


def test_two_different_keys_are_none(kit):
    assert kit.post("/v1/track", EVENT | {"writeKey": str(SRV)}).status == 401
    assert kit.post("/v1/track", EVENT, {"x-write-key": "other"}).status == 401
    assert kit.post("/v1/track", EVENT | {"writeKey": str(PUB)}).status == 200


def test_a_foreign_key_opens_the_source_that_names_it(kit):
    assert kit.post("/v1/track", EVENT, basic("WK"), key=None).status == 200
    assert kit.log.events[0].source == "shop"


def test_a_key_without_the_scope_may_not_collect(kit):
    kit.keys.put(stored(PUB, "web", scopes=("decide",)))
    answer = kit.track()
    assert (answer.status, answer.code) == (403, "scope")


def test_a_key_of_certain_addresses_opens_from_there_only(kit):
    kit.keys.put(stored(PUB, "web", addresses=("203.0.113.0/24",)))
    assert kit.track().status == 200
    kit.keys.put(stored(PUB, "web", addresses=("198.51.100.0/24", "::1/128")))
    assert kit.track().status == 401


def test_nothing_of_an_event_stays_in_the_door_while_its_commit_is_awaited(kit):
    held_by = []

    async def append(items, rejected):
        event = items[0].event
        del items
        held_by.append(sys.getrefcount(event))
        return [Fate("appended", 0)]

    kit.door.append = append
    message = {"type": "track", "event": "Seen", "userId": "u"}
    assert kit.post("/v1/batch", {"batch": [message]}).status == 200
    assert held_by == [2]  # the variable above, and the argument of the question


def test_the_reply_lists_what_was_not_appended():
    kit = Kit(schemas=[ORDER_SCHEMA])
    kit.log.held = []
    order = {"type": "track", "event": "Order Completed", "userId": "u"}
    items = [
        order | {"messageId": "1", "properties": {"order_id": "x"}},
        order | {"messageId": "1", "properties": {"order_id": "x"}},
        order | {"messageId": "2", "properties": {"order_id": "x", "total": -1}},
        order | {"messageId": "1", "properties": {"order_id": "y"}},
        {"type": "track", "userId": "u"},
    ]
    answer = kit.post("/v1/batch", {"batch": items})
    assert answer.json == {
        "success": True, "received": 5, "appended": 1, "duplicate": 1, "quarantined": 2,
        "rejected": 1, "offset": 0,
        "items": [
            {"index": 1, "fate": "duplicate", "code": "", "pointer": ""},
            {"index": 2, "fate": "quarantined", "code": "schema", "pointer": "/properties/total"},
            {"index": 3, "fate": "quarantined", "code": "message_id_conflict", "pointer": ""},
            {"index": 4, "fate": "rejected", "code": "no_name", "pointer": "/event"},
        ],
    }  # fmt: skip
    assert_conserved(kit, 5)


def test_at_most_a_hundred_items_are_listed(kit):
    answer = kit.post("/v1/batch", {"batch": [{}] * 300})
    assert (answer.json["rejected"], len(answer.json["items"])) == (300, 100)


def test_a_single_refused_message_is_an_error_with_its_place(kit):
    answer = kit.track({"event": "E"})
    assert answer.status == 400
    assert answer.json == {
        "error": {"code": "no_identity", "message": "no userId, anonymousId or other identifier",
                  "pointer": "", "index": None}
    }  # fmt: skip
    assert kit.rejected_alone == 1
    assert_conserved(kit, 1)


def test_a_persons_wish_is_no_error_on_the_wire():
    from journeyfold.collect.admit import Verdict

    kit = Kit(protect=lambda event, nodes: Verdict(None, "consent"))
    answer = kit.track()
    assert (answer.status, answer.json["rejected"], answer.json["items"][0]["code"]) == (
        200,
        1,
        "consent",
    )


def test_a_body_refused_whole_counts_as_one(kit):
    kit.post("/v1/batch", b"{")
    kit.post("/v1/batch", {"batch": []})
    kit.post("/v1/batch", {"batch": [{}] * 2501})
    assert kit.counts == {("web", "rejected"): 3}
    assert [sample.code for sample in kit.door.samples.of("web")] == [
        "too_many_events", "empty_batch", "invalid_json",
    ]  # fmt: skip


def test_rejected_items_are_counted_with_the_append_they_came_with(kit):
    kit.post("/v1/batch", {"batch": [EVENT | {"type": "track"}, {}, {}]})
    assert (kit.log.rejected, kit.rejected_alone) == (2, 0)


def test_one_number_out_of_range_costs_one_item(kit):
    body = b'{"batch":[{"type":"track","event":"E","userId":"u"},{"type":"track","properties":{"a":1e400}}]}'
    answer = kit.post("/v1/batch", body)
    assert (answer.status, answer.json["appended"]) == (200, 1)
    assert answer.json["items"][0]["code"] == "number_out_of_range"
    in_body = body[:-1] + b',"writeKey":"%b","context":{"locale":"de"}}' % str(PUB).encode()
    assert kit.post("/v1/batch", in_body, key=None).json["appended"] == 1
    assert kit.log.events[-1].context["locale"] == "de"


def test_a_gzip_body_is_unpacked_in_any_pieces(kit):
    body = gzip.compress(json.dumps(EVENT).encode())
    assert kit.post("/v1/track", body, {"content-encoding": "gzip"}, pieces=20).status == 200


def test_a_batch_merges_its_context_and_its_sending_time(kit):
    body = {
        "batch": [EVENT | {"type": "track", "timestamp": "2026-11-22T01:00:00Z"}],
        "context": {"locale": "de"}, "sentAt": "2026-11-22T01:00:00Z", "timestamp": "1999-01-01",
    }  # fmt: skip
    kit.post("/v1/batch", body)
    event = kit.log.events[0]
    assert (event.occurred_us, event.context["locale"]) == (kit.now_us, "de")
    assert event.context["time"]["rule"] == "skew"


def test_the_header_sent_at_counts_last(kit):
    headers = {"sentat": "2026-11-22T01:00:00Z"}
    kit.track(headers=headers, timestamp="2026-11-22T01:00:00Z")
    assert kit.log.events[0].occurred_us == kit.now_us


def test_an_idempotency_key_names_messages_without_ids(kit):
    headers = {"idempotency-key": "K"}
    item = {"type": "track", "event": "E", "userId": "u"}
    for _ in range(2):
        answer = kit.post("/v1/batch", {"batch": [item, item]}, headers)
    assert [event.id for event in kit.log.events] == ["K/0", "K/1"]
    assert answer.json["duplicate"] == 2


def test_a_second_append_waits_for_no_one_when_the_engine_is_broken(kit):
    kit.log.busy = [EngineError("disk")]
    answer = kit.track()
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert kit.counts == {}


def test_durability_os_is_said_in_every_reply(kit):
    kit.door.durability = "os"
    assert kit.track().headers["x-durability"] == "os"


def test_a_wrong_method_is_told_the_right_ones(kit):
    answer = kit.send("GET", "/v1/track")
    assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_the_collector_knows_its_own_paths():
    assert all(
        Collector.owns(path)
        for path in ("/v1/track", "/v1/b", "/hooks/shop", "/hooks/a/b", "/pixel/v1/page")
    )
    assert not any(Collector.owns(path) for path in ("/v1/decide", "/", "/v1/people/x"))


# Rates


def test_a_request_larger_than_the_burst_passes_a_full_bucket():
    kit = Kit(Source(kind="browser", source="web", limits=Limits(events_per_s=10, burst=2)))
    body = {"batch": [EVENT | {"type": "track", "messageId": str(n)} for n in range(5)]}
    assert kit.post("/v1/batch", body).status == 200
    answer = kit.post("/v1/batch", body)
    assert (answer.status, answer.headers["retry-after"]) == (429, "1")
    assert answer.headers["vary"] == "Origin"


def test_a_key_with_its_own_rate_is_held_to_it(kit):
    kit.keys.put(stored(PUB, "web", rate_per_s=1, burst=1))
    assert [kit.track().status for _ in range(2)] == [200, 429]


# CORS


def preflight(kit, path="/v1/track", asked="authorization", origin="https://a.example"):
    headers = {"origin": origin, "access-control-request-headers": asked}
    return kit.send("OPTIONS", path, headers=headers, key=None)


def test_a_preflight_needs_no_key(kit):
    answer = preflight(kit, asked="Authorization, X-Retry-Count")
    assert answer.status == 204
    assert answer.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "Authorization, X-Retry-Count"
    assert answer.headers["access-control-max-age"] == "900"
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize("asked", ["x" * 65, "a b", "a\x7f", ",".join(f"x{n}" for n in range(33))])
def test_names_that_are_no_plain_tokens_are_not_allowed(kit, asked):
    assert "access-control-allow-headers" not in preflight(kit, asked=asked).headers


def test_without_a_list_any_origin_is_echoed_without_credentials(kit):
    answer = kit.track(headers={"origin": "https://any.example"})
    assert answer.headers["access-control-allow-origin"] == "https://any.example"
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    assert "access-control-allow-credentials" not in answer.headers


def test_a_browser_can_read_a_refusal_too(kit):
    answer = kit.post("/v1/track", EVENT, {"origin": "https://a.example"}, key="nonsense")
    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


def test_an_origin_is_compared_as_browsers_write_it():
    kit = Kit(Source(kind="browser", source="web", origins=("HTTPS://Shop.Example:443/",)))
    assert kit.track(headers={"origin": "https://shop.example"}).status == 200
    assert kit.track(headers={"origin": "https://shop.example:444"}).status == 403
    assert kit.track().status == 200


@pytest.mark.parametrize(
    ("value", "expected"), [("1", True), ("0", None), ("true", None), ("1,1", None)]
)
def test_gpc_is_the_header_one_and_nothing_else(kit, value, expected):
    kit.track(headers={"sec-gpc": value})
    assert kit.log.events[0].context.get("gpc") is expected


# Pixels


def test_a_flattened_query_is_a_message(kit):
    query = f"writeKey={PUB}&userId=u&event=Opened&properties.subject=Hi+there&properties.n=1"
    answer = kit.send("GET", f"/v1/pixel/track?{query}", key=None)
    assert (answer.status, answer.headers["x-result"]) == (200, "appended")
    assert (len(answer.body), answer.headers["cache-control"]) == (43, "no-store")
    assert kit.log.events[0].properties == {"subject": "Hi there", "n": "1"}


@pytest.mark.parametrize(
    "encode", [b64encode, urlsafe_b64encode, lambda raw: b64encode(raw).rstrip(b"=")]
)
def test_a_pixel_takes_base64_json(kit, encode):
    data = encode(json.dumps({"userId": "ü?>", "properties": {"n": 1}}).encode()).decode()
    answer = kit.send("GET", f"/v1/pixel/page?writeKey={PUB}&data={data}", key=None)
    assert answer.headers["x-result"] == "appended"
    assert kit.log.events[0].properties == {"n": 1}


def packed(**message):
    return b64encode(json.dumps({"userId": "u", **message}).encode()).decode()


def test_a_pixel_may_carry_its_key_inside_its_message(kit):
    """As public pixels of mails are written: nothing but `data` stands in the address."""
    answer = kit.send("GET", f"/v1/pixel/page?data={packed(writeKey=str(PUB))}", key=None)
    assert (answer.headers["x-result"], len(kit.log.events)) == ("appended", 1)


@pytest.mark.parametrize(
    "query",
    [f"data={packed(writeKey=str(SRV))}", f"writeKey={PUB}&data={packed(writeKey='another')}",
     f"data={packed(writeKey=7)}"],
)  # fmt: skip
def test_a_pixels_message_opens_with_its_own_write_key_only(kit, query):
    answer = kit.send("GET", f"/v1/pixel/page?{query}", key=None)
    assert (answer.headers["x-result"], kit.log.events) == ("unauthorized", [])


@pytest.mark.parametrize(
    ("query", "result"),
    [("", "unauthorized"), ("writeKey=x", "unauthorized"), (f"writeKey={PUB}", "rejected:no_identity"),
     (f"writeKey={PUB}&data=!!!", "bad_query"), (f"writeKey={PUB}&data=W10", "not_an_object"),
     (f"writeKey={PUB}&userId=u&a=1&a.b=2", "bad_query"), (f"writeKey={PUB}&x=%ff", "bad_query")],
)  # fmt: skip
def test_a_pixel_is_always_a_picture(kit, query, result):
    answer = kit.send("GET", f"/pixel/v1/page?{query}", key=None)
    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.headers["x-result"] == result


def test_a_pixel_says_when_the_platform_is_busy(kit):
    kit.log.busy = [busy()]
    answer = kit.send("GET", f"/pixel/v1/page?writeKey={PUB}&userId=u", key=None)
    assert (answer.status, answer.headers["x-result"]) == (200, "busy")


# Bootstrap and validation


def test_a_browser_library_learns_where_to_send(kit):
    answer = kit.send("GET", f"/v1/projects/{PUB}/settings", key=None)
    assert answer.json == {"integrations": {"Segment.io": {"apiKey": str(PUB)}}}
    assert kit.send("GET", "/v1/projects/nonsense/settings", key=None).status == 401


def test_source_config_names_no_destinations(kit):
    answer = kit.send("GET", f"/sourceConfig/?p=web&writeKey={PUB}", key=None)
    assert answer.json["source"]["destinations"] == []
    assert answer.json["source"]["writeKey"] == str(PUB)


def test_validation_appends_and_counts_nothing():
    kit = Kit(
        Source(kind="browser", source="web", plan=Plan(unknown_event="quarantine")),
        schemas=[ORDER_SCHEMA],
    )
    answer = kit.post("/v1/validate", EVENT | {"type": "track"})
    assert answer.json["fate"] == "quarantined"
    assert answer.json["code"] == "unknown_event"
    assert (kit.log.held, kit.log.entries, kit.counts) == ([], [], {})
