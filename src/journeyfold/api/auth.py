"""Who calls and what they may: write keys for their own visitor, server keys by scope (SEC-6).

Keys are found and compared by the door's rules; every cause of a refusal gives the same 401.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from journeyfold.api.errors import ApiError
from journeyfold.collect import cors
from journeyfold.collect.door import Door
from journeyfold.collect.keys import Denied, agreed, opened
from journeyfold.collect.request import Request
from journeyfold.core.event import Identifier
from journeyfold.core.keys import ApiKey

ANONYMOUS = "anonymous_id"
ADMIN_SCOPE = "admin"
READS_PEOPLE = "profiles:read"
PROVEN_MAX = 1_000  # headers whose key is remembered


class Caller(msgspec.Struct, frozen=True):
    """A live key. `is_browser`: a write key, which speaks for one anonymous visitor only."""

    key_id: str
    source: str
    scopes: frozenset[str]
    is_browser: bool
    rate_per_s: int
    burst: int

    def may(self, scope: str) -> bool:
        return scope in self.scopes or ADMIN_SCOPE in self.scopes

    @property
    def auth(self) -> str:
        """What the door would stamp on a record of theirs (collect C09)."""
        return "browser" if self.is_browser else "server"


class Proven:
    """Which key an Authorization header opened: a program sends the same one with each request.

    What is remembered is a digest of the header and the key as it was stored then. It spares
    reading the header and comparing the secret again, nothing else: the key is looked up each
    time, and one that differs in anything is opened anew.
    """

    def __init__(self) -> None:
        self._keys: dict[bytes, ApiKey] = {}

    def opened(self, door: Door, request: Request, *, key_in_query: bool) -> ApiKey | Denied:
        """The live key of the request, or why there is none."""
        digest = _digest_of(request)
        now_us = door.now_us()
        known = self._keys.get(digest) if digest else None
        if known is not None and door.keys.find(known.id) == known and known.is_live(now_us):
            door.keys.saw(known, now_us)
            return known
        presented = agreed(request.keys(in_query=key_in_query))
        if isinstance(presented, Denied):
            return presented
        found = opened(door.keys, presented, now_us, request.ip)
        if digest and isinstance(found, ApiKey) and not (found.is_foreign or found.addresses):
            if len(self._keys) >= PROVEN_MAX:
                self._keys.clear()
            self._keys[digest] = found
        return found


def _digest_of(request: Request) -> bytes:
    """Of the header, when it is the only place a key may stand in; else empty."""
    header = request.headers.get(b"authorization")
    if header is None or request.query or b"x-write-key" in request.headers:
        return b""
    return blake2b(header, digest_size=32).digest()


def caller_of(
    door: Door, request: Request, scope: str, proven: Proven, *, is_public: bool, key_in_query: bool
) -> Caller:
    """The caller, or ApiError: 401 for no live key, 403 for one that may not do this."""
    found = proven.opened(door, request, key_in_query=key_in_query)
    if isinstance(found, Denied):
        door.audit(found.cause, request.ip)
        raise ApiError("unauthorized", "the key is missing, wrong, or no longer valid")
    caller = Caller(
        key_id=found.id,
        source=found.source,
        scopes=frozenset(found.scopes),
        is_browser=found.kind == "pub",
        rate_per_s=found.rate_per_s,
        burst=found.burst,
    )
    origin = request.headers.get(b"origin")
    if origin is not None:
        origins = found.origins or _origins_of(door, found.source)
        if not cors.is_allowed(origin, origins):
            raise ApiError("origin", "this key may not be used from this origin")
    if not (is_public if caller.is_browser else caller.may(scope)):
        raise ApiError("scope", f"this key may not do this; it needs the scope {scope}")
    wait_s = door.rates.wait_s(
        caller.key_id, 1, caller.rate_per_s, caller.burst, door.monotonic_s()
    )
    if wait_s > 0:
        raise ApiError("rate_limited", "too many requests with this key", retry_after_s=wait_s)
    return caller


def shared_headers(door: Door, caller: Caller | None, request: Request) -> cors.Headers:
    """CORS of a browser path's answer; credentials only where origins are listed (C16)."""
    origin = request.headers.get(b"origin")
    has_list = caller is not None and origin is not None and bool(_origins_of(door, caller.source))
    return cors.shared(origin, has_list=has_list)


def subject_of(caller: Caller, subject: Mapping[str, str | int]) -> tuple[Identifier, ...]:
    """The claimed identifiers; a write key may name its own anonymous visitor only (A7)."""
    foreign = [kind for kind in subject if kind != ANONYMOUS]
    if caller.is_browser and foreign:
        raise ApiError(
            "subject",
            "a write key speaks for an anonymous_id only; use a server key",
            f"/subject/{foreign[0]}",
        )
    return tuple(Identifier(kind, str(value)) for kind, value in subject.items())


def _origins_of(door: Door, source: str) -> tuple[str, ...]:
    gate = door.gates().get(source)
    return tuple(gate.source.origins) if gate is not None else ()
