"""When it happened, by a clock that may be wrong (collect C24 to C27)."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.occurrence import occurrence
from journeyfold.core.instant import DAY_US, MINUTE_US, SECOND_US, instant_us, rfc3339

RECEIVED = instant_us("2026-11-22T12:00:00Z")
BROWSER = Arrival(received_us=RECEIVED, auth="browser")
SERVER = Arrival(received_us=RECEIVED, auth="server")


def at(seconds):
    return rfc3339(RECEIVED + round(seconds * SECOND_US))


def when(message, sent_at=None, arrival=BROWSER):
    """(seconds against the receipt, rule)."""
    us, note = occurrence(message, sent_at, arrival)
    return (us - RECEIVED) / SECOND_US, note["rule"] if note else None


@pytest.mark.parametrize(
    ("message", "sent_at", "expected"),
    [
        ({}, None, (0, None)),
        ({"timestamp": at(-10)}, None, (-10, None)),
        ({"originalTimestamp": at(-10)}, None, (-10, None)),
        ({"timestamp": at(-10)}, at(5), (-10, None)),  # skew -5 s: delay
        ({"timestamp": at(-10)}, at(5.000001), (-15.000001, "skew")),
        ({"timestamp": at(-100)}, at(-60), (-100, None)),  # skew +60 s: queueing or a stale sentAt
        ({"timestamp": at(-100)}, at(-60.000001), (-39.999999, "skew")),
        ({"timestamp": at(-7300)}, at(-7200), (-100, "skew")),
        ({"timestamp": at(7100)}, at(7200), (-100, "skew")),
        ({"timestamp": at(-9000), "originalTimestamp": at(-1)}, at(-7200), (-9000, None)),
        ({"timestamp": at(300)}, None, (300, None)),
        ({"timestamp": at(300.000001)}, None, (300, "future")),
        ({"timestamp": at(-90 * 86_400)}, None, (-90 * 86_400, None)),
        ({"timestamp": at(-90 * 86_400 - 1)}, None, (-90 * 86_400, "past")),
        ({"timestamp": at(1e6)}, at(0), (300, "future")),
    ],
)
def test_the_table_of_clocks(message, sent_at, expected):
    assert when(message, sent_at) == expected


def test_a_server_may_reach_back_to_1970():
    message = {"timestamp": "1970-01-01T00:00:00Z"}
    assert occurrence(message, None, SERVER) == (0, None)


def test_nothing_is_before_1970():
    found = occurrence({"timestamp": "1969-12-31T23:59:59Z"}, None, SERVER)
    assert (found.code, found.pointer) == ("bad_timestamp", "/timestamp")


@pytest.mark.parametrize(
    "bad",
    [1700000000, 1700000000.5, True, "", "yesterday", "2026-02-30", "2026-13-01T00:00:00Z",
     "10000-01-01T00:00:00Z", "2026-11-22T25:00:00Z", {}, []],
)  # fmt: skip
def test_what_is_no_instant_is_refused_with_its_place(bad):
    for key in ("timestamp", "originalTimestamp"):
        found = occurrence({key: bad}, None, SERVER)
        assert (found.code, found.pointer) == ("bad_timestamp", "/" + key)
    found = occurrence({"timestamp": at(0)}, bad, SERVER)
    assert (found.code, found.pointer) == ("bad_timestamp", "/sentAt")


def test_no_zone_is_utc():
    assert when({"timestamp": "2026-11-22T11:59:00"}) == (-60, None)


def test_the_batch_counts_where_the_item_has_no_time_of_sending():
    batch = msgspec.structs.replace(BROWSER, sent=at(-7200), sent_us=RECEIVED - 7200 * SECOND_US)
    assert when({"timestamp": at(-7300)}, None, batch) == (-100, "skew")
    assert when({"timestamp": at(-7300)}, at(0), batch) == (-7300, None)


def test_a_batch_that_was_sent_at_no_instant_spoils_only_who_relies_on_it():
    batch = msgspec.structs.replace(BROWSER, sent="soon", sent_us=None)
    assert occurrence({"timestamp": at(0)}, None, batch).pointer == "/sentAt"
    assert when({"timestamp": at(0)}, at(0), batch) == (0, None)


def test_what_the_client_said_is_kept_when_it_is_corrected():
    _, note = occurrence({"timestamp": at(-7300)}, at(-7200), BROWSER)
    assert note == {
        "client": at(-7300), "sent": at(-7200), "skew_us": 7200 * SECOND_US, "rule": "skew",
    }  # fmt: skip


@given(st.integers(-(10**16), 10**16), st.integers(-(10**16), 10**16))
def test_a_browser_is_always_between_ninety_days_ago_and_five_minutes_ahead(stamp, sent):
    base, at_sending = RECEIVED + stamp, RECEIVED + sent
    if not (0 <= base < 2 * 10**17 and 0 <= at_sending < 2 * 10**17):
        return
    found = occurrence({"timestamp": rfc3339(base)}, rfc3339(at_sending), BROWSER)
    assert not isinstance(found, Refused)
    assert RECEIVED - 90 * DAY_US <= found[0] <= RECEIVED + 5 * MINUTE_US


@given(
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)),
    st.sampled_from(["Z", "+00:00", "+01:00", ""]),
    st.sampled_from(["milliseconds", "microseconds", "seconds"]),
    st.sampled_from(["", "x", "-", "9"]),
    st.integers(0, 27),
)
def test_the_quick_reading_of_an_instant_is_the_exact_one(moment, zone, digits, noise, place):
    text = moment.isoformat(timespec=digits) + zone
    text = text[:place] + noise + text[place + len(noise) :]
    found = occurrence({"timestamp": text}, None, SERVER)
    exact = instant_us(text)
    if exact is None:
        assert isinstance(found, Refused)
    elif 0 <= exact <= RECEIVED:
        assert found == (exact, None)
