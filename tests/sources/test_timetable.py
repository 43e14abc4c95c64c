"""When an import runs by itself."""

import pytest

from journeyfold.core.instant import instant_us, rfc3339
from journeyfold.sources.timetable import next_run_us, read_timetable

NOON = "2026-11-22T12:00:00Z"  # a Sunday


def after(text, last, now=NOON, zone="UTC"):
    last_us = instant_us(last) if last else 0
    return rfc3339(next_run_us(read_timetable(text), last_us, instant_us(now), zone))


def test_an_interval_counts_from_the_start_of_the_last_run():
    assert after("15m", "2026-11-22T11:50:00Z") == "2026-11-22T12:05:00Z"


def test_the_first_run_of_an_interval_is_at_once():
    assert after("1h", None) == NOON


@pytest.mark.parametrize(
    ("text", "next_one"),
    [
        ("hourly", "2026-11-22T13:00:00Z"),
        ("daily", "2026-11-23T00:00:00Z"),
        ("daily 05:30", "2026-11-23T05:30:00Z"),
        ("weekly", "2026-11-23T00:00:00Z"),
        ("weekly WED 05:30", "2026-11-25T05:30:00Z"),
        ("*/20 12 * * *", "2026-11-22T12:20:00Z"),
    ],
)
def test_wall_times_come_at_their_next_slot(text, next_one):
    assert after(text, None) == next_one


def test_a_slot_missed_while_nothing_ran_is_in_the_past_and_so_due():
    assert after("daily 05:30", "2026-11-20T05:30:01Z") == "2026-11-21T05:30:00Z"


def test_wall_times_are_those_of_the_zone():
    assert after("daily 05:30", None, zone="Europe/Berlin") == "2026-11-23T04:30:00Z"


@pytest.mark.parametrize(
    "text", ["often", "30s", "daily 5:30", "daily 05:30 MON", "hourly 05:30", "61 * * * *", ""]
)
def test_what_is_no_schedule_says_what_to_write(text):
    with pytest.raises(ValueError, match="write 15m, hourly, daily 05:30"):
        read_timetable(text)
