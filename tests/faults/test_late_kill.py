"""A backlog of timers survives `kill -9` while one batch is committed beside the next (ADR 41).

More people are due than one tick advances, so from its first batch on `work` is late; it dies at a
named point, and the next `work` makes up for everything. Deliveries are leased and settled in the
state between two of the late batches.
"""

import json
import shutil
import signal
import time
from collections import Counter

import pytest
from faults.effects import Receiver, Web, Work, results_of, stop, write_shop
from faults.effects import fill as fill_outbox
from live import run_cli

from journeyfold.activate.outbox import Filter
from journeyfold.runtime.fold_loop import FIRED, FIRED_LATE
from journeyfold.runtime.outbox import rows
from journeyfold.runtime.outbox_index import counts
from journeyfold.runtime.workspace import Workspace, place_of

PEOPLE = FIRED + FIRED_LATE + 100  # the second tick finds too many, too
WEBHOOK = """
type: webhook
url: http://127.0.0.1:{port}/hook
secret: "${{env:HOOK_SECRET}}"
rate: {{concurrency: 4, per_second: 1000, burst: 40}}
"""
CALL_LATER = """
entry: [{event: Cart Updated}]
steps:
  - {id: pause, wait: {for: 1s}}
  - {id: call, webhook: {destination: crm}}
"""
POINTS = ("mid_fold:2", "before_commit:4", "before_state_commit:2", "after_state_commit:1")
"""The first two batches of a late `work` reach all of these, and a third has still to come."""
pytestmark = [pytest.mark.kill, pytest.mark.slow, pytest.mark.timeout(300)]


class Late:
    """What a project is told by, while nothing or `work` runs on it."""

    def __init__(self, directory):
        self.workspace = Workspace(place_of(directory, None))
        self.state = self.workspace.read_state()
        self.found, self.after = Counter(), -1

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.state.close()
        self.workspace.close()

    def due(self):
        with self.state.read() as reader:
            stop = self.workspace.clock.now_us().to_bytes(8, "big")
            return sum(1 for _ in reader.scan("wake", b"", stop))

    def outbox(self):
        """(rows by state, the same as it is counted beside them)."""
        with self.state.read() as reader:
            return Counter(row.state for row in rows(reader)), counts(reader, Filter())

    def names(self):
        """How many records of each name the log has by now."""
        while page := self.workspace.log.read(self.after, 5_000):
            self.found.update(record.event.name for record in page)
            self.after = page[-1].offset
        return self.found


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver(Web)
    yield receiver
    stop(receiver)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory, receiver):
    """A shop in which everybody's wait is over, and nothing has gone on."""
    directory = tmp_path_factory.mktemp("late") / "shop"
    write_shop(directory, WEBHOOK.format(port=receiver.port), CALL_LATER)
    fill_outbox(directory, PEOPLE)
    with Late(directory) as late:
        until_s = time.monotonic() + 60
        while late.due() < PEOPLE:
            assert time.monotonic() < until_s, f"{late.due()} people wait"
            time.sleep(0.2)
        assert late.names()["journey.exited"] == 0
    return directory


def killed_at(directory, point):
    """`work` begins, and dies there while it is late."""
    work = Work(directory, 0)
    work.start(JOURNEYFOLD_KILL_POINT=point)
    assert work.process.wait(60) == -signal.SIGKILL
    work.process.stdin.close()
    with Late(directory) as late:
        assert late.due() > 0
        assert late.names()["timer.fired"] > 0
    return work


def made_up(work, directory):
    """The next one, until everybody went on and everything went out."""
    work.start()
    with Late(directory) as late:
        until_s = time.monotonic() + 120
        while late.names()["journey.exited"] < PEOPLE or late.outbox()[0]:
            assert work.process.poll() is None, "work ended by itself"
            assert time.monotonic() < until_s, f"{late.names()} {late.outbox()}"
            time.sleep(0.3)
        work.process.terminate()
        assert work.process.wait(60) == 0
        work.process.stdin.close()
        work.errors.close()
        return late.names(), late.outbox(), results_of(late.workspace)


@pytest.mark.parametrize("point", POINTS)
def test_everybody_goes_on_once_after_a_death_in_a_backlog(waiting, receiver, tmp_path, point):
    directory = tmp_path / "shop"
    shutil.copytree(waiting, directory)
    before = len(receiver.came)
    work = killed_at(directory, point)
    names, outbox, results = made_up(work, directory)
    assert (names["journey.entered"], names["journey.exited"]) == (PEOPLE, PEOPLE)
    assert outbox == ({}, {})
    assert set(receiver.came[before:]) == results.keys()
    assert list(results.values()) == [["sent"]] * PEOPLE
    told = json.loads(run_cli(directory, "replay", "--verify", "--json", timeout=120).stdout)
    assert told["is_equal"] is True, told
