"""Evidence that people give: what it would change, and the record that says it (identity E4, E5).

A dry run asks the resolver itself, over what is committed, and throws its answer away; so what is
shown is what the fold will do if nothing else happens before.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyfold.core.effect import effect_id
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event, Identifier, Json, Record
from journeyfold.core.ports import EventLog, StateReader
from journeyfold.identity import review
from journeyfold.identity.change import Change, Merged, Reanchored, Split, Suppressed
from journeyfold.identity.evidence import Verdict
from journeyfold.identity.normalise import identifier as normalised
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.rules import IdentityRules
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.people import profile_of

GIVEN = "_evidence"
"""The source of links that somebody said outside of the review queue."""


class Holding(msgspec.Struct, frozen=True):
    """What somebody has after a merge or split: segments they are in, journeys on the way, counts."""

    segments: tuple[str, ...]
    journeys: tuple[str, ...]
    events: int
    messages: int


class Consequence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change. `people` are who it is about, the one who stays last; `parts` of a split hold
    identifiers as `kind:value`. `holds` is what each of `people` has once it is done, None for
    nobody; a dry run and an answer before the fold came to it have none.
    """

    change: str
    people: tuple[str, ...] = ()
    parts: tuple[tuple[str, ...], ...] = ()
    why: str = ""
    holds: tuple[Holding | None, ...] = ()


class EvidenceDone(msgspec.Struct, frozen=True):
    """`offset` is the record's, None in a dry run; no consequences: no effect yet."""

    verdict: str
    consequences: tuple[Consequence, ...]
    offset: int | None = None


def checked(verdict: Verdict, rules: IdentityRules) -> Verdict:
    """The verdict, if its ends can name somebody and its target can be evidence. UsageError."""
    for end in (verdict.a, verdict.b):
        if end is not None and normalised(end.kind, end.value, rules) is None:
            kinds = [each.name for each in rules.kinds]
            if end.kind in kinds:
                raise UsageError(
                    f"{end.kind}:{end.value} names nobody: '{end.value}' is no usable {end.kind}"
                )
            raise UsageError(
                f"{end.kind}:{end.value} names nobody: write kind:value; "
                f"{did_you_mean(end.kind, kinds)}"
            )
    if verdict.a is not None and verdict.a == verdict.b:
        raise UsageError("both ends are the same identifier; name two")
    if verdict.kind is not None and verdict.kind not in rules.by_name:
        guess = did_you_mean(verdict.kind, list(rules.by_name))
        raise UsageError(f"there is no kind '{verdict.kind}'; {guess}".rstrip("; "))
    if verdict.target is not None and not _is_evidence_id(verdict.target):
        raise UsageError(
            f"'{verdict.target}' is no id of evidence: 32 hexadecimal digits, as a person's "
            "identity shows them"
        )
    return verdict


def consequences(
    verdict: Verdict, reader: StateReader, rules: IdentityRules, node_key: bytes, log: EventLog,
    now_us: int,
) -> tuple[Consequence, ...]:  # fmt: skip
    """What the verdict would change about people if it were folded next."""
    head, _ = log.head()
    resolver = Resolver(rules, node_key, reader, lambda nodes, upto: log.history(nodes, upto=upto))
    record = Record(head + 1, now_us, "evidence", event_of(verdict, "dry run", now_us))
    changes = resolver.resolve(record).changes
    return tuple(_told(change, resolver) for change in changes)


def with_holdings(told: Iterable[Consequence], reader: StateReader) -> tuple[Consequence, ...]:
    """Once the fold has done it."""
    return tuple(
        msgspec.structs.replace(one, holds=tuple(_holding(reader, each) for each in one.people))
        if one.change in {"merged", "split"}
        else one
        for one in told
    )


def _holding(reader: StateReader, person: str) -> Holding | None:
    profile = profile_of(reader, person)
    if profile is None:
        return None
    live = sorted({one.journey for one in profile.journeys if not one.ended_us})
    segments = tuple(sorted(profile.memberships))
    return Holding(segments, tuple(live), profile.events, len(profile.contacts))


def event_of(verdict: Verdict, by: str, now_us: int) -> Event:
    """The record's event. Said twice, it is said twice: what was retracted lives again."""
    said: dict[str, Json] = msgspec.to_builtins(verdict)
    key = effect_id(msgspec.json.encode([said, by], order="sorted").decode())
    return review.verdict(said, key, GIVEN, now_us, by)


def _told(change: Change, resolver: Resolver) -> Consequence:
    match change:
        case Merged():
            return Consequence("merged", (change.source, change.target))
        case Reanchored():
            return Consequence("renamed", (change.source, change.target))
        case Suppressed():
            return Consequence("refused", why=change.reason)
        case Split():
            parts = tuple(
                tuple(sorted(_name(node, resolver) for node in part.nodes)) for part in change.parts
            )
            return Consequence("split", tuple(part.person for part in change.parts), parts)


def _name(node: bytes, resolver: Resolver) -> str:
    identifier = resolver.identifier(node)
    return f"{identifier.kind}:{identifier.value}" if identifier else node.hex()


def claim_of(who: str) -> Identifier:
    """`user_id:42` as an identifier; UsageError for anything else."""
    kind, colon, value = who.partition(":")
    if not colon or not kind or not value:
        raise UsageError(f"'{who}' is no identifier; write kind:value, as user_id:42")
    return Identifier(kind, value)


def _is_evidence_id(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)
