"""The weather by geocell and hour from an operator's CSV (`server.weather`, collect C49).

Columns `geocell`, `hour` (RFC 3339; without a zone it is UTC), `condition` and `temp_c`; either of
the last two may be empty. One table for a process, in memory; a file that was replaced is read
beside the door and taken up when it is whole.
"""

from __future__ import annotations

import csv
import math
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json
from journeyfold.core.instant import HOUR_US, instant_us
from journeyfold.project.places import WEATHER

ROWS_MAX = 500_000  # some 180 MB, twice while it is replaced; a month of 600 cells
CONDITION_MAX = 64
Table = dict[tuple[str, int], tuple[str, float | None]]


class WeatherTable:
    """`find(geocell, instant)` is the weather as it will stand in a context, or None."""

    def __init__(self, path: Path, say: Callable[[str], None] = lambda _text: None) -> None:
        """Raises UsageError for a file that is no such table, with the line. What is wrong with one
        that comes later is said.
        """
        self._path, self._say = path, say
        self._reading: threading.Thread | None = None
        self._stamp = _stamp(path)
        self._table, self._by = read_weather(path), _provider(path)

    def find(self, geocell: str, at_us: int) -> dict[str, Json] | None:
        hour_us = at_us // HOUR_US * HOUR_US
        found = self._table.get((geocell, hour_us))
        if found is None:
            return None
        condition, temp_c = found
        told: dict[str, Json] = {"observed_us": hour_us, "by": self._by}
        if condition:
            told["condition"] = condition
        if temp_c is not None:
            told["temp_c"] = temp_c
        return told

    def refresh(self) -> None:
        """Takes up a file that was replaced; one that is damaged or gone leaves the old in use."""
        if self._reading is not None and self._reading.is_alive():
            return
        try:
            stamp = _stamp(self._path)
        except OSError:
            return
        if stamp != self._stamp:
            self._stamp = stamp
            self._reading = threading.Thread(target=self._read, name="weather", daemon=True)
            self._reading.start()

    def settle(self) -> None:
        """Until what `refresh` began is done."""
        if self._reading is not None:
            self._reading.join()

    def _read(self) -> None:
        try:
            table, by = read_weather(self._path), _provider(self._path)
        except (OSError, UsageError) as error:
            self._say(f"{error}; what was read before stays in use")
            return
        self._table, self._by = table, by


def read_weather(path: Path) -> Table:
    """The whole table. Raises UsageError with the line that is wrong."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return dict(_rows(path, csv.reader(file)))
    except OSError as error:
        raise UsageError(f"server.weather: {path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"server.weather: {path} is no CSV in UTF-8: {error}") from None


def _rows(
    path: Path, lines: Iterator[list[str]]
) -> Iterator[tuple[tuple[str, int], tuple[str, float | None]]]:
    head = next(lines, [])
    if missing := [name for name in WEATHER if name not in head]:
        raise UsageError(
            f"server.weather: {path} has no column {', '.join(missing)}; its first line names "
            f"{', '.join(WEATHER)}"
        )
    places = [head.index(name) for name in WEATHER]
    for number, line in enumerate(lines, 2):
        if not line:
            continue
        if len(line) < len(head):
            raise _wrong(path, number, f"has {len(line)} cells, not {len(head)}")
        if number > ROWS_MAX + 1:
            raise _wrong(path, number, f"is more than {ROWS_MAX:,} rows; keep the last weeks")
        geocell, hour, condition, temp_c = (line[place].strip() for place in places)
        at_us = instant_us(hour)
        if not geocell or at_us is None:
            raise _wrong(path, number, f"says '{geocell}' at '{hour}'; write 52.5,13.4 in quotes "
                         "and 2026-07-01T12:00:00Z")  # fmt: skip
        warmth = _degrees(path, number, temp_c)
        yield (geocell, at_us // HOUR_US * HOUR_US), (condition[:CONDITION_MAX], warmth)


def _degrees(path: Path, number: int, text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _wrong(path, number, f"says temp_c '{text}', which is no number of degrees")
    return value


def _wrong(path: Path, number: int, what: str) -> UsageError:
    return UsageError(f"server.weather: {path}: line {number} {what}")


def _provider(path: Path) -> str:
    """Which table, and of when: a table has no version of its own."""
    changed = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date().isoformat()
    return f"{path.name} {changed}"


def _stamp(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size
