"""How late the sender itself is: what a latency in its figures may owe to the sender alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

EVERY_S = 0.002


@contextmanager
def own_lag() -> Iterator[list[float]]:
    """Seconds by which a timer of this event loop fired too late, every 2 ms until the end."""
    late: list[float] = []
    watching = asyncio.ensure_future(_watch(late))
    try:
        yield late
    finally:
        watching.cancel()


async def _watch(late: list[float]) -> None:
    while True:
        due = time.perf_counter() + EVERY_S
        await asyncio.sleep(EVERY_S)
        late.append(max(0.0, time.perf_counter() - due))
