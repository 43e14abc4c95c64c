"""`core.localtime` against the conformance vectors and a scan of every minute (journeys 10)."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import TZPATH, ZoneInfo, available_timezones, reset_tzpath

import pytest

from journeyfold.core import localtime
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, instant_us, rfc3339


@pytest.fixture(scope="module", autouse=True)
def _our_database():
    """zoneinfo by itself prefers the machine's tz database; ours is the one installed with us."""
    before = TZPATH
    reset_tzpath(())
    ZoneInfo.clear_cache()
    yield
    reset_tzpath(before)
    ZoneInfo.clear_cache()


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(text: str) -> int:
    found = instant_us(text)
    assert found is not None
    return found


def _vectors(conformance):
    return json.loads((conformance / "time" / "next_local_time_vectors.json").read_text())


def test_every_vector_of_the_next_local_time_agrees(conformance):
    vectors = _vectors(conformance)
    assert len(vectors) == 15
    for vector in vectors:
        found = localtime.next_wall(
            us(vector["now"]),
            vector["hour"] * 60 + vector["minute"],
            vector["tz"],
            vector["days"] or (),
        )
        assert rfc3339(found) == rfc3339(us(vector["expect"])), vector["note"]


# --- a scan of every minute ----------------------------------------------------------------------

YEARS = ("2025-12-25T00:00:00Z", "2028-01-05T00:00:00Z")
MOVING = (
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca",
    "Asia/Beirut", "America/Santiago", "Pacific/Chatham", "Asia/Kathmandu", "Africa/Cairo",
    "America/Havana",
)  # fmt: skip


def _zones() -> list[str]:
    others = sorted(name for name in available_timezones() if "/" in name and "Etc/" not in name)
    return [*MOVING, *random.Random(7).sample([n for n in others if n not in MOVING], 30)]


class _Scan:
    """Every UTC minute of two years with the wall clock it shows, read from zoneinfo alone.

    `met` maps a local minute since 1970 to the UTC minute that shows it first, or to which it
    moves when the clock left it out; -1 when the date was left out with it.
    """

    def __init__(self, zone: str) -> None:
        self.first, last = (us(text) // MINUTE_US for text in YEARS)
        self.met: list[int] = []
        self.changes: list[int] = []
        region, at = ZoneInfo(zone), self.first
        self.base = shown = at + _offset(region, at)
        while at < last:
            offset, until = _offset(region, at), min(at + 360, last)
            while _offset(region, until - 1) != offset:
                until = at + (until - at) // 2
            for left_out in range(shown, at + offset):
                moved = left_out + at + offset - shown
                same_day = moved // 1440 == left_out // 1440
                self.met.append(moved - offset if same_day else -1)
            again = max(shown - (at + offset), 0)  # minutes that have been shown before
            self.met += range(at + again, until)
            if shown != at + offset:
                self.changes.append(at)
            shown, at = max(shown, until + offset), until

    def next(self, since: int, minute: int, days: list[int]) -> int:
        """The first UTC minute from `since` on that shows, or stands for, this wall time."""
        around = (since - self.first + self.base) // 1440
        return min(
            at
            for day in range(around - 2, around + 12)
            if not days or (day + 3) % 7 + 1 in days
            if (at := self.met[day * 1440 + minute - self.base]) >= since
        )


def _offset(region: ZoneInfo, minute: int) -> int:
    shown = (_EPOCH + timedelta(minutes=minute)).astimezone(region).utcoffset()
    assert shown is not None
    return int(shown.total_seconds() // 60)


def test_a_scan_of_every_minute_of_two_years_in_forty_zones_agrees():
    rng = random.Random(11)
    for zone in _zones():
        scan = _Scan(zone)
        asked = [
            (rng.randrange(len(scan.met) - 30_000) + 5_000, _some_days(rng)) for _ in range(60)
        ]
        asked += [
            (change - scan.first + ahead, [])
            for change in scan.changes
            for ahead in range(-180, 60, 15)
        ]
        for after, days in asked:
            since, minute = scan.first + after, rng.choice([0, 15, 120, 150, 165, 600, 1439])
            found = localtime.next_wall(since * MINUTE_US, minute, zone, days)
            assert found == scan.next(since, minute, days) * MINUTE_US, (zone, since, minute, days)


def _some_days(rng: random.Random) -> list[int]:
    return rng.sample(range(1, 8), rng.randint(1, 7)) if rng.random() < 0.5 else []


# --- the rest ------------------------------------------------------------------------------------


def test_a_wait_until_a_time_that_passed_today_may_go_on_at_once():
    now = us("2026-11-22T12:00:00Z")
    assert localtime.next_wall(now, 9 * 60, "UTC", if_past_go=True) == now
    assert localtime.next_wall(now, 9 * 60, "UTC") == us("2026-11-23T09:00:00Z")


def test_one_local_day_keeps_the_wall_time_over_a_change_of_the_clocks():
    before = us("2026-03-28T09:00:00Z")  # 10:00 in Berlin
    assert localtime.plus_days(before, 1, "Europe/Berlin") == us("2026-03-29T08:00:00Z")


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2026-01-31T12:00:00Z", 1, "2026-02-28T12:00:00Z"),
        ("2028-01-31T12:00:00Z", 1, "2028-02-29T12:00:00Z"),
        ("2028-02-29T12:00:00Z", 12, "2029-02-28T12:00:00Z"),
        ("2026-11-30T12:00:00.25Z", 1, "2026-12-30T12:00:00.25Z"),
        ("2026-12-15T12:00:00Z", 1, "2027-01-15T12:00:00Z"),
    ],
)
def test_months_clamp_to_the_last_day_of_the_month(start, months, expected):
    assert localtime.plus_months(us(start), months, "UTC") == us(expected)


@pytest.mark.parametrize("name", ["EST", "CET", "UTC+2", "+02:00", "Etc/GMT+5", "Mars/Base", ""])
def test_an_abbreviation_or_an_offset_is_no_zone(name):
    assert not localtime.is_zone(name)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Ushuaia"])
def test_a_region_is_a_zone(name):
    assert localtime.is_zone(name)


@pytest.mark.parametrize("text", ["9:00", "24:00", "12:60", "0900", "ab:cd", "-1:00", "09:00:00"])
def test_other_text_is_no_wall_time(text):
    assert localtime.minutes_of(text) is None


def test_a_wall_time_is_minutes_after_midnight():
    assert localtime.minutes_of("23:59") == 1439


QUIET = (21 * 60, 8 * 60)


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-11-22T20:59:59.999999Z", None),
        ("2026-11-22T21:00:00Z", "2026-11-23T08:00:00Z"),
        ("2026-11-23T07:59:59Z", "2026-11-23T08:00:00Z"),
        ("2026-11-23T08:00:00Z", None),
    ],
)
def test_a_quiet_window_across_midnight_holds_its_start_and_not_its_end(at, end):
    found = localtime.window_end(us(at), *QUIET, "UTC")
    assert found == (us(end) if end else None)


def test_a_quiet_window_ends_at_the_wall_time_after_a_change_of_the_clocks():
    inside = us("2026-03-28T22:00:00Z")  # 23:00 in Berlin, an hour is left out at night
    assert localtime.window_end(inside, *QUIET, "Europe/Berlin") == us("2026-03-29T06:00:00Z")


def test_a_quiet_window_that_ends_where_it_starts_is_none():
    assert localtime.window_end(us("2026-11-22T21:00:00Z"), 600, 600, "UTC") is None


def test_a_week_starts_on_the_local_monday():
    sunday_night = us("2026-11-22T20:00:00Z")  # Monday 09:00 in Auckland
    assert localtime.week_start(sunday_night, "Pacific/Auckland") == us("2026-11-22T11:00:00Z")
    assert localtime.next_week_start(sunday_night, "UTC") == us("2026-11-23T00:00:00Z")


def test_a_day_that_begins_at_one_o_clock_begins_there():
    noon = us("2018-11-04T14:00:00Z")  # Sao Paulo left out midnight
    assert localtime.day_start(noon, "America/Sao_Paulo") == us("2018-11-04T03:00:00Z")


def test_a_local_day_may_have_23_hours():
    start = localtime.day_start(us("2026-03-29T12:00:00Z"), "Europe/Berlin")
    assert localtime.next_day_start(start, "Europe/Berlin") - start == DAY_US - HOUR_US
