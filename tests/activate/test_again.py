"""When a delivery goes again: journeys A4, by its table and its formula."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.again import ATTEMPTS_MAX, WEBHOOK_US, next_us, wait_us
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, SECOND_US

KEYS = st.text(min_size=1, max_size=40)
ATTEMPTS = st.integers(1, ATTEMPTS_MAX - 1)
NOW = 1_790_000_000_000_000


@given(KEYS, ATTEMPTS)
def test_an_api_waits_at_most_twice_as_long_each_time_and_never_over_fifteen_minutes(key, attempt):
    waits_us = wait_us("api", key, attempt)
    assert 0 <= waits_us <= min(15 * MINUTE_US, SECOND_US * 2**attempt)


@given(KEYS, ATTEMPTS)
def test_a_webhook_waits_by_its_table_and_up_to_a_tenth_more(key, attempt):
    usual_us = WEBHOOK_US[attempt]
    assert usual_us <= wait_us("webhook", key, attempt) <= usual_us * 1.1


def test_the_table_is_that_of_standard_webhooks():
    told = [0, 5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24))]
    assert [us // SECOND_US for us in WEBHOOK_US] == told


@given(KEYS, ATTEMPTS)
def test_jitter_is_the_same_in_every_process(key, attempt):
    assert wait_us("api", key, attempt) == wait_us("api", key, attempt)


def test_jitter_spreads_over_the_whole_wait():
    shares = [wait_us("api", f"e{number}", 9) / (512 * SECOND_US) for number in range(500)]
    assert min(shares) < 0.02
    assert max(shares) > 0.98
    assert 0.45 < sum(shares) / len(shares) < 0.55


@pytest.mark.parametrize("schedule", ["api", "webhook"])
def test_the_tenth_attempt_is_the_last(schedule):
    assert next_us(schedule, "e", 9, first_us=NOW, now_us=NOW) is not None
    assert next_us(schedule, "e", 10, first_us=NOW, now_us=NOW) is None


def test_an_api_is_given_up_after_a_day_and_a_webhook_is_not():
    first_us = NOW - DAY_US
    assert next_us("api", "e", 3, first_us=first_us, now_us=NOW) is None
    assert next_us("webhook", "e", 3, first_us=first_us, now_us=NOW) is not None


@given(KEYS, ATTEMPTS, st.integers(0, 3 * DAY_US))
def test_what_the_other_side_asks_for_wins_when_it_is_longer(key, attempt, after_us):
    at_us = next_us("api", key, attempt, first_us=NOW, now_us=NOW, after_us=after_us)
    assert at_us == NOW + max(wait_us("api", key, attempt), min(after_us, DAY_US))


@given(KEYS)
def test_all_attempts_of_a_webhook_take_three_days_and_a_bit(key):
    now_us = NOW
    for attempt in range(1, ATTEMPTS_MAX):
        now_us = next_us("webhook", key, attempt, first_us=NOW, now_us=now_us)
    assert 75 * HOUR_US < now_us - NOW < 84 * HOUR_US
