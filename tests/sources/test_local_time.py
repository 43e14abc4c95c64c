"""Naive local times (collect C42); what a zone does is checked against its published changes."""

from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from journeyfold.core.instant import instant_us, rfc3339, wall_us
from journeyfold.sources.local_time import Zone


def read(zone, local):
    return rfc3339(Zone(zone).instant_us(instant_us(local)))


def test_winter_and_summer_have_their_own_offset():
    assert read("Europe/London", "2011-01-10T08:26:00") == "2011-01-10T08:26:00Z"
    assert read("Europe/London", "2011-07-10T08:26:00") == "2011-07-10T07:26:00Z"


def test_an_ambiguous_time_is_its_first_occurrence():
    assert read("Europe/Berlin", "2026-10-25T02:30:00") == "2026-10-25T00:30:00Z"


def test_a_skipped_time_is_shifted_forward_by_the_gap():
    assert read("Europe/Berlin", "2026-03-29T02:30:00") == "2026-03-29T01:30:00Z"
    assert read("Europe/Berlin", "2026-03-29T03:30:00") == "2026-03-29T01:30:00Z"


def test_microseconds_and_times_before_1970_are_kept():
    assert read("UTC", "1969-12-31T23:59:59.000001") == "1969-12-31T23:59:59.000001Z"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises((KeyError, ValueError)):
        Zone(zone)


@pytest.mark.parametrize(
    ("zone", "around"),
    [
        ("Europe/Berlin", "2026-03-29T00:00:00Z"),
        ("Europe/Berlin", "2026-10-25T00:00:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T15:00:00Z"),  # by half an hour
        ("Pacific/Apia", "2011-12-30T10:00:00Z"),  # by a whole day
        ("Africa/Monrovia", "1972-01-07T00:44:30Z"),  # by 44 minutes and 30 seconds
    ],
)
def test_each_minute_around_a_change_is_read_as_the_standard_library_reads_it(zone, around):
    ours, theirs = Zone(zone), ZoneInfo(zone)
    begin = datetime.fromisoformat(around).astimezone(theirs).replace(tzinfo=None)
    for minute in range(-36 * 60, 36 * 60):
        wall = begin + timedelta(minutes=minute, seconds=7)
        expected = rfc3339(round(wall.replace(tzinfo=theirs).timestamp()) * 1_000_000)
        assert rfc3339(ours.instant_us(instant_us(wall.isoformat()))) == expected


DAYS = [
    "2026-01-31",
    "2024-02-29",
    "2026-02-29",
    "0001-01-01",
    "0000-01-01",
    "2026-1-1",
    "20260131",
]
TIMES = ["10:00:00", "10:00", "24:00:00", "23:59:60", "10:00:00.123", "10:00:00.123456",
         "10:00:00.1", "10:00:00,5", "10:00:00.1234567"]  # fmt: skip
ZONES = ["", "Z", "z", "+02:00", "-0230", "+23:59", "+24:00", "-00:00", "+02"]


@pytest.mark.parametrize("between", ["T", " ", "t", "x"])
def test_the_quick_way_to_read_a_time_agrees_with_the_thorough_one(between):
    for day, time, zone in product(DAYS, TIMES, ZONES):
        text = f"{day}{between}{time}{zone}"
        at = instant_us(text)
        assert wall_us(text) == (None if at is None else (at, not zone)), text
