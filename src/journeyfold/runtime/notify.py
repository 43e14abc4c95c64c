"""A tap on the shoulder between the processes of one data directory.

Datagrams on the loopback interface: `serve` tells `work` that the log grew, `work` tells `serve`
which pages should decide again. Losing one costs a poll interval and nothing else, so there is no
reply and no queue. Each listener leaves its port in `run/`; a token in the same directory keeps
other local programs from speaking.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from pathlib import Path

MAX_MESSAGE = 1_200
_TOKEN_BYTES = 16
_GRAIN_NS = 100_000_000  # coarser than any file system's clock


class Listener:
    """A named mailbox; `wait` returns the messages that came, or none after `timeout_s`."""

    def __init__(self, run: Path, name: str) -> None:
        self._token = _token(run)
        self._port = run / f"{name}.port"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        _write(self._port, str(self.socket.getsockname()[1]).encode())

    def wait(self, timeout_s: float) -> list[bytes]:
        self.socket.settimeout(timeout_s or 1e-6)
        try:
            first = self.socket.recv(MAX_MESSAGE)
        except (TimeoutError, BlockingIOError):
            return []
        self.socket.setblocking(False)
        messages = [first, *self.drain()]
        return [message for message in map(self.open, messages) if message is not None]

    def drain(self) -> list[bytes]:
        """What else is there, without waiting; call with a non-blocking socket."""
        messages: list[bytes] = []
        with contextlib.suppress(BlockingIOError):
            while len(messages) < 1_000:
                messages.append(self.socket.recv(MAX_MESSAGE))
        return messages

    def open(self, message: bytes) -> bytes | None:
        """The text of a message that carries our token."""
        token, text = message[:_TOKEN_BYTES], message[_TOKEN_BYTES:]
        return text if secrets.compare_digest(token, self._token) else None

    def close(self) -> None:
        self.socket.close()
        self._port.unlink(missing_ok=True)


class Notifier:
    """Sends to every listener whose name starts with `name` (`work`, `serve-`)."""

    def __init__(self, run: Path, name: str) -> None:
        self._run, self._name = run, name
        self._token = _token(run)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._ports: list[int] = []
        self._as_of_ns = -1  # when the directory of the ports had changed last

    def send(self, text: bytes = b"") -> None:
        for port in self._listening():
            with contextlib.suppress(OSError):  # a full buffer or a dead peer: the poll covers it
                self._socket.sendto(self._token + text[:MAX_MESSAGE], ("127.0.0.1", port))

    def close(self) -> None:
        self._socket.close()

    def _listening(self) -> list[int]:
        """The ports; read again when a file of the directory came, went or was replaced."""
        changed_ns = self._run.stat().st_mtime_ns
        if changed_ns != self._as_of_ns:
            self._ports = [
                port for path in self._run.glob(f"{self._name}*.port") if (port := _port_in(path))
            ]
            # A change within the clock's grain of this one would not show: look once more then.
            is_settled = time.time_ns() - changed_ns > _GRAIN_NS
            self._as_of_ns = changed_ns if is_settled else -1
        return self._ports


def _port_in(path: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text())
    return 0


def _token(run: Path) -> bytes:
    path = run / "token"
    run.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, secrets.token_bytes(_TOKEN_BYTES))
        os.close(handle)
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a reader never sees half a port."""
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    beside.replace(path)
