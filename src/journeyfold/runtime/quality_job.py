"""A run of rules in a process of its own, so that its memory goes with it (quality section 4).

The parent writes the job as a line and keeps the pipe open: when it is gone, the child ends. Lines
of the answer are progress, then the outcome or the sentence of what went wrong.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from journeyfold.core.errors import EngineError, JourneyfoldError, UsageError
from journeyfold.quality.result import Asked, Outcome
from journeyfold.runtime.supervisor import end_with_parent
from journeyfold.runtime.workspace import Place, Workspace

Progress = Callable[[str, int, "int | None"], None]


class Job(msgspec.Struct, frozen=True):
    directory: str
    data: str
    asked: Asked


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of the three."""

    progress: tuple[str, int, int | None] | None = None
    outcome: Outcome | None = None
    error: tuple[int, str] | None = None  # exit code and sentence


class RunningJob:
    """A child at work. `lines` gives what it has said so far, without waiting."""

    def __init__(self, place: Place, asked: Asked) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "journeyfold.runtime.quality_job"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        self._answers = self._process.stdout
        os.set_blocking(self._answers.fileno(), False)
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(self._answers, selectors.EVENT_READ)
        self._rest, self.is_over = b"", False
        job = Job(str(place.directory), str(place.data), asked)
        try:
            self._process.stdin.write(msgspec.json.encode(job) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it died at once; the missing outcome will say so

    def lines(self, wait_s: float = 0.0) -> list[Line]:
        """Ends with an outcome or an error; nothing comes after it."""
        if self.is_over or not self._waiting.select(wait_s):
            return []
        raw = os.read(self._answers.fileno(), 1 << 16)
        if not raw:
            self.is_over = True
            code = self._process.wait()
            return [Line(error=(EngineError.exit_code, f"the run ended with code {code}"))]
        *whole, self._rest = (self._rest + raw).split(b"\n")
        told = [msgspec.json.decode(line, type=Line) for line in whole if line]
        self.is_over = any(each.progress is None for each in told)
        return told

    def close(self) -> None:
        """Whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._waiting.close()


def run_in_child(place: Place, asked: Asked, progress: Progress) -> Outcome:
    """Waits for the outcome."""
    job = RunningJob(place, asked)
    try:
        while True:
            for line in job.lines(1.0):
                if line.outcome is not None:
                    return line.outcome
                if line.error is not None:
                    raise _raised(*line.error)
                if line.progress is not None:
                    progress(*line.progress)
    finally:
        job.close()


def _raised(code: int, sentence: str) -> JourneyfoldError:
    kinds: list[type[JourneyfoldError]] = [UsageError, EngineError]
    kind = next((each for each in kinds if each.exit_code == code), JourneyfoldError)
    error = kind(sentence)
    error.exit_code = code
    return error


def main() -> None:
    """In the child."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    end_with_parent(lambda: os._exit(1))
    os.nice(5)
    try:
        _say(Line(outcome=_run(job)))
    except JourneyfoldError as error:
        _say(Line(error=(error.exit_code, str(error))))


def _run(job: Job) -> Outcome:
    from journeyfold.runtime.quality_run import run_rules

    workspace = Workspace.of_running(Place(Path(job.directory), Path(job.data)))
    try:
        return run_rules(workspace, job.asked, _Progress())
    finally:
        workspace.close()


class _Progress:
    """Ten lines a task, no more."""

    def __init__(self) -> None:
        self._told = ("", -1)

    def __call__(self, what: str, done: int, total: int | None) -> None:
        step = done * 10 // total if total else 0
        if (what, step) != self._told:
            self._told = what, step
            _say(Line(progress=(what, done, total)))


def _say(line: Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
