"""The inventory with what is observed: freshness, volume by day, quality scores (quality Q39).

Everything comes from the counters of the log and from stored results; no record is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from journeyfold.core.instant import DAY_US
from journeyfold.log.conservation import Daily
from journeyfold.project.load import load, read_directory
from journeyfold.project.model import Project
from journeyfold.project.quality_report import ScoreLine
from journeyfold.project.stocktaking import DAYS, SourceFacts, Stock, stock_with
from journeyfold.quality.registry import load_registry
from journeyfold.runtime.quality_desk import shown
from journeyfold.runtime.quality_states import fresh_sources
from journeyfold.runtime.workspace import Workspace, opened


def take_stock(workspace: Workspace, project: Project) -> Stock:
    """As of now."""
    now_us = workspace.clock.now_us()
    today = now_us // DAY_US
    fresh = fresh_sources(project, workspace.log.marks, now_us)
    volume = _volume(workspace.log.marks.daily(today - DAYS + 1), today)
    scores = _scores(workspace)
    facts = {}
    for name, each in fresh.items():
        days, quarantined = volume.get(name, ((0,) * DAYS, 0))
        score = scores.get(name)
        facts[name] = SourceFacts(
            each.state, each.age_us, each.expected_us, each.is_learned, days, quarantined,
            score.score if score else None, score.dimensions if score else {},
            score.rules if score else 0,
        )  # fmt: skip
    return stock_with(project, load_registry(project.schemas), facts)


def stock_on_disk(directory: Path, data: Path | None) -> Stock:
    """Of the files as they are; what was observed as well, where anything ever was recorded."""
    project = load(read_directory(directory))
    home = data or directory / ".journeyfold"
    if not (home / "FORMAT").is_file():
        return stock_with(project, load_registry(project.schemas), {})
    with opened(directory, data) as workspace:
        return take_stock(workspace, project)


def _volume(daily: Iterable[Daily], today: int) -> dict[str, tuple[tuple[int, ...], int]]:
    """Source → (appended by day, the oldest first; quarantined in all of them)."""
    counts: dict[str, list[int]] = {}
    held: dict[str, int] = {}
    for each in daily:
        row = counts.setdefault(each.source, [0] * DAYS)
        at = DAYS - 1 - (today - each.day)
        if 0 <= at < DAYS:
            row[at] += each.appended
            held[each.source] = held.get(each.source, 0) + each.quarantined
    return {name: (tuple(row), held.get(name, 0)) for name, row in counts.items()}


def _scores(workspace: Workspace) -> dict[str, ScoreLine]:
    if workspace.activated() < 0:
        return {}
    return {each.source: each for each in shown(workspace).scores}
