"""The versions a journey has had, read from the projects that were activated.

Each `project.activated` record names the one before it, so the chain is walked from the newest;
what a record said never changes, so each is read once and its journeys are kept.
"""

from __future__ import annotations

import msgspec

from journeyfold.api.journey_text import journey_of
from journeyfold.core.ports import EventLog
from journeyfold.journey.program import version_of

WALKED_MAX = 200  # activations looked through
_FOLDER = "journeys/"


class Published(msgspec.Struct, frozen=True):
    version: str
    published_us: int
    by: str
    text: str


class _Activation(msgspec.Struct, frozen=True):
    before: int
    at_us: int
    by: str
    texts: dict[str, str]  # of journeys, by path


class Archive:
    """Of one log. Safe from several threads: what is put in twice is the same."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._read: dict[int, _Activation] = {}
        self._known: dict[tuple[int, str], list[Published]] = {}

    def published(self, newest: int, path: str) -> list[Published]:
        """Versions of the journey in the file `path`, newest first; each since its first text."""
        known = self._known.get((newest, path))
        if known is None:
            if len(self._known) > WALKED_MAX:
                self._known.clear()
            known = self._known[newest, path] = self._found(newest, path)
        return known

    def _found(self, newest: int, path: str) -> list[Published]:
        found: dict[str, Published] = {}
        offset, walked, last = newest, 0, ""
        while offset >= 0 and walked < WALKED_MAX:
            activation = self._activation(offset)
            text = activation.texts.get(path, "")
            journey = journey_of(path, text) if text and text != last else None
            if journey is not None or (text and text == last):
                version = version_of(journey) if journey is not None else next(reversed(found))
                found.pop(version, None)
                found[version] = Published(version, activation.at_us, activation.by, text)
                last = text
            offset, walked = activation.before, walked + 1
        return sorted(found.values(), key=lambda each: -each.published_us)

    def _activation(self, offset: int) -> _Activation:
        held = self._read.get(offset)
        if held is None:
            (record,) = self._log.read(offset - 1, 1)
            told = record.event.properties
            before, by, files = told.get("before"), told.get("by"), told.get("files")
            held = self._read[offset] = _Activation(
                before if isinstance(before, int) and 0 <= before < offset else -1,
                record.appended_us,
                by if isinstance(by, str) else "",
                {
                    path: str(text)
                    for path, text in (files.items() if isinstance(files, dict) else ())
                    if path.startswith(_FOLDER)
                },
            )
        return held
