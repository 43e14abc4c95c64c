"""The client of everything that leaves by HTTP: kept connections, and never inside (journeys A22).

A host is resolved once for a connection, each of its addresses is judged, and the connection goes
to the address that was judged: the name is not asked again. Redirects are answers like any other.
A whole answer has one deadline, however slowly it drips, and at most `body_max` bytes of it are
kept.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import NamedTuple, TypeAlias

import httptools

from journeyfold.activate.destination import RESPONSE_MAX, Answer, Call
from journeyfold.activate.headers import HOPS, HOPS_MAX, headers_problem
from journeyfold.activate.reach import Address, Reach, Target, UrlError, inside, target_of

CONNECT_S = 5.0
IDLE_S = 50.0  # many servers close at 60
IDLE_MAX = 64  # kept connections of one origin, as many as a destination's concurrency
KEPT_MAX = 512  # and of all
HEAD_MAX = 64 * 1024
_READ = 64 * 1024

Resolve: TypeAlias = Callable[[str, int], Sequence[Address]]
_ORIGIN: TypeAlias = tuple[str, str, int]


class Barred(Exception):  # noqa: N818 - it is a rule kept, not a fault
    """An address, or a header of the project's, that no request may have."""


class Loop(Exception):  # noqa: N818 - it is a rule kept, not a fault
    """A request that has come through too many of us."""


class Unreached(Exception):  # noqa: N818 - it is a state of the world
    """No connection could be made."""


class Outgoing:
    """`activate.destination.Http`. Safe to call from many threads; `close` when all are done."""

    def __init__(
        self,
        reach: Reach | None = None,
        *,
        resolve: Resolve | None = None,
        context: ssl.SSLContext | None = None,
        connect_s: float = CONNECT_S,
        idle_s: float = IDLE_S,
        kept_max: int = KEPT_MAX,
        body_max: int = RESPONSE_MAX,
    ) -> None:
        self._reach, self._resolve = reach or Reach(), resolve or resolved
        self._context = context or ssl.create_default_context()
        self._connect_s, self._idle_s, self._kept_max = connect_s, idle_s, kept_max
        self._body_max = body_max
        self._kept: dict[_ORIGIN, list[_Kept]] = {}
        self._lock = threading.Lock()
        self._count = 0
        self._is_closed = False

    def __call__(self, call: Call) -> Answer:
        deadline = time.monotonic() + call.timeout_s
        try:
            target = target_of(call.url)
            request = _request(call, target)
            connection = self._connection(target, deadline)
        except Loop as error:
            return Answer(0, problem=str(error), is_refused=True)
        except (Barred, UrlError) as error:
            return Answer(0, problem=f"refused: {error}", is_barred=True)
        except Unreached as error:
            return Answer(0, problem=str(error), is_unreached=True)
        is_open = False
        try:
            answer, is_open = _exchange(connection, request, deadline, self._body_max)
        except TimeoutError:
            answer = Answer(0, problem=f"no whole answer within {call.timeout_s:g} s")
        except (OSError, httptools.HttpParserError) as error:
            answer = Answer(
                0, problem=f"the connection broke: {str(error) or type(error).__name__}"
            )
        finally:
            if not is_open:
                connection.close()
        if is_open:
            self._keep(target, connection)
        return answer

    def close(self) -> None:
        """Every kept connection; from here on none is kept."""
        with self._lock:
            self._is_closed = True
            kept, self._kept, self._count = self._kept, {}, 0
        for each in kept.values():
            for idle in each:
                idle.connection.close()

    def _connection(self, target: Target, deadline: float) -> socket.socket:
        while (kept := self._taken(target)) is not None:
            if _is_usable(kept, self._idle_s):
                return kept.connection
            kept.connection.close()
        return self._opened(target, deadline)

    def _taken(self, target: Target) -> _Kept | None:
        with self._lock:
            idle = self._kept.get(target[:3])
            if not idle:
                return None
            self._count -= 1
            return idle.pop()

    def _keep(self, target: Target, connection: socket.socket) -> None:
        with self._lock:
            idle = self._kept.setdefault(target[:3], [])
            has_room = len(idle) < IDLE_MAX and self._count < self._kept_max
            if has_room and not self._is_closed:
                idle.append(_Kept(connection, time.monotonic()))
                self._count += 1
                return
        connection.close()

    def _opened(self, target: Target, deadline: float) -> socket.socket:
        """To the first address that is allowed and answers."""
        host, found = target.host, self._addresses(target)
        allowed = [each for each in found if self._reach.permits(host, each)]
        if not allowed:
            raise Barred(inside(host))
        problem = ""
        for address in allowed:
            left = min(self._connect_s, deadline - time.monotonic())
            if left <= 0:
                break
            try:
                return self._dialled(target, address, left)
            except ssl.SSLError as error:
                problem = f"no secure connection to {host}: {error.reason or error}"
            except OSError as error:
                problem = f"no connection to {host}: {error.strerror or error}"
        raise Unreached(problem or f"no connection to {host} in time")

    def _addresses(self, target: Target) -> Sequence[Address]:
        try:
            return self._resolve(target.host, target.port)
        except (OSError, UnicodeError) as error:
            raise Unreached(f"the name {target.host} is not known: {error}") from None

    def _dialled(self, target: Target, address: Address, timeout_s: float) -> socket.socket:
        connection = socket.create_connection((str(address), target.port), timeout_s)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if target.scheme == "https":
                return self._context.wrap_socket(connection, server_hostname=target.host)
        except (OSError, ValueError):
            connection.close()
            raise
        return connection


def resolved(host: str, port: int) -> list[Address]:
    """The addresses of a name, as the system knows them now."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(each[4][0])) for each in found))


class _Kept(NamedTuple):
    connection: socket.socket
    since_s: float


def _is_usable(kept: _Kept, idle_s: float) -> bool:
    """A kept connection that can be read from has been closed, or said what nobody asked."""
    if time.monotonic() - kept.since_s > idle_s:
        return False
    poll = select.poll()
    poll.register(kept.connection, select.POLLIN)
    return not poll.poll(0)


def _request(call: Call, target: Target) -> bytes:
    """The bytes of a request. Raises Barred for headers that would say something else."""
    problem = headers_problem(call.headers)
    if problem:
        raise Barred(problem)
    if not call.method.isalpha() or not call.method.isupper() or call.method == "HEAD":
        raise Barred(f"{call.method} is no method that is sent")
    names = {name.lower(): value for name, value in call.headers.items()}
    hops = names.get(HOPS, "0")
    if not hops.isdecimal() or int(hops) > HOPS_MAX:
        raise Loop(f"after {hops[:20]} hops this is a loop; at most {HOPS_MAX}")
    lines = [f"{call.method} {target.path} HTTP/1.1", f"host: {target.authority}"]
    lines += [f"{name}: {value}" for name, value in names.items()]
    if "user-agent" not in names:
        lines.append("user-agent: journeyfold")
    if "accept-encoding" not in names:
        lines.append("accept-encoding: identity")
    if call.body or call.method not in {"GET", "DELETE"}:
        lines.append(f"content-length: {len(call.body)}")
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + call.body


def _exchange(
    connection: socket.socket, request: bytes, deadline: float, body_max: int
) -> tuple[Answer, bool]:
    """(the answer, may the connection be used again)."""
    connection.settimeout(_left(deadline))
    connection.sendall(request)
    reading = _Reading(body_max)
    while not reading.is_complete:
        connection.settimeout(_left(deadline))
        received = connection.recv(_READ)
        if not received:
            if not reading.ends_with_connection:
                raise ConnectionError("closed before the answer was whole")
            return reading.answer(), False
        reading.feed(received)
        if reading.is_enough:
            return reading.answer(), False
    return reading.answer(), reading.is_kept


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Reading:
    """An answer as it comes in; interim ones (1xx) are passed over (RFC 9110, 15.2)."""

    def __init__(self, body_max: int) -> None:
        self._body_max = body_max
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = self._before = self._status = 0
        self._has_head = False
        self.is_complete = self.is_kept = False

    def feed(self, received: bytes) -> None:
        if not self._has_head:
            self._before += len(received)
            if self._before > HEAD_MAX + _READ:
                raise ConnectionError("the head of the answer is too long")
        try:
            self._parser.feed_data(received)
        except httptools.HttpParserUpgrade:
            raise ConnectionError("it wants to speak something else") from None
        except httptools.HttpParserError:
            if not self.is_complete:
                raise
            self.is_kept = False  # what came after the answer is nobody's

    @property
    def ends_with_connection(self) -> bool:
        """Without a length the end of the connection is the end of the body (RFC 9112, 6.3)."""
        return (
            self._has_head
            and "content-length" not in self._headers
            and "transfer-encoding" not in self._headers
        )

    @property
    def is_enough(self) -> bool:
        return self._size > self._body_max and not self.is_complete

    def answer(self) -> Answer:
        body = b"".join(self._body)[: self._body_max]
        return Answer(self._status, self._headers, body)

    # -- what the parser calls

    def on_message_begin(self) -> None:
        if self.is_complete:
            raise ConnectionError("more came than was asked for")
        self._headers, self._body, self._size = {}, [], 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        self._has_head = self._status >= 200

    def on_body(self, body: bytes) -> None:
        if self._size <= self._body_max:
            self._body.append(body)
        self._size += len(body)

    def on_message_complete(self) -> None:
        if self._has_head:
            self.is_complete = True
            self.is_kept = self._parser.should_keep_alive()
