"""Memory of all processes of the demo: ready, then twenty seconds of its own traffic.

Resident memory counts a shared page in every process that has it; the proportional size counts it
once in all.
"""

from __future__ import annotations

import time

from figure import report
from harness.serving import family, memory_mb, scratch, up
from harness.shop import IS_QUICK

SECONDS = 5.0 if IS_QUICK else 20.0
PEOPLE = "500" if IS_QUICK else "2000"


def main() -> None:
    with scratch() as directory:
        directory.mkdir()
        words = ("demo", "--directory", str(directory / "shop"), "--people", PEOPLE)
        started = time.perf_counter()
        with up(directory, *words) as (_, process):
            ready = time.perf_counter() - started
            time.sleep(SECONDS)
            sizes = {number: memory_mb(number) for number in family(process)}
    report(
        "demo_rss_mb", sum(resident for resident, _ in sizes.values()), "MB", goal=600,
        better="lower", proportional_mb=round(sum(part for _, part in sizes.values())),
        each_mb=[round(resident) for resident, _ in sizes.values()], people=int(PEOPLE),
        ready_s=round(ready, 1),
    )  # fmt: skip


if __name__ == "__main__":
    main()
