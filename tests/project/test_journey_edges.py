"""Numbered edge cases of journeys that need the log and the engine (journeys section 9)."""

import pytest
from house import KEY, House, compile_texts, everything

from journeyfold.adapters.memory import MemoryState
from journeyfold.core.effect import Deliver
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.runtime.fold_loop import FoldLoop

CART = {"cart_id": "c1", "total": 89.0, "items": 1}
JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
exit: [{event: Order Completed, reason: bought}]
policy: {purpose: necessary, class: transactional}
steps:
  - {id: pause, wait: {for: 5m}}
  - {id: mail, send: {channel: email, template: hello}}
  - id: heard
    wait_for: {any: [{event: Checkout Started}], timeout: 1d, reset_on: Product Viewed}
  - {id: last, wait: {for: 30d}}
"""


def project(journey=JOURNEY):
    own = ("journeys/", "templates/", "tests/")
    files = {p: text for p, text in template_files("shop").items() if not p.startswith(own)}
    letter = {
        "templates/hello/template.yaml": "subject: Hello\nfrom: Shop <hello@shop.example>",
        "templates/hello/body.html": "<p>Hello</p>",
    }
    return load(files | letter | {"journeys/cart.yaml": journey})


@pytest.fixture
def house():
    house = House(project())
    house.track("Identify", type_="identify", user="ann", traits={"email": "ann@example.com"})
    return house


def runs(house, kind, value):
    return house.person(kind, value).journeys


def messages(effects):
    found = [each for each in effects if isinstance(each, Deliver)]
    return [each for each in found if each.payload.get("kind") == "message"]


def test_jt02_an_event_that_comes_again_in_a_later_batch_changes_nothing(house):
    house.track("Cart Updated", CART, user="ann")
    house.wait(6 * MINUTE_US)
    before = everything(house.state)
    house.number -= 1  # the same id, from a sender that was not sure
    house.track("Cart Updated", CART, user="ann")
    assert everything(house.state) == before
    assert len(messages(house.effects)) == 1


def test_jt13_after_an_un_merge_each_run_is_of_who_owns_its_entry(house):
    house.track("Cart Updated", {**CART, "cart_id": "phone"}, anonymous="a1")
    house.track("Cart Updated", {**CART, "cart_id": "desk"}, user="ann")
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    assert len(runs(house, "user_id", "ann")) == 2
    house.now_us += MINUTE_US
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:a1")
    (hers,), (phones,) = runs(house, "user_id", "ann"), runs(house, "anonymous_id", "a1")
    assert (hers.key, phones.key) == ("desk", "phone")
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_jt13_what_was_sent_before_the_un_merge_has_the_id_it_would_have_after(house):
    house.track("Cart Updated", {**CART, "cart_id": "phone"}, anonymous="a1")
    house.track("Identify", type_="identify", user="ann", anonymous="a1")
    house.wait(6 * MINUTE_US)
    (sent,) = messages(house.effects)
    house.verdict(verdict="cannot_link", a="user_id:ann", b="anonymous_id:a1")
    (run,) = runs(house, "anonymous_id", "a1")
    assert (run.id, run.step) == (sent.payload["instance"], "heard")
    house.wait(2 * DAY_US)
    assert [each.key for each in messages(house.effects)] == [sent.key]


class Clock:
    def __init__(self, house):
        self._house = house

    def now_us(self):
        return self._house.now_us


class Crash(Exception):
    """The power went."""


class Cut(MemoryState):
    """A state whose next commit never comes."""

    def __init__(self):
        super().__init__()
        self.is_cut = False

    def write(self):
        return _Failing(super().write(), self)


class _Failing:
    def __init__(self, inner, state):
        self._inner, self._state = inner, state

    def __enter__(self):
        return self._inner.__enter__()

    def __exit__(self, kind, error, trace):
        if self._state.is_cut and kind is None:
            crash = Crash()
            self._inner.__exit__(Crash, crash, None)
            raise crash
        return self._inner.__exit__(kind, error, trace)


def test_jt24_a_crash_between_the_outputs_and_the_commit_repeats_the_batch_to_the_same(house):
    """What the fold emitted is in the log, the state is not: the batch comes again."""
    house.track("Cart Updated", CART, user="ann")
    house.wait(6 * MINUTE_US)
    state = Cut()
    state.is_cut = True
    with pytest.raises(Crash):
        fold_all(house, state)
    outputs = [each for each in house.log.read(-1, 1_000) if each.kind == "output"]
    assert outputs
    state.is_cut = False
    fold_all(house, state)
    again = [each for each in house.log.read(-1, 1_000) if each.kind == "output"]
    assert [each.event.id for each in again] == [each.event.id for each in outputs]
    assert dict(everything(state))["profile"] == dict(everything(house.state))["profile"]


def fold_all(house, state):
    loop = FoldLoop(house.log, state, Engine(house.log, KEY, compile_texts), Clock(house))
    records = house.log.read(loop.standing.offset, 100)
    loop._commit(records)


@pytest.mark.parametrize("back_us", [MINUTE_US, DAY_US])
def test_jt25_a_clock_that_steps_back_makes_no_wait_negative_and_fires_none_twice(house, back_us):
    house.track("Cart Updated", CART, user="ann")
    began_us = runs(house, "user_id", "ann")[0].at_us
    house.now_us -= back_us
    house.track("Page", user="ann")
    (run,) = runs(house, "user_id", "ann")
    assert (run.at_us, run.due_us) == (began_us, began_us + 5 * MINUTE_US)
    house.now_us += back_us
    for _ in range(2):
        house.wait(6 * MINUTE_US)
    assert len(messages(house.effects)) == 1


def test_jt35_ten_thousand_events_of_one_person_in_a_second_leave_one_run_and_one_due(house):
    house.track("Cart Updated", CART, user="ann")
    house.wait(6 * MINUTE_US)
    began_us = house.now_us
    ann = Identifier("user_id", "ann")
    entries = [
        Entry(
            Event(
                id=f"burst{n}", name="Product Viewed" if n % 2 else "Cart Updated", type="track",
                source="shop_server", identifiers=(ann,), occurred_us=began_us + n * 100,
                received_us=began_us + n * 100, properties=CART, context={"auth": "server"},
            ),
            nodes=(node_of(ann, KEY),),
        )
        for n in range(10_000)
    ]  # fmt: skip
    house.now_us += 1_000_000
    house.log.append(entries, now_us=house.now_us)
    house.fold()
    (run,) = runs(house, "user_id", "ann")
    assert (run.step, run.due_us) == ("heard", house.now_us + DAY_US)
    assert len(house.emitted("journey.entered")) == 1
    person = house.person("user_id", "ann")
    with house.state.read() as reader:
        wakes = [key for key, _ in reader.scan("wake") if key[8:].decode() == person.person]
    assert len(wakes) == 1
    house.wait(DAY_US + HOUR_US)
    assert runs(house, "user_id", "ann")[0].step == "last"
