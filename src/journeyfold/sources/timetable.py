"""When an import runs by itself: `15m`, `hourly`, `daily 05:30`, `weekly MON 05:30` or a cron line. Pure.

Wall times are those of the project's zone. An interval counts from the start of the last run, and the
first run is at once; a wall time that passed while nothing ran is caught up with once.
"""

from __future__ import annotations

from typing import NamedTuple

from journeyfold.core.cron import Cron, read_cron, slot_after, slot_text, slot_us
from journeyfold.core.instant import MINUTE_US, duration_us
from journeyfold.core.localtime import local, minutes_of

_WORDS = {"hourly": "0 * * * *", "daily": "0 0 * * *", "weekly": "0 0 * * MON"}
_HOW = "write 15m, hourly, daily 05:30, weekly MON 05:30 or 0 5 * * MON-FRI"
_SEARCHED = 8  # slots in a row that a zone may leave out


class Timetable(NamedTuple):
    """Either an interval or wall times."""

    every_us: int = 0
    cron: Cron | None = None


def read_timetable(text: str) -> Timetable:
    """Raises ValueError with what to write."""
    every_us = duration_us(text)
    if every_us is not None:
        if every_us < MINUTE_US:
            raise ValueError(f"{text!r} is shorter than a minute; {_HOW}")
        return Timetable(every_us=every_us)
    try:
        return Timetable(cron=read_cron(_as_cron(text)))
    except ValueError as error:
        raise ValueError(f"{error}; {_HOW}" if _HOW not in str(error) else str(error)) from None


def next_run_us(table: Timetable, last_us: int, now_us: int, zone: str) -> int:
    """When it runs next, after a run that began at `last_us` (0: never). In the past: at once."""
    if table.cron is None:
        return last_us + table.every_us if last_us else now_us
    here = local(last_us or now_us, zone)
    slot = slot_text(here.date(), here.hour * 60 + here.minute)
    for _ in range(_SEARCHED):
        slot = slot_after(table.cron, slot)
        at_us = slot_us(slot, zone)
        if at_us is not None and at_us > (last_us or now_us):
            return at_us
    raise AssertionError("no zone leaves out so many days")


def _as_cron(text: str) -> str:
    word, *rest = text.split()
    if word not in _WORDS:
        return text
    _, hour, _, _, weekday = _WORDS[word].split()
    if rest and word == "weekly":
        weekday, *rest = rest
    at = minutes_of(rest[0]) if len(rest) == 1 and word != "hourly" else None
    if rest and at is None:
        raise ValueError(f"{text!r} is no schedule; {_HOW}")
    return f"{at % 60} {at // 60} * * {weekday}" if at is not None else f"0 {hour} * * {weekday}"
