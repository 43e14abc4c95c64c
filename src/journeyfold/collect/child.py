"""The child process of an import, seen from its parent: started, read from, ended (trust SEC-17)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from tempfile import TemporaryFile
from types import TracebackType
from typing import Literal, Self

import msgspec

from journeyfold.collect.frames import Failure, Frame, Job, frame_of, read_body, write_frame
from journeyfold.core.errors import JourneyfoldError

Why = Literal[Failure, "bad_rows"]
READER = "journeyfold.collect.reader"
_ITS_BUSINESS = (
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)  # and no secret
_KILLED = {signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS}


class ImportFailed(JourneyfoldError):  # noqa: N818 - the word users read
    """An import that stopped: `reason` for scripts, one sentence for people."""

    exit_code = 65

    def __init__(self, source: str, reason: Why, sentence: str) -> None:
        super().__init__(f"import {source} failed: {reason}: {sentence}")
        self.reason: Why = reason
        self.sentence = sentence


class Child:
    """A reader at work. Leaving the block ends it, whatever it is doing."""

    def __init__(self, job: Job, reader: str = READER) -> None:
        """`reader` is the module that runs."""
        self.frame_bytes = 0  # of the last frame
        self._complaints = TemporaryFile()  # noqa: SIM115 - closed with the child
        command = [sys.executable, "-P", "-m", reader]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env={name: os.environ[name] for name in _ITS_BUSINESS if name in os.environ},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._answers = self._process.stdout
        try:
            write_frame(self._process.stdin, job)  # type: ignore[arg-type]  # IO[bytes]
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it died at once; the missing frames will say so

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._answers.close()
        self._complaints.close()

    def kill(self) -> None:
        """From any thread: there is no next frame."""
        self._process.kill()

    def next_frame(self) -> Frame | None:
        """None when it died without saying why, or said something that is no frame."""
        body = read_body(self._answers)  # type: ignore[arg-type]  # IO[bytes]
        if body is None:
            return None
        self.frame_bytes = len(body)
        try:
            return frame_of(body)
        except (msgspec.DecodeError, msgspec.ValidationError):
            return None

    def how_it_died(self, source: str) -> ImportFailed:
        """Asked when the frames ended without an end."""
        try:
            code = -self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ImportFailed(source, "crash", "the reading process said what is no answer")
        self._complaints.seek(0)
        last = self._complaints.read()[-2000:].decode("utf-8", "replace").strip().split("\n")[-1]
        if code == signal.SIGXCPU:
            return ImportFailed(source, "cpu", "took more CPU time than `read.cpu` allows")
        if code in _KILLED or "MemoryError" in last or "bad_alloc" in last:
            return ImportFailed(source, "memory", "needs more memory than `read.memory` allows")
        return ImportFailed(source, "crash", f"the reading process ended: {last or 'no reason'}")
