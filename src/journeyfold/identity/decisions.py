"""What was decided about who is who, one row a decision: the audit trail of identity (X3).

Rows are written in the transaction of the record that caused them, under its offset, so a rebuild
writes the same. They name people and evidence by ids only, never by an identifier.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal, TypeAlias, assert_never

import msgspec

from journeyfold.core.event import Record
from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.identity.change import Change, Merged, Reanchored, Split, Suppressed
from journeyfold.identity.evidence import Block, CannotLink, Link, Mark, Retract, trust
from journeyfold.identity.normalise import person_id
from journeyfold.identity.review import REVIEWED
from journeyfold.identity.review import SOURCE as LINKAGE_SOURCE

SPACE = "id_audit"
Kind: TypeAlias = Literal[
    "merge", "split", "rename", "suppress", "hub", "review", "link", "cannot_link", "block",
    "retract", "context",
]  # fmt: skip
"""From `review` on they are said: an answer of a reviewer, and verdicts of people and models.
`context` are records that hold for everybody: a project, cuts, an erasure; only `context_of` shows
them.
"""
SAID = frozenset({"review", "link", "cannot_link", "block", "retract"})
_CONTEXT = frozenset({"project", "definition", "cutpoints", "journey"})
_LAST = 2**32 - 1  # the number of a context row in its record


class Decision(msgspec.Struct, frozen=True, array_like=True):
    """`rule` is the method of the evidence, or why a link is not used; `project` the version.

    `before` and `after` are ids of people; of a verdict, the ids that its two ends have by
    themselves. `undo` is the evidence that would take it back: `retract ID`, or `link ID` as a
    review for what was refused.
    """

    kind: Kind
    at_us: int
    event: str
    actor: str
    rule: str
    project: str
    links: list[str] = []
    score: float | None = None
    before: list[str] = []
    after: list[str] = []
    undo: str = ""


class Situation(msgspec.Struct, frozen=True):
    """The record that was decided on, what it said anew, and the version in force."""

    record: Record
    taken: Sequence[Link | Mark]
    project: str


_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(Decision).decode


def decisions(found: Situation, changes: Iterable[Change]) -> Iterator[Decision]:
    """Verdicts first, then what they and the sightings changed, in order."""
    rule = rule_of(found.record)
    if found.record.kind == "evidence":
        if found.record.event.name == REVIEWED:
            said = str(found.record.event.properties.get("verdict"))
            yield _row(found, "review", said)
        for one in found.taken:
            yield _verdict(found, one, rule)
    score = next((one.score for one in found.taken if isinstance(one, Link)), None)
    links = [one.id.hex() for one in found.taken if isinstance(one, Link)]
    undo = f"retract {found.taken[0].id.hex()}" if found.taken else ""
    for change in changes:
        match change:
            case Merged(source, target, _):
                yield _row(found, "merge", rule, links, score, [source, target], [target], undo)
            case Split() if change.only_refolds:
                continue
            case Split(person, parts, _):
                after = [part.person for part in parts]
                yield _row(found, "split", rule, links, score, [person], after, undo)
            case Reanchored(source, target, _):
                yield _row(found, "rename", rule, links, score, [source], [target])
            case Suppressed(link, reason):
                is_hub = reason.startswith("hub ")
                back = "" if is_hub else f"link {link}"
                yield _row(found, "hub" if is_hub else "suppress", reason, [link], score, undo=back)
            case _:
                assert_never(change)


def rule_of(record: Record) -> str:
    """`event`, `alias`, `import`; of a record of evidence what it is: `link`, `linkage.proposed`."""
    if record.kind != "evidence":
        return trust(record.event)[1] if record.kind == "event" else record.kind
    return str(record.event.properties.get("verdict") or record.event.name)


def actor_of(record: Record) -> str:
    """Who said it: a person or a key where the door knows one, else the source."""
    for known in (record.event.context.get("by"), record.event.properties.get("by")):
        if isinstance(known, str) and known:
            return known
    return record.event.source


def stage(writer: StateWriter, offset: int, rows: Iterable[Decision]) -> None:
    """Write the rows of one record."""
    for number, row in enumerate(rows):
        writer.put(SPACE, _key(offset, number), _ENCODE(row))


def since(
    reader: StateReader, offset: int = 0, limit: int = 0
) -> Iterator[tuple[int, int, Decision]]:
    """(offset, number within the record, row) from an offset on; at most `limit`, 0 for all."""
    seen = 0
    for key, raw in reader.scan(SPACE, _key(offset, 0)):
        number = int.from_bytes(key[8:], "big")
        if number == _LAST:
            continue
        yield int.from_bytes(key[:8], "big"), number, _DECODE(raw)
        seen += 1
        if seen == limit:
            return


def last(
    reader: StateReader, head: int, limit: int, *, by_models: bool = True
) -> list[tuple[int, int, Decision]]:
    """The newest rows, newest first: looked for in ever longer stretches before the last record.

    Without `by_models` those are left out that a run of linkage proposed, thousands at a time.
    """
    length = 1_000
    while True:
        begin = max(0, head + 1 - length)
        found = [
            each for each in since(reader, begin) if by_models or each[2].actor != LINKAGE_SOURCE
        ]
        if len(found) >= limit or begin == 0:
            return found[: -limit - 1 : -1]
        length *= 10


def stage_context(writer: StateWriter, record: Record) -> None:
    """A record that the past of anybody needs, whoever they are; others are passed over."""
    if record.kind in _CONTEXT:
        _put_context(writer, record)


def _put_context(writer: StateWriter, record: Record) -> None:
    row = Decision("context", record.appended_us, record.event.id, "", record.kind, "")
    writer.put(SPACE, _key(record.offset, _LAST), _ENCODE(row))


def context_of(reader: StateReader, upto: int) -> list[tuple[int, Decision]]:
    """What was said, and what holds for everybody, up to an offset."""
    wanted = tuple(_ENCODE(kind) for kind in sorted(SAID | {"context"}))
    return [
        (int.from_bytes(key[:8], "big"), _DECODE(raw))
        for key, raw in reader.scan(SPACE, b"", _key(upto + 1, 0))
        if raw[1:].startswith(wanted)
    ]


def forget(writer: StateWriter, people: Collection[str], record: Record) -> None:
    """Rows that name people whom the record erased go with them (M7)."""
    if not people:
        return
    _put_context(writer, record)
    names = [one.encode() for one in people]
    for key in [key for key, raw in writer.scan(SPACE) if any(one in raw for one in names)]:
        writer.delete(SPACE, key)


def _verdict(found: Situation, said: Link | Mark, rule: str) -> Decision:
    undo = f"retract {said.id.hex()}"
    match said:
        case Link():
            ends, id_ = [person_id(said.a), person_id(said.b)], [said.id.hex()]
            return _row(found, "link", rule, id_, said.score, before=ends, undo=undo)
        case CannotLink():
            ends = [person_id(said.a), person_id(said.b)]
            return _row(found, "cannot_link", rule, before=ends, undo=undo)
        case Block():
            return _row(found, "block", f"block {said.kind}", undo=undo)
        case Retract():
            target = [said.target.hex()] if said.selector is None else []
            return _row(found, "retract", rule, target, undo=undo)


def _row(
    found: Situation, kind: Kind, rule: str, links: list[str] | None = None,
    score: float | None = None, before: list[str] | None = None, after: list[str] | None = None,
    undo: str = "",
) -> Decision:  # fmt: skip
    record = found.record
    return Decision(
        kind=kind, at_us=record.appended_us, event=record.event.id, actor=actor_of(record),
        rule=rule, project=found.project, links=links or [], score=score, before=before or [],
        after=after or [], undo=undo,
    )  # fmt: skip


def _key(offset: int, number: int) -> bytes:
    return offset.to_bytes(8, "big") + number.to_bytes(4, "big")
