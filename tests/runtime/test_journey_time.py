"""Journeys under clocks that jump and commits that fail (journeys E82, JT24, JT25)."""

from contextlib import contextmanager

import pytest
from house import KEY, SHOP, START

from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.core.errors import Busy
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.runtime.clock import SteadyClock
from journeyfold.runtime.fold_loop import FoldLoop

WAITING = load({
    **{path: text for path, text in SHOP.files.items() if path.partition("/")[0] not in {"journeys", "tests"}},
    "journeys/remind.yaml": "title: Remind\n"
    "entry: [{event: Cart Updated, key: properties.cart_id}]\n"
    "steps:\n  - {id: pause, wait: {for: 1h}}\n  - {id: mark, update: {traits: {reminded: yes}}}\n"
    "  - {id: rest, wait: {for: 1h}}\n  - {id: done, exit: completed}\n",
})  # fmt: skip
COMPILED = compile_project(WAITING)


class Wall:
    """A wall clock that somebody sets, and the monotonic one beside it."""

    def __init__(self):
        self.wall_us, self.monotonic_us = START, 0

    def now_us(self):
        return self.wall_us

    def monotonic_ns(self):
        return self.monotonic_us * 1000


class Failing(MemoryState):
    """A disk that is full at the end of a commit, once: nothing of it is kept."""

    fails = False

    @contextmanager
    def write(self):
        with super().write() as writer:
            yield writer
            if self.fails:
                self.fails = False
                raise Busy("the disk is full")


class House:
    def __init__(self):
        self.log, self.state, self.wall = MemoryLog(), Failing(), Wall()
        self.clock = SteadyClock(self.wall, 0, self.wall.monotonic_ns)
        self.append(
            said("project.activated", {"hash": WAITING.hash, "files": dict(WAITING.files)}),
            "project",
        )
        self.restart()

    def restart(self):
        """Another process over the same stores."""
        engine = Engine(self.log, KEY, lambda _texts: COMPILED)
        self.clock = SteadyClock(self.wall, self.log.head()[1], self.wall.monotonic_ns)
        self.loop = FoldLoop(self.log, self.state, engine, self.clock)

    def append(self, event, kind="event"):
        nodes = tuple(node_of(each, KEY) for each in event.identifiers)
        self.log.append([Entry(event=event, kind=kind, nodes=nodes)], now_us=self.clock.now_us())

    def cart(self, user="ann"):
        self.append(said("Cart Updated", {"cart_id": f"c-{user}", "total": 9.0}, user))
        self.work()

    def work(self):
        """Until there is nothing to do; a full disk is tried again."""
        while True:
            try:
                ticked, folded = self.loop.tick(), self.loop.batch(100)[0]
            except Busy:
                self.loop.reopen()
                continue
            if not (ticked or folded):
                return

    def pass_time(self, us, step_us=MINUTE_US):
        for _ in range(us // step_us):
            self.wall.wall_us += step_us
            self.wall.monotonic_us += step_us
            self.work()

    def named(self, *names):
        return [each for each in self.log.read(-1, 10_000) if each.event.name in names]

    def life(self):
        """What the log has of the journey: (name, instant after the entry)."""
        records = self.named("journey.entered", "Identify", "journey.exited")
        first_us = records[0].event.occurred_us
        found = [(each.event.name, each.event.occurred_us - first_us) for each in records]
        return sorted(found, key=lambda one: one[1])  # facts stand before what was said of people


def said(name, properties, user=None):
    return Event(
        id=f"{name}/{user}", name=name, type="track", source="shop_server" if user else "_system",
        identifiers=(Identifier("user_id", user),) if user else (), occurred_us=START,
        received_us=START, properties=properties, context={"auth": "server"},
    )  # fmt: skip


LIFE = [("journey.entered", 0), ("Identify", HOUR_US), ("journey.exited", 2 * HOUR_US)]


def test_a_journey_takes_its_steps_in_log_time():
    house = House()
    house.cart()
    house.pass_time(3 * HOUR_US)
    assert house.life() == LIFE


@pytest.mark.parametrize("back_us", [MINUTE_US, HOUR_US, 30 * DAY_US])
def test_a_clock_set_back_makes_no_wait_longer_and_fires_nothing_twice(back_us):
    """E82: log time does not step back."""
    house = House()
    house.cart()
    house.pass_time(30 * MINUTE_US)
    house.wall.wall_us -= back_us
    house.pass_time(3 * HOUR_US)
    assert house.life() == LIFE


@pytest.mark.parametrize("back_us", [MINUTE_US, 30 * DAY_US])
def test_a_clock_set_back_while_nothing_runs_fires_nothing_twice(back_us):
    house = House()
    house.cart()
    house.pass_time(90 * MINUTE_US)
    house.wall.wall_us -= back_us
    house.restart()
    house.pass_time(3 * HOUR_US)
    assert house.life() == LIFE


def test_a_clock_set_forward_and_right_again_settles_everything_at_its_own_instant():
    house = House()
    house.cart()
    house.wall.wall_us += 30 * DAY_US
    house.work()
    house.wall.wall_us -= 30 * DAY_US
    house.pass_time(HOUR_US)
    assert house.life() == LIFE


@pytest.mark.parametrize("fails_at", range(8))
def test_a_commit_that_fails_after_its_outputs_are_logged_repeats_none_of_them(fails_at):
    """JT24: the outputs stand in the log, the state does not know; the batch is folded again."""
    house = House()
    house.cart()
    for turn in range(12):
        house.state.fails = turn == fails_at
        house.pass_time(15 * MINUTE_US, 15 * MINUTE_US)
    assert house.life() == LIFE
    keys = [
        (each.event.source, each.event.id) for each in house.named("journey.entered", "Identify")
    ]
    assert len(keys) == len(set(keys))


def test_a_process_that_ends_between_append_and_commit_says_nothing_twice():
    """JT24, with another process that comes after it."""
    house = House()
    house.cart()
    house.wall.wall_us += HOUR_US
    house.wall.monotonic_us += HOUR_US
    house.loop.tick()
    house.state.fails = True
    with pytest.raises(Busy):
        house.loop.batch(100)
    house.restart()
    house.pass_time(2 * HOUR_US)
    assert house.life() == LIFE


def test_people_late_by_any_amount_take_the_same_path():
    """E1: a worker that was down a day changes when things are said, not what."""
    house = House()
    house.cart()
    house.pass_time(DAY_US, DAY_US)
    assert house.life() == LIFE


def test_events_at_one_instant_are_many_entries_and_each_once():
    house = House()
    for number in range(20):
        house.append(said("Cart Updated", {"cart_id": f"c{number}", "total": 9.0}, f"u{number}"))
    house.work()
    house.pass_time(3 * HOUR_US + SECOND_US, HOUR_US)
    assert len(house.named("journey.entered")) == len(house.named("journey.exited")) == 20
    assert {each.event.occurred_us - START for each in house.named("journey.exited")} == {
        2 * HOUR_US
    }
