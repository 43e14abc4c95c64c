"""`POST /hooks/{source}` of a source with a mail preset: what became of messages (journeys A14).

A delivery is authentic or refused; what it says of messages that are not ours is left out and still
answered with 200, so that a provider does not switch the hook off.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping, Sequence
from typing import Any

import msgspec

from journeyfold.activate.bounce import reports_in
from journeyfold.activate.provider_events import reports_of
from journeyfold.activate.reported import Reported
from journeyfold.api.post import PostRoom
from journeyfold.collect.admit import Gate
from journeyfold.collect.body import Gone, Receive, read_body
from journeyfold.collect.door import Door
from journeyfold.collect.http import Send
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.keys import within
from journeyfold.collect.request import Request, request_of
from journeyfold.collect.webhook import Delivery, is_authentic, payload_of
from journeyfold.core.errors import Busy, EngineError
from journeyfold.core.event import Event, Kind
from journeyfold.project.hearing import heard

RAW_MAIL = "bounces"  # the preset whose body is a mail as it came


class Heard(msgspec.Struct, frozen=True):
    """How many reports a delivery held, and how many were about messages of ours."""

    reports: int
    known: int


class MailHooks:
    """The ASGI application of these hooks; the collector has all others."""

    def __init__(self, post: PostRoom, door: Door) -> None:
        self._post, self._door = post, door

    @staticmethod
    def owns(path: str) -> bool:
        return path.startswith("/hooks/")

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        request = request_of(scope)
        name = request.path.removeprefix("/hooks/").rstrip("/")
        gate = self._door.gates().get(name)
        try:
            status, body = await self._answer(request, gate, receive)
        except Gone:
            return
        except (Busy, EngineError):
            status, body = 503, b'{"error":"busy"}'
        await _send(send, status, body)

    async def _answer(
        self, request: Request, gate: Gate | None, receive: Receive
    ) -> tuple[int, bytes]:
        webhook = gate.source.webhook if gate is not None else None
        if gate is None or webhook is None:
            return 404, b'{"error":"not_found"}'
        if request.method in {"GET", "HEAD"}:  # a provider that asks whether we are there
            return 200, b""
        if gate.source.allow_ips and not within(request.ip, gate.source.allow_ips):
            return self._denied(request)
        cap = gate.source.limits.max_body_bytes
        body = await read_body(receive, request.headers, cap, any_type=True)
        if isinstance(body, Refused):
            return 413, b'{"error":"body_too_large"}'
        delivery = Delivery(request.method, request.url, request.headers, body)
        if not is_authentic(webhook, delivery, self._post.now_us()):
            return self._denied(request)
        preset = str(gate.source.preset)
        reports = await asyncio.to_thread(self._reports, preset, delivery)
        if reports is None:
            return 400, b'{"error":"invalid_json"}'
        records = await asyncio.to_thread(self._records, reports, preset)
        if records:
            await self._post.append([record for each in records for record in each])
        return 200, msgspec.json.encode(Heard(len(reports), len(records)))

    def _reports(self, preset: str, delivery: Delivery) -> list[Reported] | None:
        if preset == RAW_MAIL:
            return reports_in(delivery.body, self._post.key)
        payload = payload_of(delivery)
        return None if isinstance(payload, Refused) else reports_of(preset, payload)

    def _records(self, reports: Sequence[Reported], how: str) -> list[list[tuple[Event, Kind]]]:
        project, now_us = self._post.project, self._post.now_us()
        found = [(each, self._post.find(each.effect)) for each in reports]
        return [heard(each, sent, project, now_us, how=how) for each, sent in found if sent]

    def _denied(self, request: Request) -> tuple[int, bytes]:
        self._door.audit("webhook_signature", request.ip)
        return 401, b'{"error":"unauthorized"}'


async def _send(send: Send, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
