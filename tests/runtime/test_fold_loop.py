"""REL-12 and REL-18: a poison record does not block, a jumping clock stops nothing."""

from pathlib import Path

import msgspec
import pytest

from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.core.effect import Say
from journeyfold.core.errors import Busy
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.identity.resolve import Resolver
from journeyfold.log.conservation import Folded, gaps
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.erasure import request
from journeyfold.project.load import load, read_directory
from journeyfold.project.parking import Parked, parked_records
from journeyfold.project.people import encode_profile, profile_of
from journeyfold.project.standing import standing
from journeyfold.runtime.clock import SteadyClock
from journeyfold.runtime.fold_loop import FoldLoop

TEMPLATES = Path(__file__).resolve().parents[2] / "src/journeyfold/project/templates"
SHOP = load(read_directory(TEMPLATES / "shop"))
COMPILED = compile_project(SHOP)
KEY = bytes(32)
START = 1_790_000_000_000_000
CART = {"cart_id": "c1", "total": 89.0, "currency": "EUR", "items": 1}


def compile_texts(texts):
    assert texts == SHOP.files
    return COMPILED


class BrokenEngine(Engine):
    """An engine with a bug: it cannot take events of this name, and fails half-way through."""

    poison = "Poison"

    def fold(self, writer, records):
        effects = super().fold(writer, records)
        if any(record.event.name == self.poison for record in records):
            raise ZeroDivisionError("a bug of ours")
        return effects


class SetClock:
    """A wall clock that somebody sets, and the monotonic one beside it."""

    def __init__(self):
        self.wall_us, self.monotonic_us = START, 0

    def now_us(self):
        return self.wall_us

    def monotonic_ns(self):
        return self.monotonic_us * 1000

    def wait(self, us):
        self.wall_us += us
        self.monotonic_us += us


class House:
    def __init__(self, engine=Engine):
        self.log, self.state, self.wall = MemoryLog(), MemoryState(), SetClock()
        self.clock = SteadyClock(self.wall, 0, self.wall.monotonic_ns)
        told = {"hash": SHOP.hash, "files": dict(SHOP.files)}
        self.append(event("project.activated", "_system", told), "project")
        self.loop = FoldLoop(self.log, self.state, engine(self.log, KEY, compile_texts), self.clock)

    def append(self, event, kind="event"):
        nodes = tuple(node_of(each, KEY) for each in event.identifiers)
        entry = Entry(event=event, kind=kind, nodes=nodes)
        self.log.append([entry], now_us=self.wall.now_us())

    def track(self, id_, name, user, properties=None):
        self.append(event(name, "shop_server", properties or {}, id_, user))

    def fold(self):
        while self.loop.batch(100)[0]:
            pass

    def person(self, user):
        with self.state.read() as reader:
            resolver = Resolver(SHOP.identity, KEY, reader)
            person = resolver.person_of(resolver.node(Identifier("user_id", user)))
            return profile_of(reader, person) if person else None

    def parked(self):
        with self.state.read() as reader:
            return [msgspec.msgpack.decode(raw, type=Parked) for _, raw in reader.scan("parked")]

    def folded(self):
        """(what the equation `appended = applied + parked + lag` is about)."""
        with self.state.read() as reader:
            found = standing(reader)
            parked = parked_records(reader)
        last, _ = self.log.head()
        return Folded(last + 1, found.applied, parked, last - found.offset)


def node(user):
    return node_of(Identifier("user_id", user), KEY)


def event(name, source, properties, id_="p", user=None):
    return Event(
        id=id_, name=name, type="track", source=source,
        identifiers=(Identifier("user_id", user),) if user else (),
        occurred_us=START, received_us=START, properties=properties, context={"auth": "server"},
    )  # fmt: skip


@pytest.fixture
def poisoned():
    house = House(BrokenEngine)
    house.track("e1", "Product Viewed", "ann")
    house.track("e2", "Poison", "bob")
    house.track("e3", "Product Viewed", "ann")
    house.fold()
    return house


def test_a_poison_record_is_parked_with_its_reason(poisoned):
    (parked,) = poisoned.parked()
    assert (parked.name, parked.source, parked.offset) == ("Poison", "shop_server", 2)
    assert "ZeroDivisionError: a bug of ours" in parked.why


def test_the_records_around_a_poison_one_are_folded_once(poisoned):
    assert poisoned.person("ann").events == 2
    assert poisoned.loop.standing.offset == poisoned.log.head()[0]


def test_nothing_of_a_poison_record_is_left_in_the_state(poisoned):
    assert poisoned.person("bob") is None


def test_a_parked_record_is_counted_as_parked(poisoned):
    folded = poisoned.folded()
    assert (folded.parked, folded.lag) == (1, 0)
    assert gaps([], folded) == {}


def test_a_record_that_vanished_between_fold_and_log_shows_as_a_gap(poisoned):
    folded = msgspec.structs.replace(poisoned.folded(), parked=0)
    assert gaps([], folded) == {"appended": 1}


class FullDisk(MemoryState):
    """No room for a while."""

    is_full = False

    def write(self):
        if self.is_full:
            raise Busy("the disk is full")
        return super().write()


def test_a_full_disk_parks_nothing_and_the_batch_is_repeated():
    house = House()
    house.state = house.loop._state = FullDisk()
    house.loop.reopen()
    house.track("e1", "Product Viewed", "ann")
    house.state.is_full = True
    with pytest.raises(Busy):
        house.loop.batch(100)
    house.state.is_full = False
    house.fold()
    assert house.person("ann").events == 1
    assert house.parked() == []


def abandoned_cart(house):
    house.track("c1", "Cart Updated", "ann", CART)
    house.fold()
    return "cart-abandoned" in house.person("ann").memberships


def let_time_pass(house, us):
    house.wall.wait(us)
    house.loop.tick()
    house.fold()


def test_a_cart_is_abandoned_in_time():
    house = House()
    assert not abandoned_cart(house)
    let_time_pass(house, 4 * MINUTE_US)
    assert "cart-abandoned" not in house.person("ann").memberships
    let_time_pass(house, 2 * MINUTE_US)
    assert "cart-abandoned" in house.person("ann").memberships


def left_carts(house, users):
    for user in users:
        house.track(f"c-{user}", "Cart Updated", user, CART)
    house.fold()
    house.wall.wait(6 * MINUTE_US)


def test_a_tick_advances_no_more_people_than_it_says():
    house = House()
    left_carts(house, "abcde")
    sizes = []
    while due := house.loop.tick(most=2):
        house.fold()
        left = ["cart-abandoned" in house.person(user).memberships for user in "abcde"]
        sizes.append((due, sum(left)))
    assert sizes == [(2, 2), (2, 4), (1, 5)]


def test_a_tick_waits_until_the_one_before_is_folded():
    house = House()
    left_carts(house, "abcde")
    assert house.loop.tick(most=2) == 2
    assert house.loop.tick(most=2) == 0
    house.fold()
    assert house.loop.tick(most=2) == 2


def test_people_who_are_due_at_one_instant_are_advanced_in_parts():
    house = House()
    for at, user in enumerate("abcde"):
        house.track(f"c{at}", "Cart Updated", user, CART)  # one appended_us for all
    house.fold()
    house.wall.wait(HOUR_US)
    parts = 0
    while house.loop.tick(most=2):
        parts += 1
        house.fold()
    since = {house.person(user).memberships["cart-abandoned"].since_us for user in "abcde"}
    assert (parts, len(since)) == (3, 1)


def test_an_event_between_two_ticks_meets_a_person_whose_time_has_passed():
    """Whoever is still in line is advanced to their record's instant first (journeys E1)."""
    house = House()
    left_carts(house, "abc")
    house.loop.tick(most=1)
    house.track("v1", "Product Viewed", "a")
    house.track("v2", "Product Viewed", "b")
    house.track("v3", "Product Viewed", "c")
    house.fold()
    since = {house.person(user).memberships["cart-abandoned"].since_us for user in "abc"}
    assert since == {START + 5 * MINUTE_US}


def test_a_tick_of_before_they_were_bounded_advances_everybody():
    house = House()
    left_carts(house, "abcde")
    now_us = house.wall.now_us()
    house.append(event("timer.fired", "_system", {"until_us": now_us}, "old"), "timer")
    house.fold()
    assert all("cart-abandoned" in house.person(user).memberships for user in "abcde")


@pytest.mark.parametrize("back_us", [HOUR_US, 30 * DAY_US])
def test_timers_stay_due_after_the_clock_was_set_back(back_us):
    house = House()
    assert not abandoned_cart(house)
    house.clock.now_us()
    house.wall.wall_us -= back_us
    let_time_pass(house, 6 * MINUTE_US)
    assert "cart-abandoned" in house.person("ann").memberships


@pytest.mark.parametrize("jump_us", [-HOUR_US, HOUR_US, -30 * DAY_US, 30 * DAY_US])
def test_log_time_never_goes_back(jump_us):
    house = House()
    times = [house.log.head()[1]]
    for at in range(6):
        house.wall.wall_us += jump_us if at == 3 else SECOND_US
        house.track(f"e{at}", "Product Viewed", "ann")
        house.loop.tick()
        times.append(house.log.head()[1])
    assert times == sorted(times)


def test_time_goes_on_from_the_logs_head_after_a_restart_with_a_clock_behind_it():
    wall = SetClock()
    clock = SteadyClock(wall, START + DAY_US, wall.monotonic_ns)
    assert clock.now_us() == START + DAY_US
    wall.wait(MINUTE_US)
    assert clock.now_us() == START + DAY_US + MINUTE_US


def test_the_wall_clock_is_followed_when_it_jumps_forward():
    wall = SetClock()
    clock = SteadyClock(wall, 0, wall.monotonic_ns)
    wall.wall_us += 30 * DAY_US
    assert clock.now_us() == START + 30 * DAY_US


@pytest.fixture
def unreadable():
    """Two carts left alone, and one of their owners has aggregates nothing can read."""
    house = House()
    for user in ("ann", "bob"):
        house.track(f"c-{user}", "Cart Updated", user, CART)
    house.fold()
    ann = house.person("ann")
    ann.aggregates = dict.fromkeys(ann.aggregates, msgspec.Raw(msgspec.msgpack.encode("rubbish")))
    with house.state.write() as writer:
        writer.put("profile", ann.person.encode(), encode_profile(ann))
    house.loop.reopen()
    let_time_pass(house, 6 * MINUTE_US)
    return house


def test_time_passes_for_everybody_but_the_person_it_cannot_pass_for(unreadable):
    assert "cart-abandoned" in unreadable.person("bob").memberships
    assert "cart-abandoned" not in unreadable.person("ann").memberships


def test_a_person_time_cannot_pass_for_is_parked_with_the_reason(unreadable):
    (parked,) = unreadable.parked()
    assert (parked.name, parked.person) == ("timer.fired", unreadable.person("ann").person)
    assert "ValidationError" in parked.why


def test_a_person_time_cannot_pass_for_is_not_tried_again_at_every_tick(unreadable):
    unreadable.wall.wait(SECOND_US)
    assert not unreadable.loop.tick()


def test_the_record_that_one_person_could_not_take_counts_as_applied(unreadable):
    assert gaps([], unreadable.folded()) == {}


def test_a_change_of_definitions_reaches_everybody_but_the_person_it_cannot(unreadable):
    cuts = {"cuts": {}}
    unreadable.append(event("cutpoints.updated", "_system", cuts, "cuts"), "cutpoints")
    unreadable.fold()
    assert [each.name for each in unreadable.parked()] == ["timer.fired", "cutpoints.updated"]
    assert "cart-abandoned" in unreadable.person("bob").memberships


def test_a_result_said_before_an_erasure_was_folded_brings_nobody_back():
    house = House()
    house.track("e1", "Product Viewed", "ann")
    house.fold()
    (gone,) = [house.person("ann").person]
    house.wall.wait(SECOND_US)
    house.append(request([node("ann").hex()], house.wall.now_us()), "erasure")
    house.wall.wait(SECOND_US)  # a message is answered while the fold is behind
    say = Say("k1", "webhook.sent", "track", gone, house.wall.now_us(), {"message": "m1"})
    house.log.append(house.loop.entries_of([say]), now_us=house.wall.now_us())
    house.fold()
    assert house.person("ann") is None


def test_a_result_of_somebody_who_came_back_is_theirs():
    house = House()
    house.track("e1", "Product Viewed", "ann")
    house.fold()
    house.wall.wait(SECOND_US)
    house.append(request([node("ann").hex()], house.wall.now_us()), "erasure")
    house.wall.wait(SECOND_US)
    again = msgspec.structs.replace(
        event("Product Viewed", "shop_server", {}, "e2", "ann"), occurred_us=house.wall.now_us()
    )
    house.append(again)
    house.fold()
    back = house.person("ann").person
    say = Say("k1", "webhook.sent", "track", back, house.wall.now_us(), {"message": "m1"})
    house.log.append(house.loop.entries_of([say]), now_us=house.wall.now_us())
    house.fold()
    assert house.person("ann").seen == house.log.head()[0]
