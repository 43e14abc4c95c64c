"""Bytes on a socket and the reply that comes back, for requests that no HTTP library would send."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Iterable, Iterator


class Reply:
    """A reply read to its end; `closed` when the server then ended the connection."""

    def __init__(self, parsed: http.client.HTTPResponse) -> None:
        self.status = parsed.status
        self.headers = {name.lower(): value for name, value in parsed.getheaders()}
        self.body = parsed.read()
        self.closed = parsed.will_close


@contextlib.contextmanager
def connection(port: int, timeout: float = 20) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as opened:
        yield opened


def read_reply(opened: socket.socket, method: str = "POST") -> Reply:
    parsed = http.client.HTTPResponse(opened, method=method)
    try:
        parsed.begin()
        return Reply(parsed)
    finally:
        parsed.close()


def exchange(port: int, raw: bytes, method: str = "POST") -> Reply:
    """One request on a connection of its own."""
    with connection(port) as opened:
        with contextlib.suppress(ConnectionError):  # refused before all of it was read
            opened.sendall(raw)
        return read_reply(opened, method)


def request_bytes(
    method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes = b""
) -> bytes:
    """The request as written: headers keep their order and spelling."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
