"""Values of a column or a field that are nearly the same, for a person to review (Q31)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from journeyfold.core.errors import UsageError
from journeyfold.core.ports import EventLog
from journeyfold.quality.near import Nearly, near_duplicates
from journeyfold.runtime.profiling import values_of_event, values_of_file


def in_file(path: Path, column: str, threshold: float) -> Nearly:
    _require_library()
    return near_duplicates(values_of_file(path, column), threshold)


def in_event(log: EventLog, name: str, field: str, threshold: float) -> Nearly:
    _require_library()
    return near_duplicates(values_of_event(log, name, field), threshold)


def _require_library() -> None:
    if find_spec("rapidfuzz") is None:
        raise UsageError(
            "near duplicates need rapidfuzz, which is not installed; "
            "pip install 'journeyfold[linkage]'"
        )
