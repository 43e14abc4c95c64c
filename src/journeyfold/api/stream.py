"""`GET /v1/stream`: tells an open page that a placement should be decided now (decisions W4).

The page then calls decide, so consent, caps and reasons are those of every decision. Where streams
are blocked, `GET /v1/stream/poll` gives the same every 15 s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api import sse
from journeyfold.api.auth import ANONYMOUS, shared_headers
from journeyfold.api.errors import ApiError
from journeyfold.api.hub import STREAMS_MAX, Hub, Triggered
from journeyfold.api.operation import Answered, Call, reply
from journeyfold.api.wire import InstantUs, Value
from journeyfold.core.event import Identifier

POLL_S = 15


class StreamQuery(msgspec.Struct, frozen=True):
    """Whose page it is; `since_us` is the `entered_us` of the last trigger it has seen."""

    anonymous_id: Value | None = None
    user_id: Value | None = None
    since_us: InstantUs = 0


class PollBody(msgspec.Struct, frozen=True):
    """`again_s`: when to ask next."""

    triggers: tuple[Triggered, ...]
    again_s: Annotated[int, Meta(ge=1)] = POLL_S


async def answer_stream(call: Call) -> Answered:
    """Triggers as they happen; ids are instants, so a reader that returns misses nothing."""
    hub, node, query = call.services.hub, _node(call), call.query
    if hub.open >= STREAMS_MAX:
        raise ApiError("busy", "too many open streams; poll instead", retry_after_s=POLL_S)
    last = call.request.text(b"last-event-id")
    is_number = last.isascii() and last.isdigit() and len(last) < 17
    since_us = int(last) if is_number else query.since_us
    shared = shared_headers(call.services.door, call.caller, call.request)
    now_us = call.services.door.now_us
    return sse.streaming(lambda: _triggers(hub, node, since_us, now_us), shared)


async def answer_poll(call: Call) -> Answered:
    node, services = _node(call), call.services
    found = services.hub.since(node, call.query.since_us, services.door.now_us())
    return reply(PollBody(tuple(found)))


async def _triggers(
    hub: Hub, node: bytes, since_us: int, now_us: Callable[[], int]
) -> AsyncIterator[str]:
    with hub.listening(node) as woken:
        while True:
            woken.clear()  # before reading: what is published while we send must wake us again
            for each in hub.since(node, since_us, now_us()):
                since_us = each.entered_us
                yield sse.event("placement", str(each.entered_us), msgspec.json.encode(each))
            try:
                await asyncio.wait_for(woken.wait(), sse.HEARTBEAT_S)
            except TimeoutError:
                yield sse.HEARTBEAT


def _node(call: Call) -> bytes:
    """A write key listens for its own visitor; a server key for a user, too (SEC-6)."""
    query, caller = call.query, call.known_caller
    if caller.is_browser and query.user_id is not None:
        raise ApiError("subject", "a write key speaks for an anonymous_id only", "/user_id")
    kind, value = (
        ("user_id", query.user_id) if query.user_id is not None else (ANONYMOUS, query.anonymous_id)
    )
    if value is None:
        raise ApiError("bad_request", "whose stream? give anonymous_id", "/anonymous_id")
    node = call.services.node_of(Identifier(kind, value))
    if node is None:
        raise ApiError("bad_request", "this value names nobody", f"/{kind}")
    return node
