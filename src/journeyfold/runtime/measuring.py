"""`bench`: scripts under `benchmarks/`, each in a process of its own, and the figures they print.

A script is named by its file or by a figure it reports. A line that begins with `{` is a figure; what
it says besides the usual fields stays in `more`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from journeyfold.core.errors import UsageError
from journeyfold.project.reports import Figure

QUICK = "JOURNEYFOLD_BENCH_QUICK"
_REPORTED = re.compile(r'\breport\(\s*"(\w+)"')
Progress = Callable[[str, int, int | None], None]


def measure(
    directory: Path, names: Sequence[str], *, quick: bool, progress: Progress
) -> list[Figure]:
    """The figures of these benchmarks, all of them without names; one sentence for a name unknown."""
    scripts = {
        path: _REPORTED.findall(text)
        for path in sorted(directory.glob("*.py"))
        if "__main__" in (text := path.read_text())
    }
    chosen = _chosen(scripts, names)
    figures: list[Figure] = []
    for done, script in enumerate(chosen):
        progress(f"measuring {script.stem}", done, len(chosen))
        figures += _run(script, quick=quick)
    progress("measured", len(chosen), len(chosen))
    wanted = {name for name in names if not any(name == script.stem for script in chosen)}
    named = {figure for script in chosen if script.stem in names for figure in scripts[script]}
    return [each for each in figures if not names or each.name in wanted | named]


def _chosen(scripts: dict[Path, list[str]], names: Sequence[str]) -> list[Path]:
    known = {script.stem: script for script in scripts}
    for script, figures in scripts.items():
        known |= dict.fromkeys(figures, script)
    for name in names:
        if name not in known:
            every = ", ".join(sorted(script.stem for script in scripts))
            raise UsageError(f"there is no benchmark {name}; there are {every}")
    return list(dict.fromkeys(known[name] for name in names)) if names else list(scripts)


def _run(script: Path, *, quick: bool) -> list[Figure]:
    ran = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, **({QUICK: "1"} if quick else {})},
    )  # fmt: skip
    if ran.returncode:
        said = ran.stderr.strip() or ran.stdout.strip()
        raise UsageError(f"benchmark {script.stem} ended with {ran.returncode}: {said}")
    return [figure_of(line) for line in ran.stdout.splitlines() if line.startswith("{")]


def figure_of(line: str) -> Figure:
    fields = msgspec.json.decode(line, type=dict[str, object])
    usual = set(Figure.__struct_fields__)
    more = {name: value for name, value in fields.items() if name not in usual}
    return msgspec.convert({**fields, "more": more}, Figure)
