"""Who may come in: the key, its scope, the origin and the address (collect 2.2, 2.4)."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyfold.collect import cors
from journeyfold.collect.admit import Gate
from journeyfold.collect.door import Door
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.keys import COLLECT_SCOPE, Denied, Presented, agreed, opened, within
from journeyfold.collect.reply import Answer, refusal
from journeyfold.collect.request import Request
from journeyfold.core.keys import ApiKey


class Access(msgspec.Struct, frozen=True):
    """A key that opened its source's gate, and the CORS headers of every answer from here on."""

    key: ApiKey
    gate: Gate
    headers: cors.Headers


def access(
    door: Door, request: Request, presented: Iterable[Presented], now_us: int
) -> Access | Answer:
    """The gate behind the request's key, or the answer that refuses."""
    one = agreed(presented)
    key = one if isinstance(one, Denied) else opened(door.keys, one, now_us, request.ip)
    gate = None if isinstance(key, Denied) else door.gates().get(key.source)
    origin = request.headers.get(b"origin")
    if isinstance(key, Denied) or gate is None:
        door.audit(key.cause if isinstance(key, Denied) else "no_such_source", request.ip)
        return refusal(Refused("unauthorized"), cors.shared(origin, has_list=False), closes=True)
    origins = key.origins or gate.source.origins
    if not cors.is_allowed(origin, origins):
        return refusal(Refused("origin"), closes=True)
    headers = cors.shared(origin, has_list=bool(origins))
    if gate.source.allow_ips and not within(request.ip, gate.source.allow_ips):
        return refusal(Refused("unauthorized"), headers, closes=True)
    if COLLECT_SCOPE not in key.scopes:
        return refusal(Refused("scope"), headers, closes=True)
    return Access(key, gate, headers)
