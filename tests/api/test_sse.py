"""Streams end when the reader leaves, and stay awake while nothing happens."""

import asyncio

from journeyfold.api import sse


def run(messages, *, send_fails_after=None, leaves_on=None):
    sent = []
    left = None

    async def receive():
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        if send_fails_after is not None and len(sent) > send_fails_after:
            raise OSError("gone")
        sent.append(message.get("body", b""))
        if leaves_on is not None and leaves_on in sent[-1]:
            left.set()

    async def main():
        nonlocal left
        left = asyncio.Event()
        await asyncio.wait_for(sse.streaming(messages, [])({}, receive, send), 2)

    asyncio.run(main())
    return b"".join(sent)


async def three():
    for n in range(3):
        yield sse.event("n", str(n), b"{}")


async def endless():
    while True:
        yield sse.HEARTBEAT
        await asyncio.sleep(0)


def test_a_message_has_id_event_and_data():
    assert sse.event("n", "1", b"{}") == "id: 1\nevent: n\ndata: {}\n\n"


def test_a_stream_says_when_to_come_back_and_then_its_messages():
    body = run(three)
    assert body.startswith(b"retry: 2000\n\n")
    assert body.count(b"event: n") == 3


def test_a_stream_stops_when_the_reader_leaves():
    assert run(endless, leaves_on=b"still here").count(b"still here") >= 1


def test_a_stream_stops_when_nothing_can_be_sent():
    assert run(endless, send_fails_after=0) == b""
    assert run(endless, send_fails_after=2).count(b"still here") == 1
