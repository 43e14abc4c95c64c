"""An event accepted → visible to a decision, while 1,000 events a second come in.

Fifty times a second an event of its own is sent; from its answer to the answer of a decision that
asked to see it (`after`). The decision's own time is in the figure, so it is an upper bound. How
late the sender's own loop was is told beside it.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec
import uvloop
from figure import report
from harness.lag import own_lag
from harness.load import Client, at_rate, percentile, rfc3339_now
from harness.serving import scratch, server_key, up, wait_folded
from harness.shop import IS_QUICK, Batches, write_shop
from harness.traffic import decide_body, degraded, seed, steady

PROBES_PER_S = 50
SECONDS = 6.0 if IS_QUICK else 15.0


async def _measure(port: int, key: str) -> tuple[list[float], list[float], int]:
    """(seconds each took, how late the sender was, answers that did not see their event)."""
    client = await Client(port, key).open(32)
    events = await Client(port, key).open(8)
    await seed(events)
    await asyncio.to_thread(wait_folded, port)
    probes = Batches(1, "probe")
    took: list[float] = []
    stale = 0
    under_way: set[asyncio.Task[None]] = set()

    async def probe(number: int) -> None:
        nonlocal stale
        status, body, _ = await client.answer("/v1/batch", probes(rfc3339_now()))
        if status != 200:
            sys.exit(f"a probe was answered {status}: {body[:500]!r}")
        offset = msgspec.json.decode(body)["offset"]
        user = b"user-%05d" % (number * 31 % 2_000)
        status, body, seconds = await client.answer("/v1/decide", decide_body(user, after=offset))
        if status != 200:
            sys.exit(f"a decision was answered {status}: {body[:500]!r}")
        stale += bool(degraded(body))
        took.append(seconds)

    def send(number: int) -> None:
        task = asyncio.ensure_future(probe(number))
        under_way.add(task)
        task.add_done_callback(under_way.discard)

    await asyncio.gather(at_rate(PROBES_PER_S, 1.0, send), steady(events, 1.0, "warm"))
    await asyncio.gather(*under_way)
    took.clear()
    with own_lag() as late:
        await asyncio.gather(at_rate(PROBES_PER_S, SECONDS, send), steady(events, SECONDS, "main"))
        await asyncio.gather(*under_way)
    client.close()
    events.close()
    return took, late, stale


def main() -> None:
    with scratch() as directory:
        write_shop(directory, offers=True)
        with up(directory) as (port, _):
            took, late, stale = uvloop.run(_measure(port, server_key(directory)))
    report(
        "visible_p99_ms", percentile(took, 0.99) * 1e3, "ms", goal=50, better="lower",
        p50_ms=round(percentile(took, 0.5) * 1e3, 2), probes=len(took), stale=stale,
        sender_late_p50_ms=round(percentile(late, 0.5) * 1e3, 2),
        sender_late_p99_ms=round(percentile(late, 0.99) * 1e3, 2),
    )  # fmt: skip


if __name__ == "__main__":
    main()
