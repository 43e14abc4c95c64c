"""Sources that are pulled beside the platform, each in its own turns (ADR 30)."""

import threading
import time

from journeyfold.core.errors import UsageError
from journeyfold.runtime.clock import SystemClock
from journeyfold.runtime.pull_standing import StandingsFile, read_standings
from journeyfold.runtime.pulling import NEVER_US, Pulling


class Counted:
    """Steps at once, so many times; the first `broken` of them fail."""

    def __init__(self, source="crm", times=1, broken=0):
        self.source, self.times, self.broken = source, times, broken
        self.steps = 0
        self.is_closed = False
        self.stopped = threading.Event()

    @property
    def due_us(self):
        return 0 if self.steps < self.times else NEVER_US

    def step(self, standing):
        self.steps += 1
        if self.steps <= self.broken:
            raise UsageError("the server does not answer")
        standing.rows = 7

    def stop(self):
        self.stopped.set()

    def close(self):
        self.is_closed = True


def until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def taken_over(*pulls):
    said = []
    pulling = Pulling(SystemClock(), said.append)
    pulling.take_over(pulls)
    return pulling, said


def test_what_is_due_is_stepped_and_what_it_did_is_shown():
    pulling, _ = taken_over(pull := Counted())
    until(lambda: pulling.standings[0].succeeded_us)
    pulling.stop()
    assert (pull.steps, pulling.standings[0].rows, pulling.standings[0].state) == (1, 7, "waiting")


def test_a_failure_is_said_once_and_tried_again():
    pulling, said = taken_over(pull := Counted(times=2, broken=1))
    until(lambda: pulling.standings[0].state == "failing")
    assert pulling.standings[0].problem == "the server does not answer"
    until(lambda: pulling.standings[0].succeeded_us)
    pulling.stop()
    assert (said, pull.steps) == (["crm: the server does not answer", "crm goes on"], 2)
    assert (pulling.standings[0].failures, pulling.standings[0].problem) == (0, "")


def test_a_source_that_waits_for_its_server_delays_no_other():
    class Slow(Counted):
        def step(self, standing):
            self.stopped.wait(10)
            super().step(standing)

    pulling, _ = taken_over(slow := Slow("slow"), quick := Counted("quick"))
    until(lambda: quick.steps == 1)
    assert slow.steps == 0
    pulling.stop()


def test_another_version_of_the_project_ends_what_was_pulled_before():
    pulling, _ = taken_over(before := Counted())
    until(lambda: before.steps == 1)
    pulling.take_over([after := Counted()])
    until(lambda: after.steps == 1)
    assert before.is_closed
    assert before.stopped.is_set()
    pulling.stop()


def test_standings_are_read_back_by_others(tmp_path):
    pulling, _ = taken_over(Counted())
    until(lambda: pulling.standings[0].succeeded_us)
    pulling.stop()
    file = StandingsFile(tmp_path)
    file.write(pulling.standings)
    file.close()
    assert read_standings(tmp_path)["crm"].rows == 7
