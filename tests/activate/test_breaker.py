"""A destination that does not answer is left alone: journeys A5 on a clock of the test's own."""

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.breaker import Breaker
from journeyfold.core.instant import MINUTE_US, SECOND_US

NOW = 1_790_000_000_000_000


def called(breaker, now_us, **how):
    if breaker.begin(now_us):
        breaker.end(now_us, **{"failed": False, **how})
        return True
    return False


def opened(now_us=NOW):
    breaker = Breaker()
    for _ in range(5):
        called(breaker, now_us, failed=True, unreached=True)
    return breaker


def test_five_that_reach_nobody_in_a_row_open_it():
    assert opened().state(NOW) == "open"


def test_one_that_gets_through_begins_the_row_anew():
    breaker = Breaker()
    for failed in (True, True, True, True, False, True, True, True, True):
        called(breaker, NOW, failed=failed, unreached=failed)
    assert breaker.state(NOW) == "closed"


def test_half_of_twenty_failed_calls_open_it():
    breaker = Breaker()
    for number in range(19):
        called(breaker, NOW + number, failed=number % 2 == 0)
    assert breaker.state(NOW) == "closed"
    called(breaker, NOW + 19, failed=True)
    assert breaker.state(NOW + 19) == "open"


def test_fewer_than_half_do_not():
    breaker = Breaker()
    for number in range(60):
        called(breaker, NOW + number, failed=number % 3 == 0)
    assert breaker.state(NOW) == "closed"


def test_calls_older_than_thirty_seconds_do_not_count():
    breaker = Breaker()
    for _ in range(12):
        called(breaker, NOW, failed=True)
    later_us = NOW + 30 * SECOND_US
    for number in range(10):
        called(breaker, later_us, failed=number % 2 == 0)
    assert breaker.state(later_us) == "closed"


def test_an_open_one_lets_nothing_through_for_thirty_seconds():
    breaker = opened()
    assert breaker.room(NOW, 10) == 0
    assert not breaker.begin(NOW + 30 * SECOND_US - 1)


def test_after_that_one_probe_goes_and_no_second():
    breaker, later_us = opened(), NOW + 30 * SECOND_US
    assert breaker.room(later_us, 10) == 1
    assert breaker.begin(later_us)
    assert breaker.room(later_us, 10) == 0
    assert not breaker.begin(later_us)


def test_a_probe_that_gets_through_closes_it():
    breaker, later_us = opened(), NOW + 30 * SECOND_US
    called(breaker, later_us)
    assert breaker.state(later_us) == "closed"
    assert breaker.room(later_us, 10) == 10


def test_each_probe_that_fails_doubles_the_wait_up_to_ten_minutes():
    breaker, now_us, waits = opened(), NOW, []
    for _ in range(7):
        waits.append((breaker.until_us - now_us) // SECOND_US)
        now_us = breaker.until_us
        called(breaker, now_us, failed=True)
    assert waits == [30, 60, 120, 240, 480, 600, 600]
    assert breaker.until_us - now_us == 10 * MINUTE_US


def test_a_probe_that_was_not_made_may_be_made_again():
    breaker, later_us = opened(), NOW + 30 * SECOND_US
    breaker.begin(later_us)
    breaker.forgo()
    assert breaker.begin(later_us)


def test_an_answer_that_comes_late_says_nothing_about_an_open_one():
    breaker = opened()
    breaker.end(NOW + SECOND_US, failed=False)
    assert breaker.state(NOW + SECOND_US) == "open"


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.booleans()), max_size=80))
def test_an_open_breaker_admits_at_most_one_call_a_wait(calls):
    """Whatever happens: between opening and the next success at most one call a period begins."""
    breaker, now_us, begun = Breaker(), NOW, []
    for seconds, failed, unreached in calls:
        now_us += seconds * SECOND_US
        was_open_until = breaker.until_us
        if (
            called(breaker, now_us, failed=failed, unreached=failed and unreached)
            and was_open_until
        ):
            begun.append((was_open_until, now_us))
    assert all(began_us >= until_us for until_us, began_us in begun)
    assert len({until_us for until_us, _ in begun}) == len(begun)
