"""When a schedule runs: five fields as in crontab(5), read as local wall times.

`minute hour day-of-month month day-of-week`; lists, ranges, steps and English names. Where both
days are limited either suffices, as in crontab. A slot is a wall time, `2026-11-23T09:00`; which
instant that is a zone decides (journeys E36).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from journeyfold.core.localtime import at_wall, minutes_of

_SEARCHED_DAYS = 366 * 8 + 2  # 29 February comes within eight years
_ANY_SLOT = "2024-01-01T00:00"
_MONTH_NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_DAY_NAMES = "SUN MON TUE WED THU FRI SAT"
_MONTHS = {name: at for at, name in enumerate(_MONTH_NAMES.split(), 1)}
_DAYS = {name: at for at, name in enumerate(_DAY_NAMES.split())}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}), ("hour", 0, 23, {}), ("day", 1, 31, {}),
    ("month", 1, 12, _MONTHS), ("weekday", 0, 7, _DAYS),
)  # fmt: skip


class Cron(NamedTuple):
    """`times` are minutes after midnight in order; `weekdays` are ISO, 1 to 7."""

    times: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either: bool  # of day and weekday one suffices

    def runs_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() in self.weekdays
        return by_day or by_weekday if self.is_either else by_day and by_weekday


def read_cron(text: str) -> Cron:
    """Raises ValueError with what is wrong."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(f"'{text}' has {len(parts)} fields, not 5; write 0 9 * * MON")
    minutes, hours, days, months, weekdays = (
        _numbers(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    cron = Cron(
        times=tuple(sorted(hour * 60 + minute for hour in hours for minute in minutes)),
        days=days,
        months=months,
        weekdays=frozenset(number or 7 for number in weekdays),
        is_either=parts[2] != "*" and parts[4] != "*",
    )
    if not slot_after(cron, _ANY_SLOT):
        raise ValueError(f"'{text}' never comes: no such day is in such a month")
    return cron


def slot_after(cron: Cron, slot: str) -> str:
    """The first slot after a wall time; empty when there is none."""
    day, minutes = _taken_apart(slot)
    for ahead in range(_SEARCHED_DAYS):
        on = day + timedelta(days=ahead)
        if cron.runs_on(on):
            for at in cron.times:
                if ahead or at > minutes:
                    return slot_text(on, at)
    return ""


def slot_text(day: date, minutes: int) -> str:
    return f"{day.isoformat()}T{minutes // 60:02}:{minutes % 60:02}"


def slot_us(slot: str, zone: str) -> int | None:
    """The instant of a slot in a zone: moved on by a gap, the first of two; None on a date that
    the zone leaves out.
    """
    day, minutes = _taken_apart(slot)
    return at_wall(day, minutes, zone)


def _taken_apart(slot: str) -> tuple[date, int]:
    day, _, clock = slot.partition("T")
    minutes = minutes_of(clock)
    assert minutes is not None, "a slot was made by slot_text"
    return date.fromisoformat(day), minutes


def _numbers(text: str, name: str, least: int, most: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if step and not (step.isdecimal() and int(step)):
            raise ValueError(f"{name}: '{part}' has no step; write */15")
        first, dash, last = span.partition("-")
        low = least if first == "*" else _number(first, name, names)
        high = most if first == "*" or (step and not dash) else low
        high = _number(last, name, names) if dash else high
        if not least <= low <= high <= most:
            raise ValueError(f"{name}: '{part}' is not within {least} to {most}")
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, name: str, names: dict[str, int]) -> int:
    number = names.get(text.upper())
    if number is None and text.isdecimal() and len(text) <= 2:
        number = int(text)
    if number is None:
        raise ValueError(f"{name}: '{text}' is no {name}")
    return number
