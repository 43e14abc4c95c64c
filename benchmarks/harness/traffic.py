"""Events at a steady rate, as a shop's server sends them: batches of 20, whatever else goes on."""

from __future__ import annotations

import sys

import msgspec
from harness.load import Client, at_rate, rfc3339_now
from harness.shop import PEOPLE, Batches

BATCH = 20
EVENTS_PER_S = 1_000


async def seed(client: Client, name: str = "seed") -> None:
    """Everybody once: who is asked about later is known."""
    batches = Batches(100, name)
    for _ in range(PEOPLE // 100):
        status, body, _ = await client.answer("/v1/batch", batches(rfc3339_now()))
        _require(status, body)


async def steady(client: Client, seconds: float, name: str) -> float:
    """Send for so many seconds; how late the latest batch started."""
    batches = Batches(BATCH, name)

    def send(_number: int) -> None:
        client.post("/v1/batch", batches(rfc3339_now()), lambda *answer: _require(*answer[:2]))

    return await at_rate(EVENTS_PER_S / BATCH, seconds, send)


def decide_body(user: bytes, *, after: int | None = None) -> bytes:
    waits = b"" if after is None else b',"after":%d,"timeout_ms":1000' % after
    return (
        b'{"subject":{"user_id":"%s"},"placements":[{"id":"bench"}],'
        b'"context":{"device":"mobile","page":"/cart"}%s}' % (user, waits)
    )


def degraded(body: bytes) -> list[str]:
    return list(msgspec.json.decode(body)["degraded"])


def _require(status: int, body: bytes) -> None:
    if status != 200 or b'"quarantined":0,"rejected":0' not in body:
        sys.exit(f"a batch was answered {status}: {body[:500]!r}")
