"""Who calls and what they may: write keys for their own visitor, server keys by scope (SEC-6).

Keys are found and compared by the door's rules; every cause of a refusal gives the same 401.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from journeyfold.api.errors import ApiError
from journeyfold.collect import cors
from journeyfold.collect.door import Door
from journeyfold.collect.keys import Denied, agreed, opened
from journeyfold.collect.request import Request
from journeyfold.core.event import Identifier

ANONYMOUS = "anonymous_id"
ADMIN_SCOPE = "admin"
READS_PEOPLE = "profiles:read"


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


def caller_of(
    door: Door, request: Request, scope: str, *, is_public: bool, key_in_query: bool
) -> Caller:
    """The caller, or ApiError: 401 for no live key, 403 for one that may not do this."""
    presented = agreed(request.keys(in_query=key_in_query))
    found = (
        presented
        if isinstance(presented, Denied)
        else opened(door.keys, presented, door.now_us(), request.ip)
    )
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
    origins = found.origins or _origins_of(door, found.source)
    if not cors.is_allowed(request.headers.get(b"origin"), origins):
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
    has_list = caller is not None and bool(_origins_of(door, caller.source))
    return cors.shared(request.headers.get(b"origin"), has_list=has_list)


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
