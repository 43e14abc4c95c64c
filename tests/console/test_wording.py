"""Numbers, times and names as they are said (look.md sections 3 and 8)."""

from __future__ import annotations

import pytest

from journeyfold.console import wording
from journeyfold.core.event import Event
from journeyfold.core.instant import instant_us

NOW = instant_us("2026-11-22T15:14:07.412Z")


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (18_432, "18.4\u00a0k"),
        (48_210_377, "48.2\u00a0M"),
        (-24, "\u221224"),
    ],
)
def test_numbers_are_exact_to_9999_and_three_digits_beyond(number, shown):
    assert wording.short(number) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "none"),
        (1, 100_000, "<0.01\u00a0%"),
        (99_999, 100_000, ">99.99\u00a0%"),
        (1, 4, "25\u00a0%"),
    ],
)
def test_a_share_is_never_rounded_into_all_or_nothing(part, whole, shown):
    assert wording.share(part, whole) == shown


@pytest.mark.parametrize(
    ("us", "shown"),
    [(0, "0 s"), (-5, "0 s"), (84_000, "84 ms"), (400_000, "0.4 s"), (59_000_000, "59 s"),
     (180_000_000, "3 min"), (7_200_000_000, "2 h"), (345_600_000_000, "4 days")],
)  # fmt: skip
def test_a_length_of_time_is_said_in_its_largest_unit(us, shown):
    assert wording.lasting(us).replace("\u00a0", " ") == shown


def test_a_small_rate_is_not_shown_as_none():
    assert wording.rate(0.01) == "<0.1"
    assert wording.rate(0) == "0"
    assert wording.rate(212.4) == "212"


def test_days_are_the_readers():
    berlin = wording.Dates("Europe/Berlin", NOW)
    late = instant_us("2026-11-21T23:30:00Z")
    assert berlin.day(late) == "Today, Sunday 22 November"
    assert wording.Dates("UTC", NOW).day(late) == "Saturday 21 November"


def test_midnight_follows_the_clocks_change():
    spring = wording.Dates("Europe/Berlin", instant_us("2026-03-29T10:00:00Z"))
    assert spring.midnight() == instant_us("2026-03-28T23:00:00Z")


def test_another_year_is_named():
    dates = wording.Dates("UTC", NOW)
    assert dates.date(instant_us("2025-08-02T00:00:00Z")) == "2\u00a0Aug\u00a02025"


def test_an_event_in_short_is_what_tells_it_from_others():
    event = Event("1", "Order Completed", "track", "web", (), 0, 0,
                  {"total": 64.9, "currency": "EUR", "products": [1, 2], "coupon": "x"})  # fmt: skip
    assert wording.in_short(event) == "total €\u00a064.90, 2\u00a0items"


def test_a_number_sent_as_text_is_shown_as_text():
    event = Event("1", "Order Completed", "track", "web", (), 0, 0, {"total": "64.90"})
    assert wording.in_short(event) == 'total "64.90"'


def test_long_values_are_cut_and_odd_ones_counted():
    assert len(wording.shown("x" * 500)) == 120
    assert wording.shown([1, 2, 3, 4, 5]) == "5\u00a0items"
    assert wording.shown({"a": 1}) == "1\u00a0field"
    assert wording.shown(None) == "unknown"


def test_personal_values_of_an_event_are_masked():
    event = Event("1", "Identify", "identify", "web", (), 0, 0, {}, {"email": "jonna@example.com"})
    assert wording.in_short(event) == "email j•••@example.com"
