"""The guard before all routes, as an ASGI application (SEC-4, SEC-10, collect C12).

What a server's parser already settled is checked again where ASGI shows it, so that the platform is
no weaker behind another server. Every answer that passes here carries the security headers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import msgspec

from journeyfold.collect.request import COUNTRY
from journeyfold.runtime.framing import URL_MAX
from journeyfold.runtime.guard_headers import (
    NO_STORE,
    SECURITY_HEADERS,
    STRICT_TRANSPORT,
    error_body,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TRICK = re.compile(rb"//|/\.{1,2}(?:/|$)|%(?:2[ef]|5c|00)|[;\\]|\.$", re.IGNORECASE)
_log = logging.getLogger("journeyfold.guard")


COUNTRY_HEADERS = (
    b"cf-ipcountry", b"cloudfront-viewer-country", b"x-vercel-ip-country", b"fastly-geo-country",
    b"x-country-code",
)  # fmt: skip  # of networks in front of us; from anybody else they say nothing (collect C48)


class GuardSettings(msgspec.Struct, frozen=True):
    """`hosts` empty takes any well-formed Host: for a platform that is not reachable by others.

    Beside the names of a list this machine's own always hold, for health checks and scrapes.
    """

    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    takes_text: Callable[[str], bool] = lambda _path: False  # paths that accept text/plain (H09)


class Refusal(msgspec.Struct, frozen=True):
    status: int
    code: str
    message: str


class Guard:
    """`Guard(app, settings)`: in front of the collector, the API and the console alike."""

    def __init__(self, app: App, settings: GuardSettings | None = None) -> None:
        self._app = app
        self._settings = settings or GuardSettings()
        named = frozenset(host.lower() for host in self._settings.hosts)
        self._hosts = named | THIS_MACHINE if named else named
        self._proxies = [ip_network(each, strict=False) for each in self._settings.trusted_proxies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._why_not(scope)
        self._unproxied(scope)
        has_started = False

        async def secured(message: MutableMapping[str, Any]) -> None:
            nonlocal has_started
            if message["type"] == "http.response.start":
                has_started = True
                _secure(message, is_tls=scope["scheme"] == "https")
            await send(message)

        if refusal is not None:
            await _refuse(secured, refusal)
            return
        try:
            await self._app(scope, receive, secured)
        except Exception as bug:  # the last line: a bug becomes one honest answer and a log line
            if has_started:
                raise
            _log.error("no answer for %s", scope["path"][:200], exc_info=bug)
            await _refuse(secured, Refusal(500, "internal", "the platform failed; it was logged"))

    def _why_not(self, scope: Scope) -> Refusal | None:
        """The first rule of SEC-4 that a request breaks."""
        if scope["method"] not in METHODS:
            return Refusal(405, "method_not_allowed", "not a method of ours")
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        if len(raw_path) + len(scope["query_string"]) > URL_MAX:
            return Refusal(414, "url_too_long", f"the target is above {URL_MAX} bytes")
        if _TRICK.search(raw_path) or not raw_path.isascii():
            return Refusal(404, "not_found", "there is nothing here")
        hosts, lengths, encodings, media = _framing_headers(scope["headers"])
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return Refusal(400, "bad_host", "exactly one Host, and one of ours")
        if len(lengths) > 1 or (encodings and (lengths or encodings != [b"chunked"])):
            return Refusal(400, "bad_request", "the body's length is not clear")
        if media == b"text/plain" and not self._settings.takes_text(scope["path"]):
            return Refusal(415, "unsupported_type", "text/plain is for events only")
        return None

    def _is_ours(self, host: bytes) -> bool:
        """With or without the port: a list of names, or of names with ports."""
        if not self._hosts:
            return True
        text = host.decode("latin-1").lower()
        name = text if text.endswith("]") else text.rpartition(":")[0] or text
        return text in self._hosts or name in self._hosts

    def _unproxied(self, scope: Scope) -> None:
        """Client and scheme as a trusted proxy saw them; from anybody else they are ignored."""
        client = scope.get("client")
        if not self._proxies or not client or not _is_in(client[0], self._proxies):
            return
        headers = dict(scope["headers"])
        chain = [each.strip() for each in headers.get(b"x-forwarded-for", b"").split(b",")]
        for each in reversed(chain):  # the right-most that is no proxy of ours
            address = each.decode("latin-1")
            if not address or not _is_address(address):
                break
            scope["client"] = (address, 0)
            if not _is_in(address, self._proxies):
                break
        country = next((headers[name] for name in COUNTRY_HEADERS if name in headers), b"")
        scope[COUNTRY] = country[:2].decode("latin-1").upper()
        if headers.get(b"x-forwarded-proto") in (b"http", b"https"):
            scope["scheme"] = headers[b"x-forwarded-proto"].decode()


def _framing_headers(
    headers: Iterable[tuple[bytes, bytes]],
) -> tuple[list[bytes], list[bytes], list[bytes], bytes]:
    """(Host values, lengths, transfer encodings, media type), in one pass."""
    hosts: list[bytes] = []
    lengths: list[bytes] = []
    encodings: list[bytes] = []
    media = b""
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"content-type":
            media = value.partition(b";")[0].strip().lower()
        elif name == b"content-length":
            lengths.append(value)
        elif name == b"transfer-encoding":
            encodings.append(value.strip().lower())
    return hosts, lengths, encodings, media


def _secure(message: MutableMapping[str, Any], *, is_tls: bool) -> None:
    """Adds what the route has not said itself; a preview may carry a stricter policy of its own."""
    headers = list(message.get("headers", ()))
    said = {name for name, _ in headers}
    headers += [header for header in SECURITY_HEADERS if header[0] not in said]
    if is_tls:
        headers.append(STRICT_TRANSPORT)
    message["headers"] = headers


async def _refuse(send: Send, refusal: Refusal) -> None:
    body = error_body(refusal.code, refusal.message)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        NO_STORE,
    ]
    if refusal.status == 405:
        headers.append((b"allow", ", ".join(sorted(METHODS)).encode()))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_in(ip: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return _is_address(ip) and any(ip_address(ip) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
