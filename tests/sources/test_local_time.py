"""Naive local times (collect C42); what a zone does is checked against its published changes."""

import pytest

from journeyfold.core.instant import instant_us, rfc3339
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
