"""The versions a journey has had, read from the projects that were activated.

Each `project.activated` record names the one before it, so the chain is walked from the newest;
what a record said never changes, so it is read once.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from journeyfold.api.journey_text import journey_of
from journeyfold.core.ports import EventLog
from journeyfold.journey.program import version_of

WALKED_MAX = 200  # activations looked through


class Published(msgspec.Struct, frozen=True):
    version: str
    published_us: int
    by: str
    text: str


def published(log: EventLog, newest: int, path: str) -> list[Published]:
    """Versions of the journey in the file `path`, newest first; the same text twice is one."""
    found: dict[str, Published] = {}
    for offset in _chain(log, newest):
        text, published_us, by = _file_at(log, offset, path)
        journey = journey_of(path, text) if text else None
        if journey is not None:
            version = version_of(journey)
            found[version] = Published(version, published_us, by, text)  # the oldest with it stays
    return sorted(found.values(), key=lambda each: -each.published_us)


def _chain(log: EventLog, newest: int) -> Iterator[int]:
    offset = newest
    for _ in range(WALKED_MAX):
        if offset < 0:
            return
        yield offset
        offset = _before(log, offset)


@lru_cache(maxsize=2_000)
def _before(log: EventLog, offset: int) -> int:
    (record,) = log.read(offset - 1, 1)
    before = record.event.properties.get("before")
    return before if isinstance(before, int) and 0 <= before < offset else -1


@lru_cache(maxsize=2_000)
def _file_at(log: EventLog, offset: int, path: str) -> tuple[str, int, str]:
    (record,) = log.read(offset - 1, 1)
    files = record.event.properties.get("files")
    text = files.get(path, "") if isinstance(files, dict) else ""
    by = record.event.properties.get("by")
    return str(text), record.appended_us, by if isinstance(by, str) else ""
