"""When the fifths of the population are cut anew (segments F5)."""

import pytest
from house import House, compile_texts

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.project.engine import Engine
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.schedule import Schedule

KEY = bytes(32)


class Clock:
    def __init__(self, house):
        self._house = house

    def now_us(self):
        return self._house.now_us


class Process:
    """A life of `work` over the stores of a house; another one knows only what was kept."""

    def __init__(self, house):
        clock = Clock(house)
        engine = Engine(house.log, KEY, compile_texts)
        self.loop = FoldLoop(house.log, house.state, engine, clock)
        self.schedule = Schedule(house.state, clock, house.log.marks)

    def cut(self):
        is_new = self.schedule.cut_now(self.loop)
        while self.loop.batch(500)[0]:
            pass
        return is_new


def order(house, number):
    properties = {"order_id": f"o{number}", "total": 20.0 + number, "currency": "EUR"}
    house.now_us += HOUR_US
    house.track("Order Completed", properties, user=f"u{number}")


@pytest.fixture
def house():
    """Sixty customers with an order each, an hour apart."""
    house = House()
    for number in range(60):
        order(house, number)
    return house


def test_a_population_is_cut_when_it_is_first_seen(house):
    process = Process(house)
    assert process.cut()
    assert set(process.loop.engine.definitions.standing.cuts) == {"rfm_r", "rfm_f", "rfm_m"}


def test_it_is_not_cut_again_at_once_nor_by_the_next_process(house):
    process = Process(house)
    process.cut()
    house.now_us += HOUR_US
    assert not process.cut()
    assert not Process(house).cut()


def test_after_the_refresh_it_is_cut_again(house):
    Process(house).cut()
    house.now_us += DAY_US
    assert Process(house).cut()


def test_a_population_that_grew_by_more_than_a_fifth_is_cut_again(house):
    Process(house).cut()
    for number in range(60, 72):
        order(house, number)
    assert not Process(house).cut()
    order(house, 72)
    assert Process(house).cut()


def test_fewer_than_fifty_are_not_cut():
    house = House()
    for number in range(49):
        order(house, number)
    assert not Process(house).cut()
