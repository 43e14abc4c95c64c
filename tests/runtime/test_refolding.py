"""After a fix the log is folded again beside the state, and the people of parked records get theirs."""

import threading

import pytest

from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.core.errors import Busy
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.standing import standing
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.refolding import Asked, ask, parked_in, refold
from journeyfold.runtime.replaying import replay
from journeyfold.runtime.work import fold_loop

NOW_US = 1_790_000_000_000_000


class BrokenEngine(Engine):
    """Last week's release: it cannot take events of this name."""

    def fold(self, writer, records):
        effects = super().fold(writer, records)
        if any(record.event.name == "Poison" for record in records):
            raise ZeroDivisionError("a bug of ours")
        return effects


def broken_loop(workspace, state):
    engine = BrokenEngine(
        workspace.log, workspace.node_key, lambda files: compile_project(load(files))
    )
    return FoldLoop(workspace.log, state, engine, workspace.clock)


@pytest.fixture
def workspace(shop):
    shop = shop
    for number, name in enumerate(["Product Viewed", "Poison", "Product Viewed", "Cart Updated"]):
        user = Identifier("user_id", f"u{number % 2}")
        event = Event(
            id=f"e{number}", name=name, type="track", source="shop_server", identifiers=(user,),
            occurred_us=NOW_US, received_us=NOW_US, context={"auth": "server"},
        )  # fmt: skip
        entry = Entry(event, nodes=(node_of(user, shop.node_key),))
        shop.log.append([entry], now_us=NOW_US + number)
    fold(shop, broken_loop)
    return shop


def fold(workspace, loop_of):
    state = workspace.open_state()
    loop = loop_of(workspace, state)
    while loop.batch(100)[0]:
        pass
    state.close()


def fixed_loop(workspace):
    return lambda state: fold_loop(workspace, state, rebuild=True)


def folded_again(workspace, stop=None, loop_of=None):
    told = []
    refold(workspace, loop_of or fixed_loop(workspace), stop or threading.Event(), told.append)
    return told


def parked(workspace):
    state = workspace.read_state()
    with state.read() as reader:
        found = parked_in(reader)
    state.close()
    return found


def verified(workspace):
    return replay(workspace, verify=True, by="appended", progress=lambda *_: None)


def test_before_it_the_record_is_parked(workspace):
    assert [each.name for each in parked(workspace)] == ["Poison"]


def test_a_replay_by_the_fixed_release_differs_and_says_what_to_do(workspace):
    told = verified(workspace)
    assert not told.is_equal
    assert "quarantine replay" in told.differences[0]


def test_after_it_nothing_is_parked_and_a_replay_is_equal(workspace):
    ask(workspace.log.marks)
    assert folded_again(workspace)[-1] == "all records are folded again, 0 of them are still parked"
    assert parked(workspace) == []
    told = verified(workspace)
    assert told.is_equal, told.differences


def test_it_is_done_once(workspace):
    ask(workspace.log.marks)
    assert Asked(workspace.log.marks)()
    folded_again(workspace)
    assert not Asked(workspace.log.marks)()


def test_nothing_is_left_beside_the_state(workspace):
    folded_again(workspace)
    assert [path.name for path in workspace.place.data.glob("state*")] == ["state.lmdb"]


def test_a_record_that_still_does_not_fold_stays_parked(workspace):
    told = folded_again(workspace, loop_of=lambda state: broken_loop(workspace, state))
    assert told[-1] == "all records are folded again, 1 of them are still parked"
    assert [each.name for each in parked(workspace)] == ["Poison"]


def test_a_platform_that_stops_keeps_its_state_and_the_wish(workspace):
    ask(workspace.log.marks)
    stop = threading.Event()
    stop.set()
    folded_again(workspace, stop)
    assert [each.name for each in parked(workspace)] == ["Poison"]
    assert [path.name for path in workspace.place.data.glob("state*")] == ["state.lmdb"]
    assert Asked(workspace.log.marks)()


def test_a_disk_without_room_ends_it_and_keeps_the_state(workspace):
    def full(_state):
        raise Busy("the disk is full")

    ask(workspace.log.marks)
    assert folded_again(workspace, loop_of=full)[-1] == "not folded again: the disk is full"
    assert [path.name for path in workspace.place.data.glob("state*")] == ["state.lmdb"]
    assert not Asked(workspace.log.marks)()


def test_what_a_killed_one_left_is_no_part_of_the_next(workspace):
    for left in ("state.lmdb.next", "state.lmdb.old"):
        LmdbState(workspace.place.data / left).close()
    folded_again(workspace)
    state = workspace.read_state()
    with state.read() as reader:
        assert standing(reader).offset == workspace.log.head()[0]
    state.close()
