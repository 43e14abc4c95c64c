"""The live tail: resumes without gap or duplicate, coalesces, counts, lets go (console C20-C22)."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from journeyfold.console.arrivals import Arrival, Filter
from journeyfold.console.stream import ROWS_MAX, STREAMS_MAX, Place, Streams, Tail


def row(arrival: Arrival) -> str:
    return f"{arrival.fate} {arrival.name} {arrival.offset}"


def tail(desk, match=None, last=""):
    return Tail(desk, Streams(), match or Filter(), last, row)


def body(message):
    return json.loads(re.search(r"^data: (.*)$", message, re.MULTILINE)[1])


def test_a_new_reader_starts_at_the_end(desk):
    assert tail(desk).next_message(Place.of("", desk)) == ""


def test_what_arrives_is_told_once(desk):
    reader, place = tail(desk), Place.of("", desk)
    desk.arrive("Page")
    assert len(body(reader.next_message(place))["rows"]) == 1
    assert reader.next_message(place) == ""


def test_a_reader_that_comes_back_misses_nothing(desk):
    offset = desk.log.head()[0]
    for number in range(5):
        desk.arrive(f"Late {number}")
    message = tail(desk).next_message(Place.of(f"0:{offset + 2}", desk))
    assert [one.split()[2] for one in body(message)["rows"]] == ["2", "3", "4"]
    assert f"id: 0:{offset + 5}\n" in message


@pytest.mark.parametrize("last", ["", "1:5", "0:x", "0:-1", "0:" + "9" * 40, "nonsense"])
def test_a_strange_last_event_id_starts_at_the_end(desk, last):
    assert Place.of(last, desk).offset == desk.log.head()[0]


def test_a_flood_is_counted_not_dropped_silently(desk):
    place = Place.of("", desk)
    for _ in range(ROWS_MAX + 50):
        desk.arrive("Page")
    told = body(tail(desk).next_message(place))
    assert len(told["rows"]) == ROWS_MAX
    assert told["skipped"] == 50
    assert told["came"] == ROWS_MAX + 50


def test_filters_run_on_the_server(desk):
    place = Place.of("", desk)
    desk.arrive("Page", source="web")
    desk.arrive("Order Completed", source="shop")
    told = body(tail(desk, Filter(source="shop")).next_message(place))
    assert [one.split()[1] for one in told["rows"]] == ["Order"]


def test_a_stream_says_hello_and_stops_when_the_reader_leaves(desk):
    sent: list[dict] = []
    streams = Streams()

    async def go():
        async def receive():
            await asyncio.sleep(0.05)
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await Tail(desk, streams, Filter(), "", row)({"type": "http"}, receive, send)

    asyncio.run(asyncio.wait_for(go(), 5))
    assert b"event: hello" in sent[1]["body"]
    assert (b"x-accel-buffering", b"no") in sent[0]["headers"]
    assert streams.open == 0


def test_a_stranger_gets_no_stream(stranger_at, desk):
    assert stranger_at(desk).get("/live/stream").status_code == 401


def test_the_fifty_first_reader_is_told_to_poll():
    assert STREAMS_MAX == 50
