"""Wall-clock time in a person's zone: the next 09:00, a day later, the end of quiet hours.

Instants are microseconds UTC, wall times minutes after local midnight. A wall time that a change
of the clocks leaves out moves forward by the length of the gap; one that comes twice means its
first occurrence, and is never met again; a date that a zone leaves out is passed over (journeys
E30-E33, E52, E53).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from journeyfold.core.instant import DAY_US

DAY_MINUTES = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_SEARCHED_DAYS = 400  # the longest wait; every weekday comes long before


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Whether this names a region of the tz database: not an abbreviation (`EST`) and not a bare
    offset (`Etc/GMT+5`), which know no summer (journeys E31).
    """
    if name != "UTC" and (name.upper() == name or name.startswith("Etc/")):
        return False
    return name in _names()


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    """From the tz database that is installed with us, not from the machine's (journeys E33)."""
    if name not in _names():
        raise ZoneInfoNotFoundError(name)
    with _database().joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def _names() -> frozenset[str]:
    return frozenset(_database().joinpath("zones").read_text("ascii").split())


@cache
def tz_version() -> str:
    """Of the tz database that local times are reckoned by."""
    return metadata.version("tzdata")


def _database() -> Traversable:
    return resources.files("tzdata")


def minutes_of(text: str) -> int | None:
    """`09:30` → 570; None for anything else. `24:00` is no wall time."""
    hours, colon, minutes = text.partition(":")
    if not colon or len(hours) != 2 or len(minutes) != 2 or not (hours + minutes).isdecimal():
        return None
    total = int(hours) * 60 + int(minutes)
    return total if int(minutes) < 60 and total < DAY_MINUTES else None


def local(at_us: int, zone: str) -> datetime:
    """The wall clock of a zone at an instant. OverflowError beyond the years 1 to 9999."""
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(_zone(zone))


def at_wall(day: date, minutes: int, zone: str) -> int | None:
    """The instant of a wall time on a local date; None when the zone has no such date."""
    wall = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=_zone(zone))
    at_us = (wall - _EPOCH) // _US  # fold=0: the first of two, and before a gap's jump
    return at_us if local(at_us, zone).date() == day else None


def next_wall(
    now_us: int, minutes: int, zone: str, days: Collection[int] = (), *, if_past_go: bool = False
) -> int:
    """The first instant at or after `now_us` at which a zone's clock shows this wall time.

    `days` are ISO weekdays of the local date, all when empty. `if_past_go`: when today is allowed
    and its wall time has passed, the answer is `now_us` itself (journeys E30).
    """
    today = local(now_us, zone).date()
    for ahead in range(_SEARCHED_DAYS):
        day = today + timedelta(days=ahead)
        if days and day.isoweekday() not in days:
            continue
        at_us = at_wall(day, minutes, zone)
        if at_us is None:
            continue
        if at_us >= now_us:
            return at_us
        if if_past_go:
            return now_us
    raise AssertionError("a weekday comes within a year")


def plus_days(at_us: int, days: int, zone: str) -> int:
    """The same wall time so many local dates later; a date left out counts as the next one."""
    return _same_wall(at_us, local(at_us, zone).date() + timedelta(days=days), zone)


def plus_months(at_us: int, months: int, zone: str) -> int:
    """The same wall time and day of the month, clamped to the month's end: 31 Jan + 1 → 28 Feb."""
    here = local(at_us, zone).date()
    year, month = divmod(here.year * 12 + here.month - 1 + months, 12)
    first = date(year, month + 1, 1)
    following = date(year + month // 11, (month + 1) % 12 + 1, 1)
    last = (following - first).days
    return _same_wall(at_us, first.replace(day=min(here.day, last)), zone)


def day_start(at_us: int, zone: str) -> int:
    """The first instant of the local date that holds `at_us`."""
    day = local(at_us, zone).date()
    start = at_wall(day, 0, zone)
    return at_us if start is None else start


def week_start(at_us: int, zone: str) -> int:
    """The first instant of the local Monday at or before `at_us`."""
    day = local(at_us, zone).date()
    return _first_instant(day - timedelta(days=day.weekday()), zone)


def next_day_start(at_us: int, zone: str) -> int:
    return _first_instant(local(at_us, zone).date() + timedelta(days=1), zone)


def next_week_start(at_us: int, zone: str) -> int:
    day = local(at_us, zone).date()
    return _first_instant(day + timedelta(days=7 - day.weekday()), zone)


def window_end(at_us: int, start: int, end: int, zone: str) -> int | None:
    """When `[start, end)` of the local day is over, if `at_us` lies in it; else None.

    Minutes after midnight; the window may cross midnight or a change of the clocks; an empty one
    holds nothing (journeys E52).
    """
    if start == end:
        return None
    today = local(at_us, zone).date()
    for back in (0, 1):
        day = today - timedelta(days=back)
        began = at_wall(day, start, zone)
        ends_on = day if start < end else day + timedelta(days=1)
        ended = at_wall(ends_on, end, zone)
        if began is None:
            began = _first_instant(day, zone)
        if ended is None:
            ended = _first_instant(ends_on, zone)
        if began <= at_us < ended:
            return ended
    return None


def _same_wall(at_us: int, day: date, zone: str) -> int:
    clock = local(at_us, zone)
    inside_us = (clock.second * 1_000_000) + clock.microsecond
    for ahead in range(3):
        found = at_wall(day + timedelta(days=ahead), clock.hour * 60 + clock.minute, zone)
        if found is not None:
            return found + inside_us
    return at_us + DAY_US


def _first_instant(day: date, zone: str) -> int:
    """Midnight, or where the day begins; the next date's if the zone left this one out."""
    for ahead in range(3):
        found = at_wall(day + timedelta(days=ahead), 0, zone)
        if found is not None:
            return found
    raise AssertionError("no zone leaves out three days")
