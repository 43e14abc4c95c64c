"""`GET /v1/tail`: what the log takes in, as it takes it in (collect 3, console C20).

Ids are `0:offset`, so a reader that comes back misses nothing and sees nothing twice. At most four
messages a second with 200 records each; what is over that comes with the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api import sse
from journeyfold.api.desk import LogDesk
from journeyfold.api.operation import Answered, Call
from journeyfold.api.people import record_body
from journeyfold.api.wire import Offset
from journeyfold.api.wire_people import RecordBody

PACE_S = 0.25
BATCH_MAX = 200


class TailQuery(msgspec.Struct, frozen=True):
    """`after`: start behind this offset; without it at the end of the log."""

    source: Annotated[str, Meta(max_length=255)] = ""
    name: Annotated[str, Meta(max_length=255)] = ""
    after: Offset | None = None


class TailBody(msgspec.Struct, frozen=True):
    """One message of the stream."""

    records: tuple[RecordBody, ...]


async def answer_tail(call: Call) -> Answered:
    log, query = call.services.desk.log, call.query
    after = _place(call.request.text(b"last-event-id"))
    if after is None:
        after = query.after if query.after is not None else (await asyncio.to_thread(log.head))[0]
    start = after
    return sse.streaming(lambda: _records(log, query, start), [])


async def _records(log: LogDesk, query: TailQuery, after: int) -> AsyncIterator[str]:
    quiet_s = 0.0
    while True:
        records = await asyncio.to_thread(log.read, after, BATCH_MAX)
        if records:
            after = records[-1].offset
        wanted = tuple(
            record_body(record)
            for record in records
            if query.source in {"", record.event.source} and query.name in {"", record.event.name}
        )
        quiet_s = 0.0 if wanted else quiet_s + PACE_S
        if wanted:
            yield sse.event("records", f"0:{after}", msgspec.json.encode(TailBody(wanted)))
        elif quiet_s >= sse.HEARTBEAT_S:
            quiet_s = 0.0
            yield sse.HEARTBEAT
        if len(records) < BATCH_MAX:
            await asyncio.sleep(PACE_S)


def _place(last_event_id: str) -> int | None:
    partition, _, offset = last_event_id.partition(":")
    is_place = partition == "0" and offset.isascii() and offset.isdigit() and len(offset) < 17
    return int(offset) if is_place else None
