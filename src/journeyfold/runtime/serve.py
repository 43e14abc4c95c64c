"""The `serve` process: one ASGI application on uvicorn, behind the guard.

The socket was bound by the supervisor. The process ends when it is told to, or when its parent is
gone; requests under way are answered first.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
import uvicorn

from journeyfold.adapters.disk_room import room
from journeyfold.collect.enrich import agent_of
from journeyfold.collect.http import Collector
from journeyfold.collect.request import Request, request_of
from journeyfold.project.standing import standing
from journeyfold.runtime.guard import Guard, GuardSettings
from journeyfold.runtime.guard_headers import error_body
from journeyfold.runtime.guard_protocol import ConnectionLimits, server_options
from journeyfold.runtime.lagging import oldest_us
from journeyfold.runtime.notify import Listener
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.scrape import why_not
from journeyfold.runtime.supervisor import end_with_parent
from journeyfold.runtime.worker import Push
from journeyfold.sources.inventory import MAIL_PRESETS

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]
LAG_MAX_RECORDS = 5_000  # a rebuild: the first answers would be about half of the people
LAG_MAX_US = 5_000_000  # OBS-2: more lag than this is not ready
PER_ADDRESS, PER_LOOPBACK = 50, 1_000  # connections; on the loopback all programs share one address


class Front:
    """Collector first, then health, then what is behind: the hot paths pass one test each."""

    def __init__(self, platform: Platform, behind: App) -> None:
        self._platform, self._behind = platform, behind
        self._collect = Collector(platform.door)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if Collector.owns(path) and not self._is_about_mail(path):
            with self._platform.telemetry.ingest_seconds.time():
                await self._collect(scope, receive, send)
            return
        match path:
            case "/healthz":
                await _reply(send, 200, self._health())
            case "/readyz":
                problems = self._problems()
                await _reply(
                    send, 503 if problems else 200, {"ready": not problems, "problems": problems}
                )
            case "/metrics":
                await self._metrics(request_of(scope), send)
            case _:
                await self._behind(scope, receive, send)

    def _is_about_mail(self, path: str) -> bool:
        """A hook whose deliveries say what became of messages: those have a face of their own."""
        if not path.startswith("/hooks/"):
            return False
        gate = self._platform.door.gates().get(path[7:].rstrip("/"))
        return gate is not None and gate.source.preset in MAIL_PRESETS

    async def _metrics(self, request: Request, send: Any) -> None:
        door = self._platform.door
        if (denied := why_not(request, door.keys, door.now_us())) is not None:
            door.audit(denied.cause, request.ip)
            said = error_body("unauthorized", "off this machine, figures need a server key")
            await _send(send, 401, b"application/json", said)
            return
        await _send(send, 200, b"text/plain; version=0.0.4", self._platform.telemetry.text())

    def _health(self) -> dict[str, object]:
        newest = self._platform.versions.newest
        return {"status": "ok", "project": newest.hash[:12] if newest else ""}

    def _problems(self) -> list[str]:
        """Why this process should get no traffic; empty when it should."""
        platform = self._platform
        state = platform.state()
        if state is None or platform.compiled is None:
            return ["the state is being built"]
        with state.read() as reader:
            folded = standing(reader)
        head, _ = platform.log.head()
        waited_us = oldest_us(platform.log, folded.offset, platform.clock.now_us())
        problems = []
        if head - folded.offset > LAG_MAX_RECORDS or waited_us > LAG_MAX_US:
            problems.append(f"the fold is {head - folded.offset} records behind")
        reserve = platform.project.settings.disk.reserve_bytes
        if room(platform.place.data, reserve).is_short:
            problems.append("the disk is below its reserve")
        return problems


async def serve(
    platform: Platform, behind: App, listening: socket.socket, name: str,
    on_push: Callable[[Push], None],
) -> None:  # fmt: skip
    """Until a signal or the end of the parent."""
    settings = platform.project.settings.server
    app = Guard(
        Front(platform, behind),
        GuardSettings(settings.names, settings.trusted_proxies, Collector.owns),
    )
    limits = ConnectionLimits(
        connections_per_ip=PER_LOOPBACK if is_loopback(listening) else PER_ADDRESS,
        trusted_proxies=settings.trusted_proxies,
    )
    config = uvicorn.Config(
        app, loop="uvloop", lifespan="off", log_level="warning", timeout_graceful_shutdown=5,
        **server_options(limits),
    )  # fmt: skip
    server = uvicorn.Server(config)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        loop.call_soon_threadsafe(setattr, server, "should_exit", True)

    end_with_parent(stop)
    listener = Listener(platform.place.run, name)
    listener.socket.setblocking(False)
    loop.add_reader(listener.socket, _take_pushes, listener, platform, on_push)
    following = asyncio.create_task(platform.follow())
    loop.run_in_executor(None, warm)
    try:
        await server.serve(sockets=[listening])
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        loop.remove_reader(listener.socket)
        listener.close()
        platform.close()


def warm() -> None:
    """Load what the first request of its kind would wait for: the patterns of user agents."""
    agent_of("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")


def is_loopback(listening: socket.socket) -> bool:
    return str(listening.getsockname()[0]) in {"127.0.0.1", "::1"}


def _take_pushes(listener: Listener, platform: Platform, on_push: Callable[[Push], None]) -> None:
    for message in listener.drain():
        text = listener.open(message)
        if text:
            with contextlib.suppress(msgspec.MsgspecError):
                on_push(msgspec.json.decode(text, type=Push))
    platform.refresh()


async def _reply(send: Any, status: int, body: dict[str, object]) -> None:
    await _send(send, status, b"application/json", msgspec.json.encode(body))


async def _send(send: Any, status: int, media: bytes, body: bytes) -> None:
    headers = [
        (b"content-type", media), (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
