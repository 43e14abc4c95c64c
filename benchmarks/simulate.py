"""`journey simulate`: ninety days of ten thousand invented shoppers through the shop template.

All journeys of the shop are live, as are caps, quiet hours, consent and holdouts; the lines of one
journey are kept. Invented shoppers visit once a fortnight on average, which makes about 290,000
events; they open and click what they are sent. Seconds are those of the clock, on all cores, with
the start of the processes.
"""

from __future__ import annotations

import os
import time

from figure import report

from journeyfold.core.instant import DAY_US
from journeyfold.project.scaffold import template_files
from journeyfold.runtime.simulating import Span, simulate_people

START_US = 1_790_000_000_000_000
DAYS = 90


def main() -> None:
    people = 800 if os.environ.get("JOURNEYFOLD_BENCH_QUICK") else 10_000
    span = Span(START_US, START_US + DAYS * DAY_US)
    started = time.perf_counter()
    lines = simulate_people(template_files("shop"), "abandoned-cart", people, span)
    taken_s = time.perf_counter() - started
    report(
        "simulate_s", taken_s * 10_000 / people, "s", goal=30, better="lower",
        people=people, lines=len(lines),
    )  # fmt: skip


if __name__ == "__main__":
    main()
