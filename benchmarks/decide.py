"""`/v1/decide` over HTTP: 500 requests a second while 1,000 events a second come in.

50 rules and 20 offers, people who are known, requests on schedule whatever is still under way. A
request that finds no free connection waits, and its waiting counts. Sender, `serve` and `work` share
the machine; how late the sender's own loop was is told beside the figure.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from figure import report
from harness.lag import own_lag
from harness.load import Client, at_rate, percentile
from harness.serving import family, processor_seconds, scratch, server_key, up, wait_folded
from harness.shop import IS_QUICK, PEOPLE, write_shop
from harness.traffic import decide_body, degraded, seed, steady

PER_S, CONNECTIONS = 500, 64
WARM_S, SECONDS = 1.0, 6.0 if IS_QUICK else 15.0


async def _measure(
    port: int, key: str, process: int
) -> tuple[list[float], list[float], float, int]:
    """(seconds each took, how late the sender was, processor seconds, degraded answers)."""
    client = await Client(port, key).open(CONNECTIONS)
    events = await Client(port, key).open(8)
    await seed(events)
    await asyncio.to_thread(wait_folded, port)
    took: list[float] = []
    worse = 0
    answered = asyncio.Event()

    def done(status: int, body: bytes, seconds: float) -> None:
        nonlocal worse
        if status != 200 or b'"offer":"bench-' not in body:
            sys.exit(f"a decision was answered {status}: {body[:500]!r}")
        worse += bool(degraded(body))
        took.append(seconds)
        if len(took) == int(PER_S * SECONDS):
            answered.set()

    def send(number: int) -> None:
        user = b"user-%05d" % (number * 31 % PEOPLE)
        client.post("/v1/decide", decide_body(user), done)

    await asyncio.gather(at_rate(PER_S, WARM_S, send), steady(events, WARM_S, "warm"))
    await asyncio.sleep(0.5)
    took.clear()
    spent = sum(map(processor_seconds, family(process)))
    with own_lag() as late:
        await asyncio.gather(at_rate(PER_S, SECONDS, send), steady(events, SECONDS, "main"))
        await answered.wait()
    spent = sum(map(processor_seconds, family(process))) - spent
    client.close()
    events.close()
    return took, late, spent, worse


def main() -> None:
    with scratch() as directory:
        write_shop(directory, offers=True)
        with up(directory) as (port, process):
            took, late, spent, worse = uvloop.run(_measure(port, server_key(directory), process))
    report(
        "decide_p99_ms", percentile(took, 0.99) * 1e3, "ms", goal=10, better="lower",
        p50_ms=round(percentile(took, 0.5) * 1e3, 2), p999_ms=round(percentile(took, 0.999) * 1e3, 2),
        requests=len(took), degraded=worse,
        sender_late_p50_ms=round(percentile(late, 0.5) * 1e3, 2),
        sender_late_p99_ms=round(percentile(late, 0.99) * 1e3, 2),
        processors_used=round(spent / SECONDS, 2),
    )  # fmt: skip


if __name__ == "__main__":
    main()
