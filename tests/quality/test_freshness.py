"""How fresh a source is: declared rhythms, learned ones, five states (quality Q35)."""

import pytest

from journeyfold.core.instant import HOUR_US, MINUTE_US, instant_us
from journeyfold.quality.freshness import Rhythm, freshness, learned, read_rhythm

NOW = instant_us("2026-11-25T10:00:00Z")  # a Wednesday


def at(text):
    return instant_us(text)


@pytest.mark.parametrize(
    ("text", "rhythm"),
    [
        ("15m", Rhythm(15 * MINUTE_US)),
        ("realtime", Rhythm(15 * MINUTE_US)),
        ("daily 05:30", Rhythm(24 * HOUR_US, 5 * HOUR_US + 30 * MINUTE_US)),
        ("weekdays 06:00", Rhythm(24 * HOUR_US, 6 * HOUR_US, weekdays=True)),
        ("on demand", None),
        ("daily 25:00", None),
        ("", None),
    ],
)
def test_a_rhythm_is_a_span_or_a_schedule(text, rhythm):
    assert read_rhythm(text) == rhythm


@pytest.mark.parametrize(
    ("rhythm", "newest", "state"),
    [
        ("15m", "2026-11-25T09:45:00Z", "fresh"),
        ("15m", "2026-11-25T09:44:59Z", "late"),
        ("15m", "2026-11-25T09:15:00Z", "late"),
        ("15m", "2026-11-25T09:14:59Z", "stale"),
        ("daily 05:30", "2026-11-25T05:31:00Z", "fresh"),
        ("daily 05:30", "2026-11-25T04:45:00Z", "fresh"),
        ("daily 05:30", "2026-11-24T05:31:00Z", "late"),
        ("daily 05:30", "2026-11-23T02:00:00Z", "stale"),
        ("daily 09:30", "2026-11-24T09:31:00Z", "fresh"),  # within the hour's grace
        ("weekly", "2026-11-19T10:00:00Z", "fresh"),
    ],
)
def test_a_source_is_late_after_its_time_and_stale_after_three(rhythm, newest, state):
    assert freshness(at(newest), NOW, read_rhythm(rhythm)).state == state


def test_on_a_monday_morning_a_source_of_weekdays_is_as_old_as_friday():
    monday = at("2026-11-23T05:00:00Z")
    rhythm = read_rhythm("weekdays 06:00")
    assert freshness(at("2026-11-20T06:10:00Z"), monday, rhythm).state == "fresh"
    assert freshness(at("2026-11-19T06:10:00Z"), monday, rhythm).state == "late"


def test_a_schedule_is_of_local_time():
    newest, rhythm = at("2026-11-24T08:31:00Z"), read_rhythm("daily 09:30")
    assert freshness(newest, NOW, rhythm, offset_us=HOUR_US).state == "late"


def test_a_source_that_never_sent_is_silent_and_one_that_is_over_ended():
    assert freshness(None, NOW, read_rhythm("15m")).state == "silent"
    assert freshness(at("2026-01-01T00:00:00Z"), NOW, None, ended=True).state == "ended"


def test_without_a_rhythm_nothing_is_said():
    assert freshness(at("2026-01-01T00:00:00Z"), NOW, None).state == "unknown"


def test_a_rhythm_is_learned_as_three_times_the_longest_usual_gap():
    minutes = [NOW // MINUTE_US - 10 * n for n in range(500, 0, -1)]
    assert learned(minutes, NOW) == 30 * MINUTE_US


def test_the_nights_of_a_shop_do_not_alarm_when_they_are_usual():
    minutes = [
        day * 1440 + minute
        for day in range(NOW // MINUTE_US // 1440 - 27, NOW // MINUTE_US // 1440 + 1)
        for minute in range(8 * 60, 20 * 60, 5)
    ]
    night = at("2026-11-24T19:57:00Z")
    newest = at("2026-11-24T19:55:00Z")
    wait = learned([minute for minute in minutes if minute <= night // MINUTE_US], night)
    assert freshness(newest, night + 6 * HOUR_US, None, learned_us=wait).state == "fresh"


def test_too_few_records_teach_nothing():
    assert learned([NOW // MINUTE_US - n for n in (9, 5, 1)], NOW) is None


@pytest.mark.parametrize(
    ("schedule", "newest", "state"),
    [
        ("weekly MON 05:30", "2026-11-23T05:31:00Z", "fresh"),
        ("weekly MON 05:30", "2026-11-20T05:31:00Z", "late"),
        ("weekly MON 05:30", "2026-11-08T05:31:00Z", "stale"),
        ("0 5 * * MON-FRI", "2026-11-25T05:01:00Z", "fresh"),
        ("0 5 * * MON-FRI", "2026-11-24T05:01:00Z", "late"),
        ("*/20 * * * *", "2026-11-25T08:10:00Z", "fresh"),  # within the hour's grace
        ("*/20 * * * *", "2026-11-25T07:50:00Z", "late"),
        ("0 6 29 2 *", "2024-02-29T06:01:00Z", "fresh"),
    ],
)
def test_what_a_schedule_says_is_a_rhythm_as_well(schedule, newest, state):
    assert freshness(at(newest), NOW, read_rhythm(schedule)).state == state
