"""uvicorn's HTTP protocol behind our framing, with the deadlines it does not have (SEC-4, C12).

httptools takes a missing or double Host and `gzip, chunked`, and waits for ever for a head; so every
byte passes `Framing` first. Head 10 s; body 20 s and 1 KiB/s; a reply nobody reads 30 s; 1,000
connections a process and 50 an address. What is refused is answered, then the connection lingers a
moment so that the answer is not lost in a reset.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from journeyfold.runtime.framing import METHODS, Fault, Framing
from journeyfold.runtime.guard_headers import NO_STORE, SECURITY_HEADERS, error_body

LINGER_S = 1.0


class ConnectionLimits(msgspec.Struct, frozen=True):
    """What one connection, one address and one process may use."""

    head_s: float = 10.0
    body_s: float = 20.0
    body_bytes_per_s: int = 1024
    body_grace_s: float = 5.0  # before the rate is looked at
    reply_s: float = 30.0
    idle_s: int = 75
    connections: int = 1000
    connections_per_ip: int = 50
    trusted_proxies: tuple[str, ...] = ()  # many people behind one address


def server_options(limits: ConnectionLimits | None = None) -> dict[str, Any]:
    """Arguments for `uvicorn.Config`: the guarded protocol, and nothing that tells what we are."""
    limits = ConnectionLimits() if limits is None else limits
    return {
        "http": guarded_protocol(limits),
        "ws": "none",
        "server_header": False,
        "proxy_headers": False,
        "access_log": False,
        "timeout_keep_alive": limits.idle_s,
    }


def guarded_protocol(limits: ConnectionLimits) -> type[HttpToolsProtocol]:
    """A protocol class of its own per server, because uvicorn makes the instances."""
    shared = _Connections(limits)

    class Guarded(GuardedProtocol):
        connections_seen = shared

    return Guarded


class _Connections:
    """How many are open, in all and per address."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._by_ip: Counter[str] = Counter()
        self._proxies = [ip_network(each, strict=False) for each in limits.trusted_proxies]

    def enter(self, ip: str) -> bool:
        """Counts one in; False when it is one too many."""
        self._by_ip[ip] += 1
        is_proxy = any(ip_address(ip) in network for network in self._proxies) if ip else False
        return self._by_ip.total() <= self.limits.connections and (
            is_proxy or self._by_ip[ip] <= self.limits.connections_per_ip
        )

    def leave(self, ip: str) -> None:
        self._by_ip[ip] -= 1
        if self._by_ip[ip] <= 0:
            del self._by_ip[ip]


class _Lingering:
    """A transport whose close waits for an unread body, so that the reply arrives first."""

    def __init__(self, transport: asyncio.Transport, protocol: GuardedProtocol) -> None:
        self._transport = transport
        self._protocol = protocol
        self.write = transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        return self._protocol.is_ending or self._transport.is_closing()

    def close(self) -> None:
        if self._protocol.framing.in_body:
            self._protocol.linger()
        else:
            self._transport.close()


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    connections_seen: _Connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent's
        super().connection_made(transport)
        self.framing = Framing()
        self.is_ending = False
        self._bare = transport
        self.transport = _Lingering(transport, self)  # type: ignore[assignment]  # it delegates
        self._ip = self.client[0] if self.client else ""
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._body_bytes, self._body_from_s = 0, 0.0
        self._limits = self.connections_seen.limits
        if not self.connections_seen.enter(self._ip):
            self._answer(Fault(503, "busy", "too many connections"))
            return
        self._arm("head", self._limits.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections_seen.leave(self._ip)
        for name in list(self._timers):
            self._disarm(name)
        self.is_ending = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.is_ending:
            return
        was_idle, was_in_body = self.framing.is_idle, self.framing.in_body
        good, fault = self.framing.feed(data)
        if good:
            super().data_received(good)
        else:
            self._unset_keepalive_if_required()
        if self.transport.is_closing():
            return
        if fault is not None:
            self._refuse(fault)
            return
        self._watch(len(data), was_idle=was_idle, was_in_body=was_in_body)

    def send_400_response(self, msg: str) -> None:
        """What only the parser finds, such as a chunk's size that is none: in our form too."""
        del msg
        self._refuse(Fault(400, "bad_request", "the body's chunks cannot be read"))

    def pause_writing(self) -> None:
        super().pause_writing()
        self._arm("reply", self._limits.reply_s)

    def resume_writing(self) -> None:
        self._disarm("reply")
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        if self.framing.is_idle:
            super().timeout_keep_alive_handler()

    def linger(self) -> None:
        """Ends our side and lets the other finish speaking for a moment, unheard."""
        if self.is_ending:
            return
        self.is_ending = True
        for name in list(self._timers):
            self._disarm(name)
        self._unset_keepalive_if_required()
        if self._bare.can_write_eof():
            self._bare.write_eof()
        self.flow.resume_reading()
        self._timers["linger"] = self.loop.call_later(LINGER_S, self._bare.close)

    def _watch(self, size: int, *, was_idle: bool, was_in_body: bool) -> None:
        """Deadlines for what is still incomplete; a request that came whole costs none."""
        if self.framing.in_body:
            self._disarm("head")
            if not was_in_body:
                self._body_bytes, self._body_from_s = 0, self.loop.time()
                self._arm("rate", self._limits.body_grace_s)
            self._body_bytes += size
            return
        if was_in_body or "rate" in self._timers:
            self._disarm("rate")
        if self.framing.is_idle:
            self._disarm("head")
        elif was_idle or "head" not in self._timers:
            self._arm("head", self._limits.head_s)

    def _arm(self, name: str, seconds: float) -> None:
        if name not in self._timers:
            self._timers[name] = self.loop.call_later(seconds, self._due, name)

    def _disarm(self, name: str) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()

    def _due(self, name: str) -> None:
        self._timers.pop(name, None)
        if name == "reply":
            self._reset()
        elif name == "head":
            self._late("the head took too long")
        else:
            taken_s = self.loop.time() - self._body_from_s
            if self.flow.read_paused:  # we are the slow ones
                self._arm("rate", 1.0)
            elif (
                taken_s > self._limits.body_s
                or self._body_bytes < taken_s * self._limits.body_bytes_per_s
            ):
                self._late("the body came too slowly")
            else:
                self._arm("rate", 1.0)

    def _reset(self) -> None:
        """Closes at once and drops what the kernel still holds for a reader that does not read."""
        if (connection := self._bare.get_extra_info("socket")) is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._bare.abort()

    def _late(self, message: str) -> None:
        if self.framing.is_idle:
            self._bare.close()  # nothing was begun: nobody waits for an answer
        else:
            self._refuse(Fault(408, "timeout", message))

    def _refuse(self, fault: Fault) -> None:
        """An answer to the bad request itself; good ones before it are answered first."""
        cycle: RequestResponseCycle | None = self.cycle  # None until a first head is complete
        if cycle is not None and not cycle.response_complete:
            if not cycle.more_body:
                for each in (cycle, *(queued for queued, _ in self.pipeline)):
                    each.keep_alive = False
                self.flow.pause_reading()
                return
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self.linger()
                return
        self._answer(fault)

    def _answer(self, fault: Fault) -> None:
        body = error_body(fault.code, fault.message)
        headers = [
            *SECURITY_HEADERS,
            NO_STORE,
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        if fault.status == 503:
            headers.append((b"retry-after", b"1"))
        if fault.status == 405:
            headers.append((b"allow", b", ".join(sorted(METHODS))))
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self._bare.write(STATUS_LINE[fault.status] + lines + b"\r\n" + body)
        self.linger()
