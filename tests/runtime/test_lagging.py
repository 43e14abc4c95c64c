"""The door waits for a fold that is too far behind, where the project says so (collect C36)."""

import pytest
from house import House

from journeyfold.core.errors import Busy
from journeyfold.runtime.lagging import RETRY_S, LagLimit, oldest_us

MINUTE_US = 60_000_000


@pytest.fixture
def behind():
    """A house whose last record is not folded."""
    house = House()
    house.fold = lambda: None
    house.track("Page", {}, user="ann")
    return house


def looked(house, limit_us, later_us):
    limit = LagLimit(limit_us)
    limit.look(house.log, house.state, house.now_us + later_us)
    return limit


def test_a_fold_behind_its_limit_keeps_more_out(behind):
    with pytest.raises(Busy, match="the fold is 11m behind, more than max_lag") as raised:
        looked(behind, 10 * MINUTE_US, 11 * MINUTE_US).require()
    assert raised.value.retry_after_s == RETRY_S


def test_a_fold_within_its_limit_lets_in(behind):
    looked(behind, 10 * MINUTE_US, 10 * MINUTE_US).require()


def test_without_a_limit_the_door_never_waits(behind):
    looked(behind, 0, 1_000 * MINUTE_US).require()


def test_a_fold_that_has_caught_up_lets_in():
    house = House()
    house.track("Page", {}, user="ann")
    looked(house, MINUTE_US, 1_000 * MINUTE_US).require()


def test_a_state_that_is_being_built_is_no_lag(behind):
    limit = LagLimit(MINUTE_US)
    limit.look(behind.log, None, behind.now_us + 1_000 * MINUTE_US)
    limit.require()


def test_the_wait_is_that_of_the_oldest_record(behind):
    behind.now_us += MINUTE_US
    behind.track("Page", {}, user="bob")
    head = behind.log.head()[0]
    assert oldest_us(behind.log, head - 2, behind.now_us) == MINUTE_US
    assert oldest_us(behind.log, head, behind.now_us) == 0
