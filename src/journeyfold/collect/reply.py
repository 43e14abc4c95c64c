"""What the door answers: counts for what it took, codes for what it did not (collect C35, C36). Pure.

Client libraries give up on most 4xx answers, so only input that can never be right gets one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.collect.json_entry import Refused
from journeyfold.core.ports import Fate, FateName

Headers = list[tuple[bytes, bytes]]

STATUS = {
    "unauthorized": 401,
    "origin": 403,
    "scope": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "timeout": 408,
    "body_too_large": 413,
    "decompressed_too_large": 413,
    "too_many_events": 413,
    "event_too_large": 413,
    "url_too_long": 414,
    "unsupported_type": 415,
    "unsupported_encoding": 415,
    "rate_limited": 429,
    "busy": 503,
}
"""Codes whose status is not 400."""

MESSAGES = {
    "unauthorized": "the key is missing, wrong, or no longer valid",
    "origin": "this key may not be used from this origin",
    "scope": "this key may not do this",
    "rate_limited": "more events than this key may send; try again later",
    "busy": "the platform takes no more just now; try again later",
    "invalid_json": "the body is not JSON",
    "empty_batch": "the batch holds no items",
}
FINE_WITHOUT_STORING = frozenset({"consent", "erased", "suppressed"})
"""Refused by a person's wish: on the wire that is no error (collect C28)."""

ITEMS_MAX = 100
_JSON = (b"content-type", b"application/json")
_encode = msgspec.json.encode


class Answer(msgspec.Struct, frozen=True):
    """A complete reply. `closes` ends the connection, as after a body left unread."""

    status: int
    body: bytes = b""
    headers: Headers = []
    closes: bool = False


class Tally(msgspec.Struct):
    """received = appended + duplicate + quarantined + rejected, for one request (collect C33)."""

    received: int = 0
    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0

    @classmethod
    def of(cls, fates: Sequence[Fate]) -> Tally:
        names = [fate.fate for fate in fates]
        appended = names.count("appended")
        if appended == len(names):
            return cls(appended, appended)
        duplicate, quarantined = names.count("duplicate"), names.count("quarantined")
        rejected = names.count("rejected")
        return cls(len(names), appended, duplicate, quarantined, rejected)

    def pairs(self) -> list[tuple[FateName, int]]:
        every: list[tuple[FateName, int]] = [
            ("appended", self.appended), ("duplicate", self.duplicate),
            ("quarantined", self.quarantined), ("rejected", self.rejected),
        ]  # fmt: skip
        return [(name, count) for name, count in every if count]


def taken(fates: Sequence[Fate], tally: Tally, headers: Headers) -> Answer:
    """200: the counts, the last offset, and what became of the items that were not appended."""
    items = (
        []
        if tally.appended == tally.received
        else [
            {"index": index, "fate": fate.fate, "code": fate.code, "pointer": fate.pointer}
            for index, fate in enumerate(fates)
            if fate.fate != "appended"
        ]
    )
    offset = max([fate.offset for fate in fates], default=-1)
    body = {
        "success": True,
        "received": tally.received,
        "appended": tally.appended,
        "duplicate": tally.duplicate,
        "quarantined": tally.quarantined,
        "rejected": tally.rejected,
        "offset": offset if offset >= 0 else None,
        "items": items[:ITEMS_MAX],
    }
    return Answer(200, _encode(body), [_JSON, *headers])


def refusal(
    why: Refused, headers: Headers | None = None, *, index: int | None = None,
    retry_after_s: int = 0, closes: bool = False,
) -> Answer:  # fmt: skip
    """One error in the platform's one form (trust 5)."""
    message = why.detail or MESSAGES.get(why.code, why.code.replace("_", " "))
    if why.code == "unauthorized":  # one body for every cause (collect C08)
        why, message = Refused("unauthorized"), MESSAGES["unauthorized"]
    error = {"code": why.code, "message": message, "pointer": why.pointer, "index": index}
    extra: Headers = [_JSON, *(headers or [])]
    if retry_after_s:
        extra.append((b"retry-after", str(max(1, min(60, retry_after_s))).encode()))
    return Answer(STATUS.get(why.code, 400), _encode({"error": error}), extra, closes)
