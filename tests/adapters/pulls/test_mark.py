"""Values of a cursor in a mark, and what lies before them by an overlap (collect C43)."""

import datetime as dt
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from journeyfold.adapters.pulls.mark import after_of, like, marked
from journeyfold.core.instant import MINUTE_US, instant_us

AT = dt.datetime(2026, 1, 1, 10, 30, 0, 125, tzinfo=dt.UTC)
KEY = UUID("12345678-1234-5678-1234-567812345678")


def back(column, key=1, overlap_us=0):
    """Through the bytes in which the log keeps it."""
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(marked(column, key)))
    return after_of(kept, overlap_us)


@pytest.mark.parametrize(
    "value",
    [AT, AT.replace(tzinfo=None), AT.date(), Decimal("12.50"), KEY, 7, 1.5, "2026-01-01", None],
)
def test_a_value_comes_back_as_it_was_given(value):
    assert back(value, value) == (value, value)


@pytest.mark.parametrize(
    ("value", "earlier"),
    [
        (AT, AT - dt.timedelta(minutes=45)),
        (AT.date(), dt.date(2025, 12, 31)),
        ("2026-01-01 10:30:00", "2026-01-01 09:45:00"),
        ("2026-01-01T10:30:00.125Z", "2026-01-01T09:45:00.125Z"),
        ("2026-01-01T10:30:00.000001+02:00", "2026-01-01T09:45:00.000001+02:00"),
        ("2026-01-01 10:30", "2026-01-01 09:45"),
        ("2026-01-01", "2025-12-31"),
    ],
)
def test_a_time_less_an_overlap_is_written_as_the_database_writes_it(value, earlier):
    assert back(value, overlap_us=45 * MINUTE_US) == (earlier, None)


@pytest.mark.parametrize("value", [7, 1.5, "abc", "2026-13-01 10:00:00", dt.date.min, KEY])
def test_what_is_no_time_has_no_overlap(value):
    assert back(value, overlap_us=MINUTE_US) == (value, 1)


def test_without_a_mark_everything_is_read():
    assert after_of(None, 0) is None
    assert after_of({"since": "x"}, 0) is None


@pytest.mark.parametrize(
    ("sample", "wanted"),
    [
        (AT, dt.datetime(2026, 1, 31, tzinfo=dt.UTC)),
        (AT.replace(tzinfo=None), dt.datetime(2026, 1, 31)),
        (AT.date(), dt.date(2026, 1, 31)),
        ("2026-01-01 10:30:00", "2026-01-31 00:00:00"),
        (None, 1 + instant_us("2026-01-31T00:00:00Z") - 1),
    ],
)
def test_from_is_a_value_of_the_column(sample, wanted):
    assert like(sample, instant_us("2026-01-31T00:00:00Z") - 1) == wanted


def test_from_may_be_a_number_or_a_text():
    assert (like(5, 41), like("b", "a")) == (42, "a")
