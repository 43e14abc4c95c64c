"""A whole log store: the records and what is kept beside them, as the adapters offer it."""

from __future__ import annotations

from typing import Protocol

from journeyfold.core.ports import EventLog
from journeyfold.log.conservation import Daily, Tally
from journeyfold.log.quarantine import Quarantine


class Marks(Protocol):
    """Tallies, import cursors and named numbers; the first two change with an append only."""

    def tallies(self, since_minute: int = 0) -> list[Tally]:
        """By minute of log time and source."""
        ...

    def daily(self, since_day: int) -> list[Daily]:
        """By day of log time and source."""
        ...

    def totals(self) -> list[Tally]:
        """By source since the beginning, under minute 0."""
        ...

    def cursor(self, name: str) -> bytes | None: ...

    def number(self, name: str) -> int | None: ...

    def set_number(self, name: str, value: int) -> None: ...


class LogStore(EventLog, Protocol):
    @property
    def quarantine(self) -> Quarantine: ...

    @property
    def marks(self) -> Marks: ...

    def close(self) -> None: ...
