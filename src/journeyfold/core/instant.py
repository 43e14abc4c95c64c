"""Instants and durations: RFC 3339 text, `30d` and `5m`, to integer microseconds and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US
WEEK_US = 7 * DAY_US
UNIT_US = {"s": SECOND_US, "m": MINUTE_US, "h": HOUR_US, "d": DAY_US, "w": WEEK_US}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - it is the naive one that is meant
_DURATION = re.compile(r"(0|[1-9][0-9]{0,9})(s|m|h|d|w)")
_PLAIN = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.(?:\d{3}|\d{6}))?(?:Z|[+-]\d\d:\d\d)?", re.ASCII
)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?"
    r"(Z|z|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


def duration_us(text: str) -> int | None:
    """`30d` → microseconds; a day is 86,400 s (segments C7). None when it is no duration."""
    match = _DURATION.fullmatch(text)
    return int(match[1]) * UNIT_US[match[2]] if match else None


def instant_us(text: str, *, zone_required: bool = False) -> int | None:
    """RFC 3339 (seconds and zone may be absent; no zone means UTC) → microseconds.

    None for anything else, impossible dates and leap seconds beyond :59 included;
    `24:00` is refused, digits beyond microseconds are cut.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if zone_required and zone is None:
        return None
    try:
        at = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None
    micros = int((fraction or "0").ljust(6, "0")[:6])
    offset = _zone_us(zone)
    return None if offset is None else _since_epoch(at) + micros - offset


def wall_us(text: str) -> tuple[int, bool] | None:
    """As `instant_us`, and whether there was no zone: then it counts on a wall clock."""
    if _PLAIN.fullmatch(text):  # how most are written, and the standard library reads it in C
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        is_local = at.tzinfo is None
        since = at - (_WALL_EPOCH if is_local else _EPOCH)
        return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds, is_local
    found = instant_us(text, zone_required=True)
    if found is not None:
        return found, False
    found = instant_us(text)
    return None if found is None else (found, True)


def rfc3339(us: int) -> str:
    """Microseconds → `2026-11-22T02:25:33.117479Z`, with as many decimals as needed."""
    text = (_EPOCH + timedelta(microseconds=us)).isoformat()[:19]
    micros = us % SECOND_US
    return f"{text}.{micros:06d}".rstrip("0") + "Z" if micros else text + "Z"


def human_duration(us: int) -> str:
    """The largest unit that divides it, else seconds: 86400000000 → `1d`."""
    for unit in ("w", "d", "h", "m"):
        if us and us % UNIT_US[unit] == 0:
            return f"{us // UNIT_US[unit]}{unit}"
    return f"{us / SECOND_US:g}s"


def _zone_us(zone: str | None) -> int | None:
    if zone is None or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        return None
    sign = -1 if zone[0] == "-" else 1
    return sign * (hours * HOUR_US + minutes * MINUTE_US)


def _since_epoch(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_US
