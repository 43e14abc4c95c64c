"""A second chance is judged as the door would judge; what the fold could not take is folded again."""

import msgspec
import pytest

from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.collect.envelope import Draft
from journeyfold.collect.held import held
from journeyfold.collect.json_entry import Refused
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.parking import park
from journeyfold.runtime.refolding import Asked
from journeyfold.runtime.requarantine import parked_item_of, parked_of, replay_chosen
from journeyfold.runtime.work import fold_loop

NOW_US = 1_790_000_000_000_000
ORDER = {"order_id": "o1", "total": 12.0, "currency": "EUR"}


@pytest.fixture
def workspace(shop):
    return shop


def event(id_, name="Order Completed", user="ann", properties=None, source="shop_server"):
    return Event(
        id=id_, name=name, type="track", source=source,
        identifiers=(Identifier("user_id", user),), occurred_us=NOW_US, received_us=NOW_US,
        properties=ORDER if properties is None else properties, context={"auth": "server"},
    )  # fmt: skip


def hold(workspace, one, fingerprint=1, code="schema"):
    """A message that yesterday's plan did not take."""
    why = Refused(code, "/properties/total", "not a number")
    workspace.log.append([held(Draft(one, fingerprint), why)], now_us=NOW_US)


def append(workspace, one, fingerprint=1, kind="event"):
    nodes = tuple(node_of(each, workspace.node_key) for each in one.identifiers)
    workspace.log.append([Entry(one, kind, fingerprint, nodes)], now_us=NOW_US)


def fold(workspace):
    """What `work` would have committed by now."""
    state = workspace.open_state()
    loop = fold_loop(workspace, state)
    while loop.batch(100)[0]:
        pass
    state.close()


def replayed(workspace, *items, source=None, code=None, dry_run=False):
    return replay_chosen(workspace, source, code, items, dry_run=dry_run, progress=lambda *_: None)


def test_what_fits_by_now_is_appended(workspace):
    hold(workspace, event("e1"))
    done = replayed(workspace)
    assert (done.tried, done.appended) == (1, 1)
    assert workspace.log.find("shop_server", "e1").event.received_us == NOW_US


def test_a_person_who_refused_meanwhile_is_refused_to_the_command_line_as_well(workspace):
    hold(workspace, event("e1"))
    denied = {"purposes": {"analytics": "denied", "personalization": "denied"}}
    append(
        workspace, event("c1", "Consent Updated", properties=denied, source="_api"), kind="consent"
    )
    fold(workspace)
    done = replayed(workspace)
    assert (done.appended, done.rejected, done.still) == (0, 1, {"consent": 1})


def test_a_message_that_never_was_there_is_an_error(workspace):
    hold(workspace, event("e1"))
    with pytest.raises(UsageError, match="there is no message 999 in quarantine"):
        replayed(workspace, 1, 999)
    assert workspace.log.quarantine.get(1).state == "held"


def test_a_message_that_has_left_is_none_to_try(workspace):
    hold(workspace, event("e1"))
    assert replayed(workspace, 1).appended == 1
    assert replayed(workspace, 1).tried == 0


def test_a_dry_run_tells_a_conflict_from_a_duplicate(workspace):
    append(workspace, event("e1"), fingerprint=1)
    append(workspace, event("e2"), fingerprint=1)
    hold(workspace, event("e1"), fingerprint=1)
    hold(workspace, event("e2"), fingerprint=2)
    trial = replayed(workspace, dry_run=True)
    assert (trial.duplicate, trial.still) == (1, {"message_id_conflict": 1})


def test_a_dry_run_says_what_the_replay_then_does(workspace):
    append(workspace, event("e1"), fingerprint=1)
    for number, fingerprint in enumerate([1, 2, 3]):
        hold(workspace, event("e1"), fingerprint)
        hold(workspace, event(f"n{number // 2}"), fingerprint)
    trial = replayed(workspace, dry_run=True)
    done = replayed(workspace)
    assert trial == msgspec.structs.replace(done, dry_run=True)
    assert done.appended == 2


def test_a_dry_run_changes_nothing(workspace):
    hold(workspace, event("e1"))
    replayed(workspace, dry_run=True)
    assert workspace.log.find("shop_server", "e1") is None
    assert len(workspace.log.quarantine.page()) == 1


@pytest.fixture
def poisoned(workspace):
    """A platform that could not fold one record."""
    append(workspace, event("e1"))
    fold(workspace)
    with (state := LmdbState(workspace.place.data / "state.lmdb")).write() as writer:
        (record,) = workspace.log.read(0, 1)
        park(writer, record, "Traceback\n  line\nZeroDivisionError: a bug of ours")
    state.close()
    return workspace


def parked(workspace, **filters):
    state = workspace.read_state()
    found = parked_of(state, filters.get("source"), filters.get("code"))
    state.close()
    return [parked_item_of(each) for each in found]


def test_what_the_fold_could_not_take_is_listed_with_the_error(poisoned):
    (item,) = parked(poisoned)
    assert (item.offset, item.name, item.code) == (1, "Order Completed", "fold_failed")
    assert item.detail == "ZeroDivisionError: a bug of ours"


def test_parked_records_are_asked_for_by_source_and_reason(poisoned):
    assert parked(poisoned, source="shop_server", code="fold_failed")
    assert not parked(poisoned, source="shop_web")
    assert not parked(poisoned, code="schema")


def test_a_replay_asks_for_a_fold_of_parked_records(poisoned):
    assert replayed(poisoned).parked == 1
    assert Asked(poisoned.log.marks)()


@pytest.mark.parametrize("how", [{"dry_run": True}, {"code": "schema"}, {"source": "shop_web"}])
def test_nothing_is_folded_again_unasked(poisoned, how):
    replayed(poisoned, **how)
    assert not Asked(poisoned.log.marks)()
