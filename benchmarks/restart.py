"""Restart to ready with a long log.

The log is built once through the store itself in large batches; that takes minutes, so it is kept
for the next run: in the directory that JOURNEYFOLD_BENCH_CACHE names, else in the system's temporary
one. JOURNEYFOLD_BENCH_EVENTS says how many events (5 million; 100,000 in quick mode), the figure says
it again. The first 50,000 are folded and the rest is marked as folded: what is measured is opening,
not folding.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from figure import report
from harness.serving import CLI, free_port, wait_answer
from harness.shop import IS_QUICK, write_shop

from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.runtime.work import fold_loop
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

EVENTS = int(os.environ.get("JOURNEYFOLD_BENCH_EVENTS", "100000" if IS_QUICK else "5000000"))
CACHE = Path(os.environ.get("JOURNEYFOLD_BENCH_CACHE") or tempfile.gettempdir())
FOLDED, BATCH, PEOPLE = 50_000, 10_000, 200_000
RUNS = 3


def _entries(first: int, count: int, now_us: int, node_key: bytes) -> list[Entry]:
    entries = []
    for number in range(first, first + count):
        claim = Identifier("user_id", f"user-{number * 7919 % PEOPLE}")
        event = Event(
            f"e{number}", "Product Viewed", "track", "shop_server", (claim,), now_us, now_us,
            {"sku": f"SKU-{number % 120}", "category": "shoes", "price": 10.5 + number % 90},
            context={"auth": "server"},
        )  # fmt: skip
        entries.append(Entry(event, "event", number, (node_of(claim, node_key),)))
    return entries


def _build(directory: Path) -> None:
    write_shop(directory)
    project = checked_project(directory)
    workspace = Workspace(place_of(directory, None), project)
    activate(workspace, project)
    for first in range(0, EVENTS, BATCH):
        now_us = workspace.clock.now_us()
        count = min(BATCH, EVENTS - first)
        workspace.log.append(_entries(first, count, now_us, workspace.node_key), now_us=now_us)
        print(f"\rbuilding a log of {EVENTS}: {first + count}", end="", file=sys.stderr)
        if first // BATCH % 50 == 0:
            workspace.log.checkpoint()
    state = workspace.open_state()
    loop = fold_loop(workspace, state)
    while loop.standing.offset < min(FOLDED, EVENTS) and loop.batch(1_000)[0]:
        pass
    head, _ = workspace.log.head()
    (newest,) = workspace.log.read(head - 1, 1)
    with state.write() as writer:
        loop.engine.skip(writer, newest)
    state.close()
    workspace.log.checkpoint()
    workspace.close()


def _kept() -> Path:
    directory = CACHE / f"journeyfold-bench-restart-{EVENTS}" / "shop"
    done = directory.parent / "complete"
    if not done.exists():
        shutil.rmtree(directory.parent, ignore_errors=True)
        directory.parent.mkdir(parents=True)
        _build(directory)
        done.touch()
    return directory


def _ready_s(directory: Path) -> float:
    """From the command to the first 200 of `/readyz`."""
    port = free_port()
    started = time.perf_counter()
    process = subprocess.Popen(
        [*CLI, "up", "--port", str(port)], cwd=directory, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_answer(port, "/readyz", process)
        return time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def main() -> None:
    directory = _kept()
    took = sorted(_ready_s(directory) for _ in range(RUNS))
    log = directory / ".journeyfold" / "log.sqlite"
    report(
        "restart_ready_s", took[RUNS // 2], "s", goal=3, better="lower", events=EVENTS,
        log_mb=log.stat().st_size // 2**20, each_s=[round(each, 2) for each in took],
    )  # fmt: skip


if __name__ == "__main__":
    main()
