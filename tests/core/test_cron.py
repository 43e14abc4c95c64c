"""Slots of a schedule: wall times, read as in crontab (journeys E36)."""

import pytest

from journeyfold.core.cron import read_cron, slot_after, slot_us
from journeyfold.core.instant import instant_us


@pytest.mark.parametrize(
    ("cron", "after", "slot"),
    [
        ("0 9 * * MON", "2026-11-22T11:00", "2026-11-23T09:00"),
        ("0 9 * * MON", "2026-11-23T08:59", "2026-11-23T09:00"),
        ("0 9 * * MON", "2026-11-23T09:00", "2026-11-30T09:00"),
        ("*/20 8-9 * * *", "2026-11-22T08:20", "2026-11-22T08:40"),
        ("*/20 8-9 * * *", "2026-11-22T09:40", "2026-11-23T08:00"),
        ("30 2 * * 0", "2027-03-22T00:00", "2027-03-28T02:30"),
        ("30 2 * * 7", "2027-03-22T00:00", "2027-03-28T02:30"),
        ("0 0 29 2 *", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("0 12 1,15 JAN-MAR *", "2026-11-22T00:00", "2027-01-01T12:00"),
        ("0 12 13 * FRI", "2026-11-22T00:00", "2026-11-27T12:00"),
        ("5/30 10 * * *", "2026-11-22T10:05", "2026-11-22T10:35"),
    ],
)
def test_the_next_slot_is_the_first_after(cron, after, slot):
    assert slot_after(read_cron(cron), after) == slot


def test_a_date_that_comes_every_four_years_is_a_date():
    assert slot_after(read_cron("0 0 29 2 *"), "2026-01-01T00:00") == "2028-02-29T00:00"


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 9 * *", "has 4 fields, not 5"),
        ("0 0 31 2,4 *", "never comes: no such day is in such a month"),
        ("60 9 * * *", "minute: '60' is not within 0 to 59"),
        ("0 9 * * MOO", "weekday: 'MOO' is no weekday"),
        ("*/0 9 * * *", "has no step"),
        ("0 9-8 * * *", "hour: '9-8' is not within"),
        ("0 9 * * *\n", ""),
    ],
)
def test_what_is_no_schedule_is_refused_with_its_field(cron, words):
    if not words:
        assert read_cron(cron) == read_cron("0 9 * * *")
        return
    with pytest.raises(ValueError, match=words.replace("*", "\\*")):
        read_cron(cron)


@pytest.mark.parametrize(
    ("slot", "zone", "at"),
    [
        ("2027-03-28T02:30", "Europe/Berlin", "2027-03-28T01:30:00Z"),  # gap: 03:30 summer time
        ("2027-10-31T02:30", "Europe/Berlin", "2027-10-31T00:30:00Z"),  # twice: the first
        ("2026-11-23T09:00", "Asia/Tokyo", "2026-11-23T00:00:00Z"),
    ],
)
def test_jt30_a_slot_in_a_gap_moves_on_and_one_that_comes_twice_is_the_first(slot, zone, at):
    assert slot_us(slot, zone) == instant_us(at)


def test_a_slot_on_a_date_that_a_zone_leaves_out_is_none():
    assert slot_us("2011-12-30T09:00", "Pacific/Apia") is None
