"""A commit that goes on beside the next batch: the same bytes, and nothing twice (ADR 41)."""

import shutil
import threading

import pytest
from house import KEY, SHOP, START

from journeyfold.adapters import lmdb_state
from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.adapters.memory import MemoryLog
from journeyfold.core.errors import Busy
from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import HOUR_US, MINUTE_US
from journeyfold.core.ports import SPACES, Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.notify import Listener, Notifier
from journeyfold.runtime.outbox import rows
from journeyfold.runtime.schedule import Schedule
from journeyfold.runtime.worker import Worker

COMPILED = compile_project(SHOP)
PEOPLE = 40
POISON = "Poison"


class Poisoned(Engine):
    """A bug of ours, met half-way through a batch."""

    def fold(self, writer, records):
        effects = super().fold(writer, records)
        if any(record.event.name == POISON for record in records):
            raise ZeroDivisionError
        return effects


class Shop:
    """Carts left by many people, an hour ago: `tick` finds them, and journeys write to them."""

    def __init__(self, directory):
        self.directory, self.at_us = directory, START
        self.log, self.state = MemoryLog(), LmdbState(directory)
        told = {"hash": SHOP.hash, "files": dict(SHOP.files)}
        self._append(_event("project.activated", "_system", told, "p"), "project")
        self.open()
        for number in range(PEOPLE):
            self.track("Cart Updated", f"u{number}")
        self.drain()
        self.at_us += HOUR_US

    def now_us(self):
        return self.at_us

    def open(self):
        engine = Poisoned(self.log, KEY, lambda _texts: COMPILED)
        self.loop = FoldLoop(self.log, self.state, engine, self)

    def track(self, name, user):
        cart = {"cart_id": user, "total": 89.0, "currency": "EUR", "items": 1}
        id_ = f"{name}/{user}"
        self._append(_event(name, "shop_server", cart, id_, (Identifier("user_id", user),)))

    def drain(self):
        while self.loop.batch(500)[0]:
            pass

    def run(self, *, beside):
        """As `work` does in a backlog: a tick, a batch, a tick, ...; what there was to deliver."""
        delivers = []
        while True:
            ticked = self.loop.tick(7)
            folded, given = self.loop.batch(11, beside=beside)
            delivers += given
            if not ticked and not folded:
                return delivers

    def held(self):
        with self.state.read() as reader:
            return {space: list(reader.scan(space)) for space in SPACES}

    def outbox(self):
        with self.state.read() as reader:
            return [row.key for row in rows(reader)]

    def said(self):
        return [record.event.id for record in self.log.read(-1, 100_000)]

    def _append(self, event, kind="event"):
        nodes = tuple(node_of(each, KEY) for each in event.identifiers)
        self.log.append([Entry(event=event, kind=kind, nodes=nodes)], now_us=self.at_us)


def _event(name, source, properties, id_, identifiers=()):
    return Event(
        id=id_, name=name, type="track", source=source, identifiers=identifiers,
        occurred_us=START, received_us=START, properties=properties, context={"auth": "server"},
    )  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path / "state.lmdb")
    yield shop
    shop.state.close()


@pytest.fixture
def usual(tmp_path):
    """The same, each commit awaited."""
    usual = Shop(tmp_path / "usual.lmdb")
    usual.delivers = usual.run(beside=False)
    yield usual
    usual.state.close()


def test_the_state_is_the_same_to_the_byte(shop, usual):
    shop.run(beside=True)
    assert len(shop.said()) > 2 * PEOPLE
    assert shop.held() == usual.held()


def test_everything_to_deliver_is_told_and_once(shop, usual):
    delivers = [each.key for each in shop.run(beside=True)]
    assert delivers == [each.key for each in usual.delivers]
    assert sorted(set(delivers)) == sorted(delivers)


def test_what_is_told_to_be_delivered_is_committed(shop):
    while True:
        ticked = shop.loop.tick(7)
        folded, delivers = shop.loop.batch(11, beside=True)
        assert {each.key for each in delivers} <= set(shop.outbox())
        if not ticked and not folded:
            break


@pytest.mark.parametrize("batches", [1, 2, 5, 9])
def test_a_crash_before_a_commit_repeats_its_batches_and_says_nothing_twice(
    shop, usual, batches, tmp_path
):
    """The log has what the last batches said; the state is as it was two commits ago."""
    for number in range(batches):
        shop.loop.tick(7)
        if number == max(batches - 2, 0):
            shop.loop.settle()
            shutil.copytree(shop.directory, tmp_path / "before")
        shop.loop.batch(11, beside=True)
    shop.state.close()
    shop.state = LmdbState(tmp_path / "before")
    shop.open()
    shop.run(beside=True)
    assert len(shop.said()) == len(set(shop.said()))
    assert shop.held()["profile"] == usual.held()["profile"]
    assert shop.held()["outbox"] == usual.held()["outbox"]


def test_a_commit_that_fails_beside_the_next_batch_is_made_again(shop, usual, monkeypatch):
    calls, put = [], lmdb_state.LmdbWriter.put

    def full(writer, space, key, value):
        calls.append(key)
        if len(calls) == 25:
            raise Busy("the disk is full")
        put(writer, space, key, value)

    monkeypatch.setattr(lmdb_state.LmdbWriter, "put", full)
    for _ in range(3):
        try:
            shop.run(beside=True)
            break
        except Busy:
            shop.loop.reopen()
    assert len(calls) > 25
    assert shop.held() == usual.held()


class Dispatcher:
    """Who is asked to look for what waits."""

    looked = 0

    def fresh(self, delivers):
        """Nothing goes out."""

    def look_again(self):
        self.looked += 1


def test_after_a_store_was_full_the_outbox_is_looked_through(shop, tmp_path, monkeypatch):
    """The batch before may be committed by then, and its deliveries were told to nobody."""
    append, full = shop.log.append, [Busy("the disk is full")]
    before = shop.loop.standing.offset

    def once_full(items, **options):
        if full:
            raise full.pop()
        return append(items, **options)

    monkeypatch.setattr(shop.log, "append", once_full)
    (tmp_path / "run").mkdir()
    dispatcher = Dispatcher()
    listener, pages = Listener(tmp_path / "run", "work"), Notifier(tmp_path / "run", "serve-")
    worker = Worker(
        shop.loop, shop.state, Schedule(shop.state, shop, shop.log.marks), listener, pages,
        dispatcher, lambda: None, is_over=lambda: shop.loop.standing.offset > before,
    )  # fmt: skip
    worker.run(threading.Event())
    listener.close()
    pages.close()
    assert not full
    assert dispatcher.looked == 1


def test_a_map_that_is_full_beside_the_next_batch_grows(tmp_path, usual):
    small = Shop(tmp_path / "small.lmdb")
    small.state.close()
    used = (tmp_path / "small.lmdb/data.mdb").stat().st_size
    small.state = LmdbState(tmp_path / "small.lmdb", map_bytes=used + 3 * 4096)
    small.open()
    small.run(beside=True)
    assert small.held() == usual.held()
    small.state.close()


def test_a_poison_record_behind_a_commit_under_way_is_parked_alone(shop, usual):
    shop.loop.tick(7)
    shop.loop.batch(11, beside=True)
    shop.track(POISON, "u1")
    shop.run(beside=True)
    held = shop.held()
    assert len(held["parked"]) == 1
    assert len(held["outbox"]) == len(usual.held()["outbox"])


def test_time_to_come_stays_what_it_was(shop):
    shop.run(beside=True)
    shop.at_us += MINUTE_US
    before = shop.said()
    shop.run(beside=True)
    assert shop.said() == before
