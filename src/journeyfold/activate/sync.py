"""A sync: which rows the other side should have, and what tells them from those it has (A30).

A row is keyed by a value of the person and hashed over what was mapped. The other side has what it
acknowledged, row by row; here the two are compared, in any order of people, without a clock.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from hashlib import blake2b
from typing import Annotated, Literal, NamedTuple, TypeAlias

import msgspec

from journeyfold.activate.forward import FIELDS_MAX, Duration, FieldMap, Name, Slug
from journeyfold.core.event import Json

Change: TypeAlias = Literal["withdraw", "remove", "change", "add"]
Percent: TypeAlias = Annotated[str, msgspec.Meta(pattern="^(100|[1-9]?[0-9])%$", examples=["30%"])]
KEY = "key"  # what the row's key is called in a parcel's body
KEY_MAX = 512

_CANONICAL = msgspec.json.Encoder(order="deterministic").encode


class Audience(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whose rows: the members of a segment, or everybody a condition holds for."""

    segment: Name | None = None
    where: str | None = None

    def __post_init__(self) -> None:
        if (self.segment is None) == (self.where is None):
            raise ValueError("a sync is from one of segment and where")


class Sync(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename={"audience": "from"},
):
    """`mirror` also removes, `upsert` never does, `append` sends each row once.

    `first_run: baseline` takes for granted that the other side has what is there at first. More
    than `max_removed` of the rows gone stops the sync until somebody confirms it.
    """

    id: Slug
    audience: Audience
    key: Annotated[str, msgspec.Meta(min_length=1)]
    map: FieldMap = {}
    mode: Literal["mirror", "upsert", "append"] = "mirror"
    every: Duration = "15m"
    first_run: Literal["full", "baseline"] = "full"
    max_removed: Percent = "30%"
    purpose: str = ""

    def __post_init__(self) -> None:
        if len(self.map) > FIELDS_MAX:
            raise ValueError(f"at most {FIELDS_MAX} fields are mapped")
        if KEY in self.map:
            raise ValueError(f"`{KEY}` is the row's key itself; map to another name")
        if self.every[:-1] == "0":
            raise ValueError("`every` is at least 1s")


class Row(NamedTuple):
    """What the other side should have of one person. `digest` is of the key and `hash` of all of
    it, both keyed: they stand in the log and tell nothing.
    """

    digest: bytes
    hash: str
    key: str | int
    person: str
    fields: dict[str, Json]


def row_of(secret: bytes, where: str, key: str | int, person: str, fields: dict[str, Json]) -> Row:
    """`where` names destination and sync: a row of one is none of another."""
    digest = blake2b(_CANONICAL([where, key]), key=secret, digest_size=16).digest()
    content = blake2b(_CANONICAL([where, key, fields]), key=secret, digest_size=12)
    return Row(digest, content.hexdigest(), key, person, fields)


def usable_key(value: Json) -> str | int | None:
    """A text that is not empty, or an integer; anything else is no key."""
    if isinstance(value, str):
        return value if 0 < len(value) <= KEY_MAX else None
    return value if type(value) is int else None


def change_of(sync: Sync, row: Row, acknowledged: str | None) -> Change | None:
    """What a row that should be there calls for; `acknowledged` is the hash the other side has."""
    if acknowledged is None:
        return "add"
    return "change" if acknowledged != row.hash and sync.mode != "append" else None


class Seen:
    """The digests of one look at everybody. After `close` it answers.

    Eight bytes of each are kept: a million rows are 8 MB, and two of them meet by chance once in
    40 million looks.
    """

    def __init__(self) -> None:
        self._drawers = [array("Q") for _ in range(256)]

    def add(self, digest: bytes) -> None:
        self._drawers[digest[0]].append(int.from_bytes(digest[:8], "big"))

    def close(self) -> None:
        self._drawers = [array("Q", sorted(drawer)) for drawer in self._drawers]

    def __contains__(self, digest: bytes) -> bool:
        return self._times(digest) > 0

    def is_repeated(self, digest: bytes) -> bool:
        return self._times(digest) > 1

    def repeated(self) -> int:
        """How many rows share a key with another."""
        return sum(
            1
            for drawer in self._drawers
            for at, one in enumerate(drawer)
            if (at and drawer[at - 1] == one) or (at + 1 < len(drawer) and drawer[at + 1] == one)
        )

    def _times(self, digest: bytes) -> int:
        drawer, wanted = self._drawers[digest[0]], int.from_bytes(digest[:8], "big")
        at = bisect_left(drawer, wanted)
        return sum(1 for one in drawer[at : at + 2] if one == wanted)


def gone(sync: Sync, digest: bytes, current: Seen, withdrawn: Seen) -> Change | None:
    """What becomes of an acknowledged row after a look at everybody.

    Who withdrew consent is taken away in every mode: a list that only grows is no reason to keep
    somebody on it.
    """
    if digest in current:
        return None
    if digest in withdrawn:
        return "withdraw"
    return "remove" if sync.mode == "mirror" else None


def is_too_much(sync: Sync, removed: int, acknowledged: int) -> bool:
    """Would more vanish than a sync may take away unasked? Withdrawals do not count."""
    share = int(sync.max_removed[:-1])
    return removed * 100 > acknowledged * share
