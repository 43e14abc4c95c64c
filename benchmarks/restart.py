"""Restart to ready with a long log, kept between runs (`harness/long_log.py`).

JOURNEYFOLD_BENCH_EVENTS says how many events (5 million; 100,000 in quick mode). A first run makes as
much of the log as 40 seconds allow and reads what is there; the figure says how much that was in
`events` and what it should be in `events_wanted`, and the next run goes on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from figure import report
from harness.long_log import long_log
from harness.serving import CLI, family, free_port, processor_seconds, wait_answer
from harness.shop import IS_QUICK

EVENTS = int(os.environ.get("JOURNEYFOLD_BENCH_EVENTS", "100000" if IS_QUICK else "5000000"))
RUNS = 3


def _ready_s(directory: Path) -> tuple[float, float]:
    """From the command to the first 200 of `/readyz`: (seconds, processor time of all processes)."""
    port = free_port()
    started = time.perf_counter()
    process = subprocess.Popen(
        [*CLI, "up", "--port", str(port)], cwd=directory, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_answer(port, "/readyz", process)
        took = time.perf_counter() - started
        return took, sum(processor_seconds(each) for each in family(process.pid))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def main() -> None:
    directory, events = long_log(EVENTS)
    if events < EVENTS:
        print(
            f"the log has {events:,} of {EVENTS:,} events so far; another run goes on",
            file=sys.stderr,
        )
    took = sorted(_ready_s(directory) for _ in range(RUNS))
    log = directory / ".journeyfold" / "log.sqlite"
    report(
        "restart_ready_s", took[RUNS // 2][0], "s", goal=3, better="lower", events=events,
        events_wanted=EVENTS, log_mb=log.stat().st_size // 2**20,
        each_s=[round(each, 2) for each, _ in took],
        processor_s=[round(spent, 2) for _, spent in took],
    )  # fmt: skip


if __name__ == "__main__":
    main()
