"""The shapes of requests and replies that several operations share.

These structs decode the requests and are the OpenAPI document, so what is documented is what is
checked.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from journeyfold.core.event import Json
from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import Fate, FateName

NOT_NUL = "^[^\\x00]*$"

Id: TypeAlias = Annotated[str, Meta(min_length=1, max_length=255, pattern=NOT_NUL)]
RequestId: TypeAlias = Annotated[
    str,
    Meta(min_length=1, max_length=100, pattern=NOT_NUL, description="makes the call repeatable"),
]
Kind: TypeAlias = Annotated[str, Meta(min_length=1, max_length=64, pattern=NOT_NUL)]
Value: TypeAlias = Annotated[str, Meta(min_length=1, max_length=512, pattern=NOT_NUL)]
IntegerId: TypeAlias = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Subject: TypeAlias = Annotated[
    dict[Kind, Value | IntegerId],
    Meta(
        min_length=1,
        max_length=10,
        description="identifiers by kind",
        examples=[{"user_id": "u1", "anonymous_id": "a9"}],
    ),
]
Context: TypeAlias = Annotated[
    dict[str, Json], Meta(max_length=100, examples=[{"page": "/", "device": "mobile"}])
]
PageSize: TypeAlias = Annotated[int, Meta(ge=1, le=500)]
Offset: TypeAlias = Annotated[int, Meta(ge=-1, le=2**53)]
InstantUs: TypeAlias = Annotated[
    int, Meta(ge=0, le=2**53, description="microseconds since 1970, UTC")
]


class Taken(msgspec.Struct, frozen=True):
    """What became of what was sent: received = appended + duplicate + quarantined + rejected."""

    success: bool
    received: int
    appended: int
    duplicate: int
    quarantined: int
    rejected: int
    offset: int | None
    items: tuple[ItemFate, ...] = ()


class ItemFate(msgspec.Struct, frozen=True):
    """Only what was not appended is listed (collect C35)."""

    index: int
    fate: FateName
    code: str
    pointer: str


class IdentifierBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Kind
    value: Value


class Page(msgspec.Struct, frozen=True):
    """Newest first; `before` is the `next_before` of the page before."""

    before: Offset | None = None
    limit: PageSize = 50


Dry: TypeAlias = Annotated[bool, Meta(description="count only, change nothing")]
ConsentState: TypeAlias = Literal["granted", "denied"]


def taken(fates: list[Fate]) -> Taken:
    counts = {
        name: sum(fate.fate == name for fate in fates)
        for name in ("appended", "duplicate", "quarantined", "rejected")
    }
    last = max((fate.offset for fate in fates), default=-1)
    return Taken(
        success=True,
        received=len(fates),
        offset=last if last >= 0 else None,
        items=tuple(
            ItemFate(index, fate.fate, fate.code, fate.pointer)
            for index, fate in enumerate(fates)
            if fate.fate != "appended"
        ),
        **counts,
    )


def moment(us: int) -> str:
    """An instant as people and JavaScript read it."""
    return rfc3339(us)
