"""A vendor's delivery on its way in: verified, taken apart, mapped, appended (collect C38, C39).

What nobody mapped goes to quarantine and is still answered with 200, so that vendors do not switch
the hook off; a wrong signature is 401 and counted.
"""

from __future__ import annotations

import msgspec

from journeyfold.collect.admit import Gate, judge_delivery
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.body import Receive, read_body
from journeyfold.collect.door import Door
from journeyfold.collect.ingest import append_judged, refuse_whole
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.keys import within
from journeyfold.collect.reply import Answer, refusal
from journeyfold.collect.request import Request
from journeyfold.collect.webhook import (
    Delivery,
    at_pointer,
    challenge,
    delivery_id,
    is_authentic,
    payload_of,
)  # fmt: skip

HOPS_MAX = 5  # a loop through our own webhooks stops here (C39, D05)
HOPS = b"x-journeyfold-hops"


async def deliver(door: Door, request: Request, receive: Receive, name: str) -> Answer:
    """One POST to `/hooks/{source}`, or the GET that asks whether we are there."""
    gate = door.gates().get(name)
    webhook = gate.source.webhook if gate else None
    if gate is None or webhook is None:
        return refusal(Refused("not_found"), closes=True)
    if gate.source.allow_ips and not within(request.ip, gate.source.allow_ips):
        return _denied(door, request)
    if request.method == "GET":
        echo = challenge(webhook, request.query)
        if echo is None:
            return _denied(door, request)
        return Answer(200, echo, [(b"content-type", b"text/plain; charset=utf-8")])
    now_us = door.now_us()
    hops = _hops(request)
    if hops > HOPS_MAX:
        return refuse_whole(door, name, now_us, Refused("too_many_hops"), [])
    cap = gate.source.limits.max_body_bytes
    body = await read_body(receive, request.headers, cap, any_type=True)
    if isinstance(body, Refused):
        return refuse_whole(door, name, now_us, body, [])
    delivery = Delivery(request.method, request.url, request.headers, body)
    if not is_authentic(webhook, delivery, now_us):
        return _denied(door, request)
    payload = payload_of(delivery)
    if isinstance(payload, Refused):
        return refuse_whole(door, name, now_us, payload, [])
    if (asked := _slack_challenge(gate, payload)) is not None:
        return asked
    limits = gate.source.limits
    wait_s = door.rates.wait_s(
        f"hook/{name}", 1, limits.events_per_s, limits.burst, door.monotonic_s()
    )
    if wait_s:
        door.throttled(name, 429)
        return refusal(Refused("rate_limited"), retry_after_s=wait_s)
    base = delivery_id(webhook, delivery, payload)
    listed = at_pointer(payload, webhook.each) if webhook.each else payload
    items = listed if isinstance(listed, list) else [listed]
    if len(items) > limits.max_batch:
        return refuse_whole(door, name, now_us, Refused("too_many_events"), [])
    arrival = Arrival(received_us=now_us, auth="webhook", hops=hops)
    ids = [f"{base}/{index}" for index in range(len(items))] if isinstance(listed, list) else [base]
    judged = [
        judge_delivery(gate, item, arrival, each) for item, each in zip(items, ids, strict=True)
    ]
    return await append_judged(door, gate, judged, [])


def _denied(door: Door, request: Request) -> Answer:
    door.audit("webhook_signature", request.ip)
    return refusal(Refused("unauthorized"), closes=True)


def _hops(request: Request) -> int:
    text = request.text(HOPS)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _slack_challenge(gate: Gate, payload: object) -> Answer | None:
    """api.slack.com: `url_verification` is answered with its challenge and is no event."""
    webhook = gate.source.webhook
    if webhook is None or webhook.verify != "slack" or not isinstance(payload, dict):
        return None
    if payload.get("type") != "url_verification":
        return None
    body = msgspec.json.encode({"challenge": str(payload.get("challenge", ""))[:256]})
    return Answer(200, body, [(b"content-type", b"application/json")])
