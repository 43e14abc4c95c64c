"""So many a second: never more than the rate and the burst, whatever the clock does."""

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.bucket import Bucket
from journeyfold.core.instant import SECOND_US

NOW = 1_790_000_000_000_000
STEPS = st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(0, 9)), min_size=1, max_size=60)


def taken(bucket, now_us, wanted):
    number = bucket.room(now_us, wanted)
    bucket.take(now_us, number)
    return number


@given(STEPS, st.integers(1, 50), st.integers(1, 20))
def test_never_more_than_the_burst_and_what_has_flowed_in(steps, per_second, burst):
    bucket, now_us, total = Bucket(per_second, burst), NOW, 0
    for passed_us, wanted in steps:
        now_us += passed_us
        total += taken(bucket, now_us, wanted)
    assert total <= burst + per_second * (now_us - NOW) / SECOND_US + 1e-6


@given(st.integers(1, 200), st.integers(1, 20))
def test_whoever_takes_each_token_when_it_is_there_gets_the_rate(per_second, burst):
    bucket, now_us, total = Bucket(per_second, burst), NOW, 0
    while now_us < NOW + 10 * SECOND_US:
        total += taken(bucket, now_us, 1_000)
        now_us = bucket.next_us(now_us)
    assert abs(total - (burst + 10 * per_second)) <= 2


@given(st.integers(1, 50), st.integers(1, 20))
def test_the_next_token_is_there_when_it_says(per_second, burst):
    bucket = Bucket(per_second, burst)
    taken(bucket, NOW, 1_000)
    next_us = bucket.next_us(NOW)
    assert bucket.room(next_us, 1) == 1
    assert next_us > NOW


def test_without_a_rate_there_is_always_room():
    assert Bucket(None).room(NOW, 1_000_000) == 1_000_000


def test_a_clock_that_goes_back_fills_nothing_and_stops_nothing():
    bucket = Bucket(10, 5)
    taken(bucket, NOW, 5)
    assert taken(bucket, NOW - 3_600 * SECOND_US, 5) == 0
    assert taken(bucket, NOW - 3_599 * SECOND_US, 5) == 5


def test_the_burst_is_a_second_where_nobody_says():
    assert Bucket(20).room(NOW, 100) == 20
    assert Bucket(0.5).room(NOW, 100) == 1
