"""The door on one core: batches of 20 events of 1 kB, judged by the plan, deduplicated, durable.

`serve` runs alone on one processor, the sender on another. The peer is the same server that makes
events of the messages and keeps none (see `harness/decoding.py`); beside it stands what it does when
it decodes JSON only.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

import uvloop
from figure import report
from harness.load import Client, rfc3339_now
from harness.serving import (
    pin,
    processor_seconds,
    scratch,
    serve_alone,
    server_key,
)
from harness.shop import IS_QUICK, Batches, write_shop

BATCH, CONNECTIONS = 20, 32
SECONDS = 4.0 if IS_QUICK else 10.0
WARM_S = 1.0
TAKEN = b'"received":20,"appended":20,'


async def _sent(port: int, key: str, seconds: float, name: str) -> int:
    """Events answered in so many seconds, each connection sending as soon as it has its answer."""
    client = await Client(port, key).open(CONNECTIONS)
    batches = Batches(BATCH, name)
    ended = time.perf_counter() + seconds
    counted = 0
    under_way = CONNECTIONS
    done_all = asyncio.Event()

    def done(status: int, body: bytes, _took: float) -> None:
        nonlocal counted, under_way
        if status != 200 or TAKEN not in body:
            sys.exit(f"a batch was answered {status}: {body[:500]!r}")
        counted += BATCH
        if time.perf_counter() < ended:
            client.post("/v1/batch", batches(rfc3339_now()), done)
            return
        under_way -= 1
        if not under_way:
            done_all.set()

    for _ in range(CONNECTIONS):
        client.post("/v1/batch", batches(rfc3339_now()), done)
    await done_all.wait()
    client.close()
    return counted


def _measured(port: int, process: int, key: str) -> tuple[float, float]:
    """(events a second of wall time, events a second of the server's processor time)."""
    processors = sorted(os.sched_getaffinity(0))
    pin(process, processors[0])
    os.sched_setaffinity(0, {processors[-1]})
    try:
        uvloop.run(_sent(port, key, WARM_S, f"warm{process}"))
        before, started = processor_seconds(process), time.perf_counter()
        counted = uvloop.run(_sent(port, key, SECONDS, f"main{process}"))
        took, spent = time.perf_counter() - started, processor_seconds(process) - before
    finally:
        os.sched_setaffinity(0, set(processors))
    return counted / took, counted / spent


def _platform(*, encrypted: bool) -> tuple[float, float]:
    with scratch() as directory:
        write_shop(directory, encrypted=encrypted)
        with serve_alone(directory) as (port, process):
            return _measured(port, process, server_key(directory))


def _peer(*words: str) -> tuple[float, float]:
    with scratch() as directory:
        write_shop(directory)
        script = Path(__file__).parent / "harness" / "decoding.py"
        with serve_alone(directory, [sys.executable, str(script), *words]) as (port, process):
            return _measured(port, process, "none")


def main() -> None:
    sealed, sealed_core = _platform(encrypted=True)
    clear, clear_core = _platform(encrypted=False)
    decoding, decoding_core = _peer()
    json_only, json_core = _peer("--json-only")
    report(
        "collect_events_per_s", sealed, "events/s/core", goal=15_000, better="higher",
        baseline=decoding, encryption="log", clear=round(clear), per_processor_s=round(sealed_core),
        clear_per_processor_s=round(clear_core), seconds=SECONDS,
    )  # fmt: skip
    # The lower of two readings: other programs on the machine flatter the one or the other.
    ratio = min(sealed / decoding, sealed_core / decoding_core)
    report(
        "collect_durable_ratio", ratio, "ratio", goal=0.5, better="higher",
        clear=round(min(clear / decoding, clear_core / decoding_core), 3),
        of_wall_time=round(sealed / decoding, 3), of_processor_time=round(sealed_core / decoding_core, 3),
        decoding_events_per_s=round(decoding), json_only_events_per_s=round(json_only),
        ratio_to_json_only=round(sealed_core / json_core, 3),
    )  # fmt: skip


if __name__ == "__main__":
    main()
