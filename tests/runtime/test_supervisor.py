"""REL-16: what ends is started again, at once or with back-off; what cannot be helped stops."""

import os
import signal
import socket
import sys
import threading
import time

import pytest

from journeyfold.core.errors import (
    Busy,
    DamageError,
    EngineError,
    FormatError,
    StateDamageError,
    UsageError,
)
from journeyfold.runtime.supervisor import DAMAGED, Supervisor, final_code, listen

LIFE = """
import os, sys, time
with open(sys.argv[1], "a") as file:
    print(os.getpid(), time.monotonic(), file=file)
{}
"""
ENDS = "sys.exit({})"
STAYS = "time.sleep(60)"
OBEYS_THE_PARENT = """
from journeyfold.runtime.supervisor import end_with_parent
end_with_parent(lambda: os._exit(0))
time.sleep(60)
"""


class Watched:
    """A supervisor over one child that notes each of its lives in a file."""

    def __init__(self, directory, body):
        self.notes = directory / "lives"
        self.said = []
        command = [sys.executable, "-c", LIFE.format(body), str(self.notes)]
        self.supervisor = Supervisor({"work": command}, listen("127.0.0.1", 0))

    def run(self, act=lambda: None):
        """The exit code, and how often the child was started; `act` runs beside it."""
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        beside = threading.Thread(target=act)
        try:
            return self.supervisor.run(self.said.append, beside.start)
        finally:
            beside.join(10)
            for number, handler in before.items():
                signal.signal(number, handler)

    def lives(self):
        if not self.notes.exists():
            return []
        rows = (line.split() for line in self.notes.read_text().splitlines())
        return [(int(process), float(begun)) for process, begun in rows]

    def wait_for_lives(self, count, timeout=20):
        deadline = time.monotonic() + timeout
        while len(self.lives()) < count:
            assert time.monotonic() < deadline, self.said
            time.sleep(0.01)
        return self.lives()


def test_a_killed_child_is_started_again_at_once(tmp_path):
    watched = Watched(tmp_path, STAYS)

    def kill_it_twice():
        for life in (1, 2):
            process, _ = watched.wait_for_lives(life)[-1]
            os.kill(process, signal.SIGKILL)
        watched.wait_for_lives(3)
        watched.supervisor.stop()

    assert watched.run(kill_it_twice) == 0
    assert watched.said == ["work ended (SIGKILL); starting it again at once"] * 2


def test_an_input_output_error_is_retried_with_back_off(tmp_path):
    watched = Watched(tmp_path, ENDS.format(74))

    def watch():
        watched.wait_for_lives(3)
        watched.supervisor.stop()

    assert watched.run(watch) == 0
    first, second, third = (begun for _, begun in watched.lives()[:3])
    assert second - first >= 1.0
    assert third - second >= 2.0
    assert watched.said[:2] == [
        "work ended (exit code 74); starting it again in 1 s",
        "work ended (exit code 74); starting it again in 2 s",
    ]


def test_a_child_that_crashes_is_retried_with_back_off(tmp_path):
    watched = Watched(tmp_path, "os.abort()")

    def watch():
        watched.wait_for_lives(2)
        watched.supervisor.stop()

    assert watched.run(watch) == 0
    assert watched.said[0] == "work ended (SIGABRT); starting it again in 1 s"


@pytest.mark.parametrize(("code", "told"), [(78, 78), (DAMAGED, 74)])
def test_what_no_restart_can_help_ends_the_platform(tmp_path, code, told):
    watched = Watched(tmp_path, ENDS.format(code))
    assert watched.run() == told
    assert len(watched.lives()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_a_clean_stop(tmp_path, number):
    watched = Watched(tmp_path, STAYS)

    def ask_to_stop():
        watched.wait_for_lives(1)
        os.kill(os.getpid(), number)

    assert watched.run(ask_to_stop) == 0


def test_a_child_ends_when_its_parent_is_gone(tmp_path):
    watched = Watched(tmp_path, OBEYS_THE_PARENT)

    def let_go():
        watched.wait_for_lives(1)
        time.sleep(0.5)  # the child has begun to watch
        watched.supervisor.children[0].process.stdin.close()
        watched.wait_for_lives(2)
        watched.supervisor.stop()

    assert watched.run(let_go) == 0
    assert watched.said[0].startswith("work ended (exit code 0)")


def test_a_port_in_use_is_one_sentence_with_another_port():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Busy, match=rf"port {port} on 127.0.0.1 is in use; .* --port"):
            listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_refused_in_one_sentence():
    with pytest.raises(UsageError, match=r"cannot listen on 192\.0\.2\.1:0"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EngineError("x"), 74),
        (FormatError("x"), 78),
        (StateDamageError("x"), 74),
        (DamageError("x"), DAMAGED),
    ],
)
def test_only_a_damaged_log_stops_everything(error, code):
    assert final_code(error) == code
