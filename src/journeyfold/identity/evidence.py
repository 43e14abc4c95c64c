"""What has been said about who is who: a grow-only set of links and verdicts (identity E1-E9).

Joining two sets is union, so order, repetition and partitions of delivery cannot change it. Ids are
hashes of what is claimed: a repeated sighting has the id of the first and adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.event import Event, Identifier, Record
from journeyfold.identity.normalise import is_unsigned_client
from journeyfold.identity.rules import IdentityRules, Pattern, compile_pattern

Method = Literal["event", "alias", "import", "review", "linkage"]

REVIEW, SERVER, IMPORT, CLIENT, LINKAGE = 0, 1, 2, 3, 9
"""Tiers of trust, strongest first (identity E3)."""


class Link(msgspec.Struct, frozen=True, array_like=True, tag="link", gc=False):
    """Two nodes are said to be one person. `a < b`; the witness is the earliest sighting.

    `equivalent`: both values are one for limits (identity E7).
    """

    id: bytes
    a: bytes
    b: bytes
    rank: int
    occurred_us: int
    event: str
    source: str
    method: Method
    batch: str = ""
    score: float | None = None
    offset: int = -1  # of the witness
    equivalent: bool = False

    @property
    def order(self) -> tuple[int, int, bytes]:
        """Canonical order (identity R4)."""
        return (self.rank, self.occurred_us, self.id)

    def other(self, node: bytes) -> bytes:
        return self.b if node == self.a else self.a


class CannotLink(msgspec.Struct, frozen=True, array_like=True, tag="cannot"):
    """a and b are never in one person (identity E4)."""

    id: bytes
    a: bytes
    b: bytes
    event: str
    offset: int


class Block(msgspec.Struct, frozen=True, array_like=True, tag="block"):
    """Values of `kind` in which `pattern` is found name nobody, in the past too (identity E4)."""

    id: bytes
    kind: str
    pattern: str
    event: str
    offset: int

    def matches(self, kind: str, value: str) -> bool:
        return kind == self.kind and _compiled(self.pattern).search(value) is not None


class Selector(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A predicate over links: all the parts that are given must hold (identity E5)."""

    batch: str | None = None
    source: str | None = None
    method: Method | None = None

    def __post_init__(self) -> None:
        if self.batch is None and self.source is None and self.method is None:
            raise ValueError("selector: one of batch, source, method is needed")

    def holds(self, link: Link) -> bool:
        return (
            self.batch in {None, link.batch}
            and self.source in {None, link.source}
            and self.method in {None, link.method}
        )


class Retract(msgspec.Struct, frozen=True, array_like=True, tag="retract"):
    """Kills its target, or every link its selector holds for, those to come included (E5)."""

    id: bytes
    target: bytes
    selector: Selector | None
    event: str
    offset: int


Mark: TypeAlias = CannotLink | Block | Retract
"""Evidence that is not a link."""


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """`properties` of a record of kind `evidence`: what a person or a job decided.

    link and cannot_link need `a` and `b`; retract needs `target` (hex id) or `selector`; block
    needs `kind` and `pattern`. Decode it strictly where it comes in: a wrong one is an error.
    """

    verdict: Literal["link", "cannot_link", "retract", "block"]
    a: Identifier | None = None
    b: Identifier | None = None
    target: str | None = None
    selector: Selector | None = None
    kind: str | None = None
    pattern: str | None = None
    method: Literal["review", "linkage"] = "review"
    batch: str = ""
    score: float | None = None
    equivalent: bool = False

    def __post_init__(self) -> None:
        pair = self.a is not None and self.b is not None
        if self.verdict in {"link", "cannot_link"} and not pair:
            raise ValueError(f"{self.verdict}: needs a and b, each [kind, value]")
        if self.verdict == "retract" and (self.target is None) == (self.selector is None):
            raise ValueError("retract: needs one of target and selector")
        if self.verdict == "block" and (self.kind is None or self.pattern is None):
            raise ValueError("block: needs kind and pattern")
        if self.pattern is not None:
            compile_pattern(self.pattern, "block")
        if self.equivalent and self.method == "linkage":
            raise ValueError("link: linkage cannot declare equivalence")


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Pattern:
    return compile_pattern(pattern, "block")


def verdict_of(event: Event) -> Verdict:
    return msgspec.convert(event.properties, Verdict)


def links(
    record: Record, usable: Sequence[Identifier], nodes: Sequence[bytes], rules: IdentityRules
) -> list[Link]:
    """A star from the owner to each other node; none for records that only state or decide.

    A client's record links no two account or contact ends, opt-in kinds included (identity E6).
    """
    event = record.event
    if record.kind != "event" or len(usable) < 2:
        return []
    client = is_unsigned_client(event)
    if client and rules.require_signed:
        return []
    tier, method, batch = trust(event)
    made = []
    for identifier, node in zip(usable[1:], nodes[1:], strict=True):
        if client and not {usable[0].kind, identifier.kind} & rules.devices:
            continue
        made.append(
            Link(
                id=link_id(nodes[0], node, tier, event.source, method, batch),
                a=min(nodes[0], node),
                b=max(nodes[0], node),
                rank=tier * 100 + rules.position[identifier.kind],
                occurred_us=event.occurred_us,
                event=event.id,
                source=event.source,
                method=method,
                batch=batch,
                offset=record.offset,
                equivalent=method == "alias" and not client and usable[0].kind == identifier.kind,
            )
        )
    return made


def trust(event: Event) -> tuple[int, Method, str]:
    """(tier, method, batch) of the links of one event (identity E1-E3)."""
    if event.context.get("auth") == "import":
        return IMPORT, "import", str(event.context.get("batch", ""))
    tier = CLIENT if is_unsigned_client(event) else SERVER
    return tier, "alias" if event.type == "alias" else "event", ""


def verdict_link(
    record: Record, verdict: Verdict, ends: tuple[bytes, bytes], rules: IdentityRules
) -> Link:
    """A reviewer's or a linkage run's link. A review is a batch of its own: it revives a pair."""
    assert verdict.a is not None
    assert verdict.b is not None
    event = record.event
    tier = REVIEW if verdict.method == "review" else LINKAGE
    batch = verdict.batch or (event.id if tier == REVIEW else "")
    place = max(rules.position[verdict.a.kind], rules.position[verdict.b.kind])
    return Link(
        id=link_id(*ends, tier, event.source, verdict.method, batch),
        a=min(ends),
        b=max(ends),
        rank=tier * 100 + place,
        occurred_us=event.occurred_us,
        event=event.id,
        source=event.source,
        method=verdict.method,
        batch=batch,
        score=verdict.score,
        offset=record.offset,
        equivalent=verdict.equivalent and verdict.a.kind == verdict.b.kind,
    )


def mark_of(record: Record, verdict: Verdict, ends: tuple[bytes, bytes] | None) -> Mark | None:
    """The mark of a cannot_link, block or retract verdict; None without usable ends."""
    event = record.event
    said = (event.source, event.id)
    match verdict.verdict:
        case "cannot_link" if ends is not None and ends[0] != ends[1]:
            low, high = sorted(ends)
            return CannotLink(_id("cannot", low, high, *said), low, high, event.id, record.offset)
        case "block":
            assert verdict.kind is not None
            assert verdict.pattern is not None
            id_ = _id("block", verdict.kind, verdict.pattern, *said)
            return Block(id_, verdict.kind, verdict.pattern, event.id, record.offset)
        case "retract":
            target = bytes.fromhex(verdict.target or "")
            what = msgspec.msgpack.encode(verdict.selector) if verdict.selector else target
            id_ = _id("retract", what, *said)
            return Retract(id_, target, verdict.selector, event.id, record.offset)
    return None


def link_id(a: bytes, b: bytes, tier: int, source: str, method: str, batch: str) -> bytes:
    """hash(sorted a, b; tier; source; method; batch) (identity E1)."""
    return _id("link", min(a, b), max(a, b), str(tier), source, method, batch)


def witness(one: Link, other: Link) -> Link:
    """The join of two sightings of one link: the earlier (occurred, event id)."""
    return min(one, other, key=lambda link: (link.occurred_us, link.event, link.offset))


def _id(*parts: str | bytes) -> bytes:
    """Length-prefixed, so that no two claims run together."""
    raw = [part.encode() if isinstance(part, str) else part for part in parts]
    claim = b"".join([len(part).to_bytes(4, "big") + part for part in raw])
    return blake2b(claim, digest_size=16, person=b"journeyfold.link").digest()
