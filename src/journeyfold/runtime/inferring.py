"""Recorded events, read for proposals of schemas (quality Q09)."""

from __future__ import annotations

from pathlib import Path

from journeyfold.core.instant import DAY_US
from journeyfold.core.ports import EventLog
from journeyfold.quality.inference import Inferring, Proposal
from journeyfold.runtime.workspace import opened

_PIECE = 1_000
EVENTS_MAX = 200_000  # the newest of them


def infer(
    directory: Path, data: Path | None, *, source: str | None, name: str | None, days: int
) -> list[Proposal]:
    """From the last days of the log."""
    with opened(directory, data) as workspace:
        since_us = workspace.clock.now_us() - days * DAY_US
        return inferred(workspace.log, since_us, source or "", name or "")


def inferred(log: EventLog, since_us: int, source: str = "", name: str = "") -> list[Proposal]:
    """Events appended since an instant, at most the newest 200,000 records."""
    inferring = Inferring()
    after = max(_first_since(log, since_us), log.head()[0] - EVENTS_MAX + 1) - 1
    while records := log.read(after, _PIECE):
        for record in records:
            event = record.event
            is_meant = record.kind == "event" and not event.source.startswith("_")
            if is_meant and source in ("", event.source) and name in ("", event.name):
                inferring.take(event)
        after = records[-1].offset
    return list(inferring.proposals())


def _first_since(log: EventLog, since_us: int) -> int:
    """The first offset appended at or after an instant: log time never goes back."""
    low, high = 0, log.head()[0] + 1
    while low < high:
        middle = (low + high) // 2
        (record,) = log.read(middle - 1, 1)
        if record.appended_us < since_us:
            low = middle + 1
        else:
            high = middle
    return low
