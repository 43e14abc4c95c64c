"""Triggers reach the page, by stream or by poll; the tail misses nothing (decisions W4)."""

import asyncio

import msgspec

from journeyfold.api.hub import KEPT_PER_NODE, Hub
from journeyfold.core.event import Identifier
from journeyfold.core.instant import MINUTE_US
from journeyfold.testing.desk import NOW_US

NODE, OTHER = b"a" * 16, b"b" * 16
AGE_US = 10 * MINUTE_US


def publish(hub, placement="cart", entered_us=NOW_US, nodes=(NODE,), now_us=NOW_US):
    return hub.publish(nodes, placement, entered_us, now_us=now_us, max_age_us=AGE_US)


def visitor(kit):
    return kit.services.node_of(Identifier("anonymous_id", "a9"))


def test_a_trigger_is_kept_for_the_persons_nodes_only():
    hub = Hub()
    publish(hub)
    assert [each.placement for each in hub.since(NODE, 0, NOW_US)] == ["cart"]
    assert hub.since(OTHER, 0, NOW_US) == []


def test_a_trigger_older_than_its_age_is_dropped_and_counted():
    hub = Hub()
    assert not publish(hub, entered_us=0, now_us=AGE_US + 1)
    assert publish(hub, entered_us=0, now_us=AGE_US)
    assert hub.dropped == {"too_old": 1}


def test_a_trigger_that_became_too_old_while_it_waited_is_not_told():
    hub = Hub()
    publish(hub, entered_us=NOW_US)
    assert len(hub.since(NODE, 0, NOW_US + AGE_US)) == 1
    assert hub.since(NODE, 0, NOW_US + AGE_US + 1) == []


def test_a_page_that_comes_too_late_is_told_of_nothing(kit):
    publish(kit.services.hub, nodes=(visitor(kit),))
    kit.clock.at_us += AGE_US + 1
    polled = kit.call("GET", "/v1/stream/poll?anonymous_id=a9", key="pub").json
    assert polled["triggers"] == []


def test_what_was_seen_is_not_told_again():
    hub = Hub()
    publish(hub, entered_us=NOW_US - 200)
    publish(hub, "hero", entered_us=NOW_US - 100)
    assert [each.placement for each in hub.since(NODE, NOW_US - 200, NOW_US)] == ["hero"]


def test_memory_is_bounded_per_node():
    hub = Hub()
    for n in range(KEPT_PER_NODE + 5):
        publish(hub, f"p{n}", entered_us=NOW_US - 100 + n)
    assert len(hub.since(NODE, 0, NOW_US)) == KEPT_PER_NODE


def test_a_stream_tells_what_waited_and_what_comes(kit, stream):
    async def page():
        hub, node = kit.services.hub, visitor(kit)
        publish(hub, "cart", NOW_US - 200, (node,))
        headers = {"x-write-key": kit.texts["pub"]}
        path = "/v1/stream?anonymous_id=a9"
        reading = asyncio.create_task(stream(kit.api, "GET", path, b"", headers, b"hero"))
        await asyncio.sleep(0.05)
        publish(hub, "hero", NOW_US - 100, (node,))
        return await reading

    body = asyncio.run(page()).body.decode()
    assert body.index(f'{{"placement":"cart","entered_us":{NOW_US - 200}}}') < body.index("hero")
    assert f"id: {NOW_US - 100}\nevent: placement\n" in body
    assert kit.services.hub.open == 0


def test_a_stream_resumes_behind_its_last_event_id(kit, stream):
    node = visitor(kit)
    publish(kit.services.hub, "cart", NOW_US - 200, (node,))
    publish(kit.services.hub, "hero", NOW_US - 100, (node,))
    headers = {"x-write-key": kit.texts["pub"], "last-event-id": str(NOW_US - 200)}
    path = "/v1/stream?anonymous_id=a9"
    body = asyncio.run(stream(kit.api, "GET", path, b"", headers, b"hero")).body
    assert b"cart" not in body


def test_the_key_of_a_stream_may_stand_in_the_url_for_browsers(kit, stream):
    publish(kit.services.hub, "cart", NOW_US, (visitor(kit),))
    path = f"/v1/stream?anonymous_id=a9&writeKey={kit.texts['pub']}"
    answered = asyncio.run(stream(kit.api, "GET", path, b"", {}, b"cart"))
    assert (answered.status, answered.headers["x-accel-buffering"]) == (200, "no")
    poll = f"/v1/stream/poll?anonymous_id=a9&writeKey={kit.texts['srv']}"
    assert kit.call("GET", poll, key=None).status == 401


def test_a_page_that_cannot_stream_polls(kit):
    publish(kit.services.hub, "cart", NOW_US, (visitor(kit),))
    polled = kit.call("GET", "/v1/stream/poll?anonymous_id=a9", key="pub").json
    assert polled == {"triggers": [{"placement": "cart", "entered_us": NOW_US}], "again_s": 15}
    later = kit.call("GET", f"/v1/stream/poll?anonymous_id=a9&since_us={NOW_US}", key="pub").json
    assert later["triggers"] == []


def test_too_many_streams_are_told_to_poll(kit):
    kit.services.hub.open = 1_000
    answered = kit.call("GET", "/v1/stream?anonymous_id=a9", key="pub")
    assert (answered.status, answered.headers["retry-after"]) == (503, "15")


def test_people_beyond_the_limit_are_forgotten_oldest_first():
    hub = Hub(nodes_max=3)
    for n in range(5):
        publish(hub, nodes=(bytes([n]) * 16,))
    assert [n for n in range(5) if hub.since(bytes([n]) * 16, 0, NOW_US)] == [2, 3, 4]


def test_a_write_key_listens_for_its_own_visitor_only(kit):
    assert kit.call("GET", "/v1/stream/poll?user_id=u1", key="pub").status == 403
    assert kit.call("GET", "/v1/stream/poll?user_id=u1", key="srv").status == 200


def test_a_stream_for_nobody_is_400(kit):
    assert kit.call("GET", "/v1/stream/poll", key="pub").status == 400
    assert kit.call("GET", "/v1/stream/poll?anonymous_id=%20", key="pub").status == 400


def test_the_tail_starts_behind_its_place_and_filters(kit, stream):
    log = kit.services.desk.log
    start = log.head()[0]
    for name in ("Page Viewed", "Order Completed", "Order Completed"):
        kit.services.desk.arrive(name)
    headers = {
        "authorization": f"Bearer {kit.texts['srv']}",
        "last-event-id": f"0:{start}",
    }
    path = "/v1/tail?name=Order%20Completed"
    body = asyncio.run(stream(kit.api, "GET", path, b"", headers, b"records")).body
    line = next(each for each in body.split(b"\n") if each.startswith(b"data: "))
    records = msgspec.json.decode(line[6:])["records"]
    assert [record["offset"] for record in records] == [start + 2, start + 3]


def test_the_tail_is_not_for_browsers(kit):
    assert kit.call("GET", "/v1/tail", key="pub").status == 403
