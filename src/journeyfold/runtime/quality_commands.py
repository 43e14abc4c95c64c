"""What the command line asks of quality; see `cli/asks.py` for the surface."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from journeyfold.runtime.workspace import opened

if TYPE_CHECKING:
    from journeyfold.project.quality_report import QualityReport

Progress = Callable[[str, int, "int | None"], None]


def quality_run(
    directory: Path, data: Path | None, *, dataset: str, since: str, progress: Progress,
    report: Callable[[str], None],
) -> QualityReport:  # fmt: skip
    from journeyfold.quality.result import Asked
    from journeyfold.runtime import quality_desk

    with opened(directory, data) as workspace:
        return quality_desk.run_now(workspace, Asked(dataset, since), progress, report)


def quality_differences(
    directory: Path, data: Path | None, *, rule: str, progress: Progress
) -> list[str]:
    from journeyfold.runtime.quality_differences import differences

    with opened(directory, data) as workspace:
        return differences(workspace, rule, progress)


def quality_show(directory: Path, data: Path | None, *, dataset: str) -> QualityReport:
    from journeyfold.runtime import quality_desk

    with opened(directory, data) as workspace:
        return quality_desk.shown(workspace, dataset)
