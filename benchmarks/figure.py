"""How a benchmark speaks: one JSON object a figure, with the machine and a ratio from this run."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path


def machine() -> str:
    """The processor as the system names it, and how many of them."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    name = names[0] if names else platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def report(
    name: str,
    value: float,
    unit: str,
    *,
    goal: float,
    better: str,
    baseline: float | None = None,
    **more: object,
) -> None:
    """Print a figure. `baseline` is the peer measured in the same run, in the same unit."""
    ratio = round(value / baseline, 3) if baseline else None
    figure = {
        "name": name, "value": round(value, 4), "unit": unit, "goal": goal, "better": better,
        "baseline": baseline and round(baseline, 4), "ratio": ratio, "machine": machine(),
    }  # fmt: skip
    if os.environ.get("JOURNEYFOLD_BENCH_QUICK"):
        more["quick"] = True
    print(json.dumps(figure | more), flush=True)
