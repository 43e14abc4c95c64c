"""The collector as a plain ASGI callable (collect 2.1 to 2.8).

In order: route, key, origin, body, decode, rate, admit, append, reply. What judges is in the pure
modules beside this one; here a request is taken apart and answered. A 200 is sent after the commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import msgspec

from journeyfold.collect import bootstrap, cors, pixel, snippet
from journeyfold.collect.access import Access, access
from journeyfold.collect.body import Gone, Receive, read_body
from journeyfold.collect.door import Door
from journeyfold.collect.hook import deliver
from journeyfold.collect.ingest import (
    Parcel,
    arrival_of,
    parcel_of_batch,
    refuse_whole,
    take,
    trial,
)  # fmt: skip
from journeyfold.collect.json_entry import Refused, decoded, decoded_batch
from journeyfold.collect.keys import Presented
from journeyfold.collect.reply import Answer, refusal
from journeyfold.collect.request import DEFAULT_BODY_MAX, Request, request_of
from journeyfold.collect.routes import Route, route_of
from journeyfold.sources.inventory import Limits

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_USUAL_RATE = (Limits().events_per_s, Limits().burst)
_NO_STORE = (b"cache-control", b"no-store")


class Collector:
    """`Collector(door)` is an ASGI application for the paths that `owns` says are its own."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @staticmethod
    def owns(path: str) -> bool:
        """Is this path the door's? The runtime asks before it routes elsewhere."""
        return route_of(path) is not None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        request = request_of(scope)
        try:
            answer = await self._answer(request, receive)
        except Gone:
            return
        headers = [*answer.headers]
        if not any(name == b"cache-control" for name, _ in headers):
            headers.append(_NO_STORE)
        if answer.status != 304:
            headers.append((b"content-length", str(len(answer.body)).encode()))
        if answer.closes:
            headers.append((b"connection", b"close"))
        if self._door.durability == "os":
            headers.append((b"x-durability", b"os"))
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, request: Request, receive: Receive) -> Answer:
        route = route_of(request.path)
        if route is None:
            return refusal(Refused("not_found"))
        if request.method == "OPTIONS":
            return Answer(204, headers=cors.preflight(request.headers))
        if request.method not in route.methods:
            allow = ", ".join((*route.methods, "OPTIONS")).encode()
            return refusal(Refused("method_not_allowed"), [(b"allow", allow)], closes=True)
        match route.action:
            case "single" | "batch" | "validate":
                return await _messages(self._door, request, receive, route)
            case "pixel":
                return await _pixel(self._door, request, route)
            case "hook":
                return await deliver(self._door, request, receive, route.argument)
            case "settings" | "source_config":
                return _bootstrap(self._door, request, route)
            case "script":
                known = request.text(b"if-none-match")
                return snippet.served(route.argument, known) or refusal(Refused("not_found"))


async def _messages(door: Door, request: Request, receive: Receive, route: Route) -> Answer:
    """One message or a batch of them, in a body (C01)."""
    now_us = door.now_us()
    presented = request.keys(in_query=route.key_in_query)
    known = access(door, request, presented, now_us) if presented else None
    if isinstance(known, Answer):
        return known
    cap = known.gate.source.limits.max_body_bytes if known else DEFAULT_BODY_MAX
    body = await read_body(receive, request.headers, cap)
    decode = decoded_batch if route.action == "batch" else decoded
    value = body if isinstance(body, Refused) else decode(body)
    in_body = _key_of(value)
    if known is None or in_body is not None:
        presented += [in_body] if in_body is not None else []
        known = access(door, request, presented, now_us)
        if isinstance(known, Answer):
            return known
    parcel = _parcel(value, request, known, route, now_us)
    if isinstance(parcel, Refused):
        return refuse_whole(door, known.gate.source.source, now_us, parcel, known.headers)
    if (wait_s := _wait_s(door, known, parcel.items)) > 0:
        door.throttled(known.gate.source.source, 429)
        return refusal(Refused("rate_limited"), known.headers, retry_after_s=wait_s)
    if route.action == "validate":
        fates = trial(door, known.gate, parcel)
        body = msgspec.json.encode(fates[0])
        return Answer(200, body, [(b"content-type", b"application/json"), *known.headers])
    waiting = take(door, known.gate, parcel, known.headers)
    del value, body, parcel  # nothing of the messages stays in memory while the commit is awaited
    return await waiting


def _parcel(
    value: object, request: Request, known: Access, route: Route, now_us: int
) -> Parcel | Refused:
    if isinstance(value, Refused):
        return value
    if not isinstance(value, dict):
        return Refused("not_an_object", detail="the body is a JSON object")
    arrival = arrival_of(request, known, now_us, route.argument)
    if route.action != "batch":
        return Parcel([value], arrival, is_single=True)
    items = value.get("batch")
    if items is not None and not isinstance(items, list):
        return Refused("not_a_list", "/batch", "batch is a list of messages")
    if not items:
        return Refused("empty_batch", "/batch")
    most = known.gate.source.limits.max_batch
    if len(items) > most:
        return Refused("too_many_events", "/batch", f"above {most} items")
    return parcel_of_batch(value, items, arrival)


async def _pixel(door: Door, request: Request, route: Route) -> Answer:
    """Always the picture; the fate is in a header and in the counters (C02)."""
    now_us = door.now_us()
    result = "unauthorized"
    presented = request.keys(in_query=True)
    message = pixel.message_of(request.query)
    if (inside := _key_of(message)) is not None:  # where public pixels of mails carry it
        presented.append(Presented(inside.text, in_url=True))
    known = access(door, request, presented, now_us)
    if isinstance(known, Access):
        if isinstance(message, Refused):
            refuse_whole(door, known.gate.source.source, now_us, message, [])
            result = message.code
        elif _wait_s(door, known, [message]) > 0:
            door.throttled(known.gate.source.source, 429)
            result = "rate_limited"
        else:
            arrival = arrival_of(request, known, now_us, route.argument)
            answer = await take(door, known.gate, Parcel([message], arrival), [])
            result = _result(answer)
    headers = [(b"content-type", b"image/gif"), (b"x-result", result.encode())]
    return Answer(200, pixel.GIF, headers)


def _bootstrap(door: Door, request: Request, route: Route) -> Answer:
    now_us = door.now_us()
    presented = request.keys(in_query=True)
    if route.action == "settings":
        presented = [Presented(route.argument, in_url=True)]
    known = access(door, request, presented, now_us)
    if isinstance(known, Answer):
        return known
    if route.action == "settings":
        return bootstrap.settings(presented[0], known.headers)
    return bootstrap.source_config(presented[0], known.key, now_us, known.headers)


def _key_of(value: object) -> Presented | None:
    """The body's own `writeKey`; one that is not text is a wrong key, not a missing one."""
    if not isinstance(value, dict) or value.get("writeKey") is None:
        return None
    key = value["writeKey"]
    return Presented(key if isinstance(key, str) else "")


def _wait_s(door: Door, known: Access, items: Sequence[object]) -> int:
    """A key has its source's rate unless it was given one of its own (C07, C36).

    A retry brings the same messages, so the id of the first tells it from other requests.
    """
    key, limits = known.key, known.gate.source.limits
    has_own = (key.rate_per_s, key.burst) != _USUAL_RATE
    rate, burst = (key.rate_per_s, key.burst) if has_own else (limits.events_per_s, limits.burst)
    first = items[0]
    request = first.get("messageId") if isinstance(first, dict) else None
    return door.rates.wait_s(key.id, len(items), rate, burst, door.monotonic_s(), request)


def _result(answer: Answer) -> str:
    """appended, duplicate, quarantined:CODE, rejected:CODE or busy, for a pixel's header."""
    body = msgspec.json.decode(answer.body)
    if "error" in body:
        return str(body["error"]["code"])
    if not body["items"]:
        return "appended"
    item = body["items"][0]
    return f"{item['fate']}:{item['code']}".rstrip(":")
