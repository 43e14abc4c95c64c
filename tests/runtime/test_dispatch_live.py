"""The dispatcher with its threads and the real HTTP client: dead peers, black holes, and life."""

import contextlib
import socket
import sys
import time
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "faults"))
from effects import CALL, SECRET, Receiver, Web, fill, stop, write_shop

from journeyfold.runtime import outbox
from journeyfold.runtime.work import dispatcher_of, fold_loop
from journeyfold.runtime.workspace import Workspace, place_of

EFFECTS = 60
WEBHOOK = """
type: webhook
url: http://127.0.0.1:{port}/hook
secret: "${{env:HOOK_SECRET}}"
timeout_s: 1
rate: {{concurrency: 2}}
"""
BOTH = CALL.replace(
    "destination: crm}}", "destination: hole}}\n  - {id: two, webhook: {destination: crm}}"
)


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", SECRET)


@contextlib.contextmanager
def dispatching(directory):
    """The stores of a folded shop and a dispatcher at work; (state, loop, dispatcher)."""
    workspace = Workspace(place_of(directory, None))
    state = workspace.open_state()
    loop = fold_loop(workspace, state)
    dispatcher = dispatcher_of(workspace, state, loop)
    dispatcher.start()
    try:
        yield state, loop, dispatcher
    finally:
        dispatcher.close()
        state.close()
        workspace.close()
    dispatcher.require_going()


def rows_of(state):
    with state.read() as reader:
        return list(outbox.rows(reader))


def wait_for(what, seconds=20):
    until_s = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until_s, "it does not happen"
        time.sleep(0.02)


def test_a_black_hole_delays_no_other_destination(tmp_path):
    """It takes connections and answers nothing; the other gets all of its rows meanwhile."""
    hole = socket.create_server(("127.0.0.1", 0))
    healthy = Receiver(Web)
    write_shop(tmp_path / "shop", WEBHOOK.format(port=healthy.port), BOTH)
    bad = WEBHOOK.format(port=hole.getsockname()[1]).replace("timeout_s: 1", "timeout_s: 30")
    (tmp_path / "shop/destinations/hole.yaml").write_text(bad)
    fill(tmp_path / "shop", EFFECTS)
    try:
        with dispatching(tmp_path / "shop") as (state, _, dispatcher):
            wait_for(lambda: len(set(healthy.came)) == EFFECTS, 10)
            stuck = [row for row in rows_of(state) if row.deliver.destination == "hole"]
            assert len(stuck) == EFFECTS
            hole.close()  # or it would be waited for at the end
            dispatcher.require_going()
    finally:
        stop(healthy)


def test_a_peer_that_is_dead_opens_the_breaker_and_loses_nothing(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    write_shop(tmp_path / "shop", WEBHOOK.format(port=port), CALL)
    fill(tmp_path / "shop", EFFECTS)
    with dispatching(tmp_path / "shop") as (state, _, dispatcher):
        wait_for(lambda: sum(len(row.attempts) for row in rows_of(state)) >= 5)
        time.sleep(0.5)
        (figures,) = dispatcher._lanes.figures(0)
        assert figures.attempts["retry"] < 10  # five in a row, and what was under way then
        assert len(rows_of(state)) == EFFECTS


def test_a_peer_that_comes_back_gets_everything_once_by_its_ids(tmp_path):
    receiver = Receiver(Web)
    write_shop(tmp_path / "shop", WEBHOOK.format(port=receiver.port), CALL)
    fill(tmp_path / "shop", EFFECTS)
    with dispatching(tmp_path / "shop") as (state, loop, _):
        wait_for(lambda: not rows_of(state))
        while loop.batch(500)[0]:
            pass
    stop(receiver)
    assert len(receiver.came) == len(set(receiver.came)) == EFFECTS
