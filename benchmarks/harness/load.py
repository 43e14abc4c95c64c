"""A light HTTP client: prepared bytes out, lengths and instants in, on keep-alive connections."""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable

Done = Callable[[int, bytes, float], None]
"""(status, body, seconds from writing to the last byte)."""


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, free: Callable[[Connection], None]) -> None:
        self._free = free
        self._transport: asyncio.Transport | None = None
        self._held = b""
        self._done: Done | None = None
        self._since = 0.0

    def connection_made(self, transport) -> None:
        self._transport = transport

    def ask(self, raw: bytes, done: Done) -> None:
        self._done, self._since = done, time.perf_counter()
        self._transport.write(raw)

    def data_received(self, data: bytes) -> None:
        held = self._held + data if self._held else data
        end = held.find(b"\r\n\r\n")
        at = held.lower().find(b"content-length:", 0, end)
        size = int(held[at + 15 : held.find(b"\r\n", at)])
        if end < 0 or len(held) < end + 4 + size:
            self._held = held
            return
        self._held = b""
        done, took = self._done, time.perf_counter() - self._since
        self._done = None
        self._free(self)
        done(int(held[9:12]), held[end + 4 :], took)

    def connection_lost(self, exc) -> None:
        if self._done is not None:
            raise SystemExit(f"the server closed a connection under a request: {exc}")

    def close(self) -> None:
        self._transport.close()


class Client:
    """Connections to one port; what finds none free waits in line, and its waiting counts."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._token = b64encode(f"{key}:".encode())
        self._free: deque[Connection] = deque()
        self._line: deque[tuple[bytes, Done, float]] = deque()

    async def open(self, connections: int) -> Client:
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, connection = await loop.create_connection(
                lambda: Connection(self._freed), "127.0.0.1", self._port
            )
            self._free.append(connection)
        return self

    def request(self, path: str, body: bytes) -> bytes:
        return b"".join((
            b"POST ", path.encode(), b" HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Basic ",
            self._token, b"\r\ncontent-type: application/json\r\ncontent-length: ",
            str(len(body)).encode(), b"\r\n\r\n", body,
        ))  # fmt: skip

    def post(self, path: str, body: bytes, done: Done) -> None:
        raw = self.request(path, body)
        if self._free:
            self._free.popleft().ask(raw, done)
        else:
            self._line.append((raw, done, time.perf_counter()))

    async def answer(self, path: str, body: bytes) -> tuple[int, bytes, float]:
        future: asyncio.Future[tuple[int, bytes, float]] = (
            asyncio.get_running_loop().create_future()
        )
        self.post(path, body, lambda *answer: future.set_result(answer))
        return await future

    def close(self) -> None:
        for connection in self._free:
            connection.close()

    def _freed(self, connection: Connection) -> None:
        if not self._line:
            self._free.append(connection)
            return
        raw, done, since = self._line.popleft()
        waited = time.perf_counter() - since
        connection.ask(raw, lambda status, body, took: done(status, body, waited + took))


async def at_rate(per_s: float, seconds: float, send: Callable[[int], None]) -> float:
    """Call `send(number)` on schedule, whatever is still under way; the latest start in seconds."""
    started = time.perf_counter()
    latest = 0.0
    for number in range(int(per_s * seconds)):
        due = started + number / per_s
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        latest = max(latest, time.perf_counter() - due)
        send(number)
    return latest


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def rfc3339_now() -> bytes:
    now = time.time()
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{text}.{int(now * 1000) % 1000:03d}Z".encode()
