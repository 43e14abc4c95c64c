"""Sessions are intervals; delivery order does not matter."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.event import Event
from journeyfold.core.instant import MINUTE_US
from journeyfold.core.profile import Profile, Session
from journeyfold.profile.session import (
    SESSION_GAP_US,
    SESSIONS_MAX,
    fold_session,
    merge_sessions,
)


def folded(*minutes):
    profile = Profile("p")
    for minute in minutes:
        at_us = minute * MINUTE_US
        fold_session(profile, Event("e", "Seen", "track", "s", (), at_us, at_us))
    return profile.sessions


def session(first, last, events):
    return Session(first * MINUTE_US, last * MINUTE_US, events)


def test_events_within_half_an_hour_are_one_session():
    assert folded(0, 30, 60) == [session(0, 60, 3)]


def test_a_new_session_begins_after_30_quiet_minutes():
    assert folded(0, 31) == [session(0, 0, 1), session(31, 31, 1)]


def test_a_late_event_joins_the_sessions_at_both_sides():
    assert folded(0, 50, 25) == [session(0, 50, 3)]


def test_a_late_event_does_not_reopen_a_session():
    assert folded(0, 200, 100) == [session(0, 0, 1), session(100, 100, 1), session(200, 200, 1)]


def test_an_event_inside_a_session_is_counted():
    assert folded(0, 20, 10) == [session(0, 20, 3)]


def test_the_latest_thousand_are_kept():
    kept = folded(*range(0, (SESSIONS_MAX + 5) * 100, 100))
    assert (len(kept), kept[0].first_us) == (SESSIONS_MAX, 500 * MINUTE_US)


minutes = st.lists(st.integers(0, 300), max_size=20)


@given(minutes, st.randoms(use_true_random=False), st.integers(0, 20))
def test_merging_parts_equals_folding_all_in_any_order(instants, random, cut):
    whole = folded(*instants)
    random.shuffle(instants)
    assert merge_sessions(folded(*instants[:cut]), folded(*instants[cut:])) == whole


@given(minutes)
def test_sessions_are_sorted_and_a_gap_apart(instants):
    found = folded(*instants)
    for before, after in pairwise(found):
        assert after.first_us - before.last_us > SESSION_GAP_US
    assert sum(one.events for one in found) == len(instants)
