"""Who may read `/metrics`: programs on this machine, and whoever has a server key (OBS-2)."""

from __future__ import annotations

from journeyfold.collect.keys import Denied, KeyStore, agreed, opened
from journeyfold.collect.request import Request

LOOPBACK = frozenset({"127.0.0.1", "::1"})


def why_not(request: Request, keys: KeyStore, now_us: int) -> Denied | None:
    """None when the request may have the figures.

    What somebody forwarded does not come from here, even where nobody named the proxy as one.
    """
    is_forwarded = b"x-forwarded-for" in request.headers or b"forwarded" in request.headers
    if request.ip in LOOPBACK and not is_forwarded:
        return None
    presented = agreed(request.keys(in_query=False))
    if isinstance(presented, Denied):
        return presented
    key = opened(keys, presented, now_us, request.ip)
    if isinstance(key, Denied):
        return key
    return None if key.kind == "srv" and not key.is_foreign else Denied("scope")
