"""`up`: start `serve` and `work`, keep them alive, watch the project, stop cleanly.

Children are spawned, never forked, and see the supervisor's death as the end of their standard
input. The listening socket is bound here, so a port in use is one sentence before anything
starts, and a restarted `serve` loses no queued connection. Children hold the directory's lock
too, so that after a kill of the supervisor nobody comes in before the last of them has ended.

A child that ends with 78 (format or configuration) or on a damaged log cannot be helped by a
restart. One that was killed from outside starts again at once; every other end is retried with
back-off (REL-16).
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

import msgspec

from journeyfold.core.errors import (
    Busy,
    DamageError,
    JourneyfoldError,
    StateDamageError,
    UsageError,
)

BACK_OFF_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
STEADY_S = 60.0  # a child that lived this long starts again at once
STOP_S = 10.0
DAMAGED = 79  # between a child and its supervisor: the log is damaged, stop
FINAL = {78: 78, DAMAGED: DamageError.exit_code}
"""Ends of a child that no restart can help, and what `up` then ends with."""
FROM_OUTSIDE = {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
Report = Callable[[str], None]


class Child(msgspec.Struct):
    """A process to keep running; `failures` counts ends in quick succession."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    failures: int = 0
    due_s: float = 0.0


class Supervisor:
    """`run` blocks until a signal or an end that no restart can help; returns the exit code."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        listening: socket.socket,
        inherited: Sequence[int] = (),
    ) -> None:
        """`inherited` are descriptors that every child holds open: the directory's lock."""
        self.children = [Child(name, list(command)) for name, command in commands.items()]
        self._listening, self._inherited = listening, tuple(inherited)
        self._stop = threading.Event()

    def run(self, report: Report, started: Callable[[], None] = lambda: None) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        try:
            for child in self.children:
                self._start(child)
            started()
            return self._watch(report)
        finally:
            self._end()

    def stop(self) -> None:
        self._stop.set()

    def add(self, name: str, command: Sequence[str]) -> None:
        """From any thread: one more to keep running, unless there is one of this name."""
        if all(child.name != name for child in self.children):
            self.children.append(Child(name, list(command)))

    def _watch(self, report: Report) -> int:
        while not self._stop.wait(0.05):
            for child in self.children:
                code = self._look(child, report)
                if code is not None:
                    return code
        return 0

    def _look(self, child: Child, report: Report) -> int | None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due_s:
                self._start(child)
            return None
        code = child.process.poll()
        if code is None:
            return None
        _let_go(child.process)
        if code in FINAL:
            return FINAL[code]
        steady = code in FROM_OUTSIDE or now - child.started_s > STEADY_S
        child.failures = 0 if steady else child.failures + 1
        wait_s = BACK_OFF_S[min(child.failures, len(BACK_OFF_S)) - 1] if child.failures else 0.0
        child.process, child.due_s = None, now + wait_s
        when = f"in {wait_s:g} s" if wait_s else "at once"
        report(f"{child.name} ended ({_ending(code)}); starting it again {when}")
        return None

    def _start(self, child: Child) -> None:
        handle = self._listening.fileno()
        listens = child.name.startswith("serve")
        child.process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            [*child.command, "--listen-fd", str(handle)] if listens else child.command,
            stdin=subprocess.PIPE,
            pass_fds=(*self._inherited, handle) if listens else self._inherited,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which ends them in order
        )
        child.started_s = time.monotonic()

    def _end(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _let_go(process)
        self._listening.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._stop.set()


def listen(host: str, port: int) -> socket.socket:
    """The socket all `serve` processes accept from."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Busy(
                f"port {port} on {host} is in use; stop the other program or choose another with "
                f"--port {port + 1}"
            ) from error
        raise UsageError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listening.listen(1_024)
    listening.set_inheritable(True)
    return listening


def child_command(role: str, directory: Path, data: Path, *more: str) -> list[str]:
    """`… -m journeyfold serve|work --directory D --data D`: the role shows in the process list."""
    place = ["--directory", str(directory), "--data", str(data)]
    return [sys.executable, "-m", "journeyfold", role, *place, *more]


def end_with_parent(stop: Callable[[], None]) -> None:
    """In a child: call `stop` when the supervisor is gone (its end of our stdin closes)."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        stop()

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def final_code(error: JourneyfoldError) -> int:
    """What a child ends with, so that its supervisor knows whether a restart can help."""
    is_log = isinstance(error, DamageError) and not isinstance(error, StateDamageError)
    return DAMAGED if is_log else error.exit_code


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Close our end of an ended child's input."""
    if process.stdin is not None:
        process.stdin.close()


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
