"""Server-sent events as an ASGI answer: messages from an iterator until the reader leaves.

Heartbeats every 15 s keep proxies awake; a reader that takes nothing for ten seconds is let go and
comes back with its Last-Event-ID.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from journeyfold.api.operation import Asgi

HEARTBEAT_S = 15.0
STUCK_S = 10.0
RETRY_MS = 2_000
HEARTBEAT = ": still here\n\n"

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def event(name: str, identity: str, body: bytes) -> str:
    """One message; JSON has no raw line ends, so one `data:` line is enough."""
    return f"id: {identity}\nevent: {name}\ndata: {body.decode()}\n\n"


def streaming(
    messages: Callable[[], AsyncIterator[str]], headers: list[tuple[bytes, bytes]]
) -> Asgi:
    """An ASGI application that sends what `messages()` yields; it yields HEARTBEAT when quiet."""

    async def answer(
        _scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *headers]}
        await send(start)
        gone = asyncio.ensure_future(_gone(receive))
        sending = asyncio.ensure_future(_send_all(messages(), send))
        try:
            await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)

    return answer


async def _send_all(
    messages: AsyncIterator[str], send: Callable[[MutableMapping[str, Any]], Awaitable[None]]
) -> None:
    if not await _sent(send, f"retry: {RETRY_MS}\n\n"):
        return
    async for message in messages:
        if not await _sent(send, message):
            return


async def _sent(send: Callable[[MutableMapping[str, Any]], Awaitable[None]], text: str) -> bool:
    """False when the reader has taken nothing for ten seconds, or is gone."""
    message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
    try:
        await asyncio.wait_for(send(message), STUCK_S)
    except (TimeoutError, OSError):
        return False
    return True


async def _gone(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
