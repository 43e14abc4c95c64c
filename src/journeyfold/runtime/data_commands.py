"""What `quality` and `taxonomy` ask about values; part of `runtime/commands.py`, imported late."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from journeyfold.runtime.workspace import opened

if TYPE_CHECKING:
    from journeyfold.project.cleaned import Tally
    from journeyfold.project.prepared import Missing
    from journeyfold.project.taxonomies import Missed
    from journeyfold.quality.near import Nearly
    from journeyfold.quality.profile import ColumnProfile, FileProfile


def quality_cleaning(directory: Path, data: Path | None) -> list[Tally]:
    from journeyfold.runtime import cleaning

    with opened(directory, data) as workspace:
        return cleaning.told(workspace)


def quality_missing(directory: Path, data: Path | None, *, label: str) -> list[Missing]:
    from journeyfold.runtime.missing import missing_features

    with opened(directory, data) as workspace:
        return missing_features(workspace, label)


def near_in_file(path: Path, *, column: str, threshold: float) -> Nearly:
    from journeyfold.runtime import duplicates

    return duplicates.in_file(path, column, threshold)


def near_in_event(
    directory: Path, data: Path | None, *, name: str, field: str, threshold: float
) -> Nearly:
    from journeyfold.runtime import duplicates

    with opened(directory, data) as workspace:
        return duplicates.in_event(workspace.log, name, field, threshold)


def profile_file(path: Path) -> FileProfile:
    from journeyfold.runtime import profiling

    return profiling.profile_file(path)


def profile_event(directory: Path, data: Path | None, *, name: str) -> list[ColumnProfile]:
    from journeyfold.runtime import profiling

    with opened(directory, data) as workspace:
        return profiling.profile_event(workspace.log, name)


def taxonomy_misses(directory: Path, data: Path | None) -> list[Missed]:
    from journeyfold.runtime import cleaning

    with opened(directory, data) as workspace:
        return cleaning.missed(workspace)
