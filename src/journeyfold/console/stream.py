"""The live tail as server-sent events (console C20-C22).

`id:` is `0:offset`, so a reader that comes back with Last-Event-ID misses nothing and sees nothing
twice; held messages ride along by their own number. At most four messages a second and 200 rows
each; what is over that is counted, never silently dropped. A reader that takes nothing for ten
seconds is let go with its place. Rows are made by the template of the page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from starlette.types import Receive, Scope, Send

from journeyfold.api.desk import Desk
from journeyfold.console.arrivals import Arrival, Filter, arrival_of, held_arrival
from journeyfold.console.wording import exact

STREAMS_MAX = 50
ROWS_MAX = 200
PACE_S = 0.25
HEARTBEAT_S = 15.0
STUCK_S = 10.0
_READ = 2_000
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Place(msgspec.Struct):
    """Where a reader stands: the last offset and the last held message it was told of."""

    offset: int
    held: int

    @classmethod
    def of(cls, last_event_id: str, desk: Desk) -> Place:
        """From Last-Event-ID; a new reader starts at the end."""
        newest = desk.quarantine.rows(limit=1)
        held = newest[0].id if newest else 0
        partition, _, offset = last_event_id.partition(":")
        if partition == "0" and offset.isascii() and offset.isdigit() and len(offset) < 19:
            return cls(int(offset), held)
        return cls(desk.log.head()[0], held)


class Streams:
    """Counts the open streams of this process; the 51st is told to poll."""

    def __init__(self) -> None:
        self.open = 0


class Tail:
    """One open stream: an ASGI answer that runs until the reader leaves."""

    def __init__(
        self, desk: Desk, streams: Streams, match: Filter, last: str, row: Callable[[Arrival], str]
    ) -> None:
        self._desk, self._streams, self._match, self._row = desk, streams, match, row
        self._last = last

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        self._streams.open += 1
        gone = asyncio.create_task(_gone(receive))
        try:
            await self._run(send, gone)
        finally:
            self._streams.open -= 1
            gone.cancel()

    async def _run(self, send: Send, gone: asyncio.Task[None]) -> None:
        place = await asyncio.to_thread(Place.of, self._last, self._desk)
        await _write(send, f"retry: 2000\nid: 0:{place.offset}\nevent: hello\ndata: {{}}\n\n")
        quiet_s = 0.0
        while not gone.done():
            text = await asyncio.to_thread(self.next_message, place)
            quiet_s = 0.0 if text else quiet_s + PACE_S
            if quiet_s >= HEARTBEAT_S:
                text, quiet_s = ": still here\n\n", 0.0
            if text and not await _write(send, text):
                return
            await asyncio.wait((gone,), timeout=PACE_S)

    def next_message(self, place: Place) -> str:
        """What came since; moves the place. Empty when nothing came."""
        records = self._desk.log.read(place.offset, _READ)
        held = [row for row in self._desk.quarantine.rows(limit=ROWS_MAX) if row.id > place.held]
        if not records and not held:
            return ""
        if records:
            place.offset = records[-1].offset
        if held:
            place.held = max(row.id for row in held)
        wanted = [record for record in records if self._match.takes_record(record)]
        newest = wanted[-ROWS_MAX:] if not self._match.person else wanted
        arrived = [arrival_of(record, self._desk.people.of) for record in newest]
        arrived += [held_arrival(row) for row in held]
        rows = sorted(filter(self._match.takes, arrived), key=lambda row: row.at_us)
        body = {
            "rows": [self._row(row) for row in rows[-ROWS_MAX:]],
            "skipped": len(wanted) - len(newest) + max(0, len(rows) - ROWS_MAX),
            "came": len(records) + len(held),
            "head": exact(place.offset),
        }
        return f"id: 0:{place.offset}\ndata: {msgspec.json.encode(body).decode()}\n\n"


async def _write(send: Send, text: str) -> bool:
    """False when the reader has taken nothing for ten seconds."""
    message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
    try:
        await asyncio.wait_for(send(message), STUCK_S)
    except (TimeoutError, OSError):
        return False
    return True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
