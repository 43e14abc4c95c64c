"""When the fifths of the population are cut anew (segments F5)."""

import pytest
from house import House, compile_texts

from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.runtime.cutting import Cutting
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
        self.cutting = Cutting(house.state, clock, house.log.marks)

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


def cuts_of(process):
    while process.loop.batch(500)[0]:
        pass
    return process.loop.engine.definitions.standing.cuts


def late_order(house):
    """Of a customer the first slice has been past; in the log, not yet folded."""
    who = Identifier("user_id", "u7")
    event = Event(
        id="late", name="Order Completed", type="track", source="shop_server",
        identifiers=(who,), occurred_us=house.now_us, received_us=house.now_us,
        properties={"order_id": "late", "total": 9_999.0, "currency": "EUR"},
        context={"auth": "server"},
    )  # fmt: skip
    house.log.append([Entry(event=event, nodes=(node_of(who, KEY),))], now_us=house.now_us)


def test_slices_find_the_cuts_of_one_look(house):
    process = Process(house)
    process.cutting.begin(process.loop)
    slices = 0
    while process.cutting.is_under_way:
        is_new = process.cutting.go_on(process.loop, 7)
        slices += 1
    assert (slices, is_new) == (9, True)  # of 60 people
    other = House()
    for number in range(60):
        order(other, number)
    whole = Process(other)
    whole.cut()
    assert cuts_of(process) == cuts_of(whole) != {}


def test_the_fold_goes_on_between_two_slices(house):
    process = Process(house)
    process.cutting.begin(process.loop)
    process.cutting.go_on(process.loop, 7)
    late_order(house)
    assert process.loop.batch(500)[0] == 1
    assert process.cutting.is_under_way
    assert house.person("user_id", "u7").events == 2


def test_a_run_is_one_slice(house):
    process = Process(house)
    before = house.log.head()
    process.schedule.run(process.loop)
    assert house.log.head() == before  # it has only looked what is due
    process.schedule.run(process.loop)
    assert set(cuts_of(process)) == {"rfm_r", "rfm_f", "rfm_m"}


def test_a_look_begun_with_another_version_is_given_up(house):
    process = Process(house)
    process.cutting.begin(process.loop)
    process.cutting.go_on(process.loop, 7)
    definitions = process.loop.engine.definitions
    definitions.in_force = compile_project(definitions.in_force.project)
    assert not process.cutting.go_on(process.loop)
    assert not process.cutting.is_under_way
