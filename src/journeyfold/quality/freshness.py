"""Is a source as fresh as it should be? Declared rhythms, learned ones, and the five states (Q35).

Pure: newest record, gaps and now are arguments. A declared schedule expects something at every
slot; it has an hour's grace. A learned rhythm is three times the 95th
percentile of the gaps of the weekday and hour at hand, over 28 days.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice, pairwise
from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.cron import Cron
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, duration_us
from journeyfold.sources.timetable import read_timetable

State: TypeAlias = Literal["fresh", "late", "stale", "silent", "ended", "unknown"]
LEARN_US, LEAST_GAPS = 28 * DAY_US, 20
_SLOT = re.compile(r"(daily|weekdays|weekly)(?: ([01][0-9]|2[0-3]):([0-5][0-9]))?")
_NAMED = {"realtime": 15 * MINUTE_US, "hourly": HOUR_US, "monthly": 31 * DAY_US}
_SEARCHED_DAYS = 3 * (
    366 * 8 + 2
)  # 29 February comes within eight years; three slots are asked for
_EPOCH = date(1970, 1, 1)
_MONDAY_US = 4 * DAY_US  # 1970-01-05


class Rhythm(msgspec.Struct, frozen=True):
    """Every `every_us`; of a schedule `at_us` is the time of day, and weekends may be free; of a
    `cron` line nothing else counts.
    """

    every_us: int
    at_us: int | None = None
    weekdays: bool = False
    cron: Cron | None = None


class Fresh(msgspec.Struct, frozen=True):
    """`age_us` is None of a silent source, `expected_us` while nothing is declared or learned."""

    state: State
    age_us: int | None
    expected_us: int | None
    is_learned: bool = False


def read_rhythm(text: str) -> Rhythm | None:
    """`15m`, `realtime`, `daily 05:30`, `weekdays 06:00`, or as a schedule says it: `weekly MON 05:30`,
    a cron line. None for anything else, as `on demand`.
    """
    if text in _NAMED:
        return Rhythm(_NAMED[text])
    span_us = duration_us(text)
    if span_us:
        return Rhythm(span_us)
    match = _SLOT.fullmatch(text)
    if match is None:
        return _scheduled(text)
    word, hour, minute = match.groups()
    at_us = None if hour is None else int(hour) * HOUR_US + int(minute) * MINUTE_US
    return Rhythm(7 * DAY_US if word == "weekly" else DAY_US, at_us, word == "weekdays")


def _scheduled(text: str) -> Rhythm | None:
    try:
        return Rhythm(0, cron=read_timetable(text).cron)
    except ValueError:
        return None


def freshness(
    newest_us: int | None, now_us: int, rhythm: Rhythm | None, *, offset_us: int = 0,
    learned_us: int | None = None, ended: bool = False,
) -> Fresh:  # fmt: skip
    """`offset_us` is the local time's distance from UTC, for schedules."""
    if ended:
        return Fresh("ended", _age(newest_us, now_us), None)
    expected, stale_us = learned_us, 3 * (learned_us or 0)
    if rhythm is not None:
        expected, stale_us = _bounds(rhythm, now_us + offset_us)
    is_learned = rhythm is None and learned_us is not None
    if newest_us is None:
        return Fresh("silent", None, expected, is_learned)
    age = max(0, now_us - newest_us)
    if expected is None:
        return Fresh("unknown", age, None)
    state: State = "stale" if age > stale_us else "late" if age > expected else "fresh"
    return Fresh(state, age, expected, is_learned)


def _bounds(rhythm: Rhythm, local_us: int) -> tuple[int, int]:
    """How old the newest record may be before it is late, and before it is stale.

    Of a schedule: back to the last slot whose grace is over; stale is two slots more.
    """
    if rhythm.cron is not None:
        due = list(islice(_due(rhythm.cron, local_us - HOUR_US), 3))
        late, stale = (local_us - each + HOUR_US for each in (due[0], due[-1]))
        return late, stale
    if rhythm.at_us is None and not rhythm.weekdays:
        return rhythm.every_us, 3 * rhythm.every_us
    slot = local_us - (local_us - (rhythm.at_us or 0)) % DAY_US
    while slot + HOUR_US > local_us or (rhythm.weekdays and _weekday(slot) > 4):
        slot -= DAY_US
    late = max(rhythm.every_us - DAY_US, 0) + local_us - slot + HOUR_US
    return late, late + 2 * rhythm.every_us


def _due(cron: Cron, local_us: int) -> Iterator[int]:
    """Slots up to here, the newest first."""
    today = local_us // DAY_US
    for day in range(today, today - _SEARCHED_DAYS, -1):
        if cron.runs_on(_EPOCH + timedelta(day)):
            for minute in reversed(cron.times):
                if day * DAY_US + minute * MINUTE_US <= local_us:
                    yield day * DAY_US + minute * MINUTE_US


def learned(minutes: Sequence[int], now_us: int) -> int | None:
    """What to expect now of a source that sent something in these minutes, in order.

    Gaps count where they begin; with fewer than 20 of this weekday and hour those of the hour
    count, then all of them, and fewer than 20 of those teach nothing.
    """
    since = (now_us - LEARN_US) // MINUTE_US
    recent = [minute for minute in minutes if minute >= since]
    gaps = [(a, b - a) for a, b in pairwise(recent)]
    now = now_us // MINUTE_US
    here = (_weekday(now_us), now // 60 % 24)
    narrow = [gap for at, gap in gaps if (_weekday(at * MINUTE_US), at // 60 % 24) == here]
    hourly = [gap for at, gap in gaps if at // 60 % 24 == here[1]]
    for found in (narrow, hourly, [gap for _, gap in gaps]):
        if len(found) >= LEAST_GAPS:
            ordered = sorted(found)
            return 3 * max(1, ordered[(len(ordered) * 95 - 1) // 100]) * MINUTE_US
    return None


def _weekday(us: int) -> int:
    """Monday is 0."""
    return (us - _MONDAY_US) // DAY_US % 7


def _age(newest_us: int | None, now_us: int) -> int | None:
    return None if newest_us is None else max(0, now_us - newest_us)
