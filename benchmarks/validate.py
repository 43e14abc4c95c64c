"""Decode a message and check it against its schema, on one core.

An order of about 800 bytes as a client sends it: JSON to values, then the compiled schema of the
shop. The baseline is decoding the same bytes without the check.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import msgspec
from figure import report

from journeyfold.core.event import Event, Json
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.quality.registry import load_registry

EVENTS = 20_000 if os.environ.get("JOURNEYFOLD_BENCH_QUICK") else 300_000
ROUNDS = 3


class Message(msgspec.Struct):
    """What of a message the check reads; the rest is decoded with it."""

    messageId: str  # noqa: N815 - the wire's name
    event: str
    properties: dict[str, Json]
    context: dict[str, Json] = {}


def message(number: int) -> bytes:
    products = [
        {
            "product_id": f"p{number}-{at}", "sku": f"SKU-{at:05}", "name": f"Walking boot {at}",
            "category": "boots", "quantity": at + 1, "price": 64.9,
        }
        for at in range(5)
    ]  # fmt: skip
    return msgspec.json.encode(
        {
            "messageId": f"m-{number}", "type": "track", "event": "Order Completed",
            "userId": str(number), "timestamp": "2026-10-01T10:00:00.123Z",
            "properties": {
                "order_id": f"o-{number}", "total": 194.7, "currency": "EUR", "coupon": "AUTUMN",
                "products": products,
            },
            "context": {"page": {"path": "/checkout", "title": "Checkout"}, "locale": "de-DE"},
        }
    )  # fmt: skip


def main() -> None:
    schemas = load(template_files("shop")).schemas
    registry = load_registry(schemas)
    bodies = [message(number) for number in range(1_000)]
    decode = msgspec.json.Decoder(Message).decode

    def decoded(body: bytes) -> None:
        decode(body)

    def judged(body: bytes) -> None:
        found = decode(body)
        event = Event(
            found.messageId, found.event, "track", "web", (), 1, 1, found.properties, {},
            found.context,
        )  # fmt: skip
        stem, violations = registry.validate(event)
        assert stem == "order_completed.1", "the schema of the order judges"
        assert not violations, "the message is valid"

    base, took = _per_s(decoded, bodies), _per_s(judged, bodies)
    report(
        "validate_events_per_s", took, "events/s", goal=60_000, better="higher", baseline=base,
        bytes=len(bodies[0]), events=EVENTS,
    )  # fmt: skip


def _per_s(work: Callable[[bytes], None], bodies: list[bytes]) -> float:
    """The best of three rounds, by processor time: what one core can do."""
    best = 0.0
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(EVENTS // len(bodies)):
            for body in bodies:
                work(body)
        best = max(best, EVENTS / (time.process_time() - start))
    return best


if __name__ == "__main__":
    main()
