"""People as they were at a record: the log up to it, replayed for those who are asked for (X2).

Not the whole log: every record that names one of their identifiers, those that name anybody who
stands in one of these, and so on, dead links included; verdicts at any of them; and what holds for
everybody, as projects and cuts. Time passes up to the record's instant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache

from journeyfold.adapters.memory import MemoryState
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event, Record
from journeyfold.core.ports import EventLog, Fate, StateReader
from journeyfold.identity import decisions, review
from journeyfold.identity.explain import node_of_person
from journeyfold.identity.extraction import also_known
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.identity.rules import IdentityRules
from journeyfold.project.compile import Compiled, compile_project
from journeyfold.project.definitions import files_at, standing_of
from journeyfold.project.engine import Engine
from journeyfold.project.load import load

MOST = 200_000  # records of a closure
_PIECE = 1_000
_ASKED = 400  # nodes of one question to the log


class Moment:
    """A clock that stands still."""

    def __init__(self, now_us: int) -> None:
        self._now_us = now_us

    def now_us(self) -> int:
        return self._now_us


Rules = Iterable[IdentityRules]
"""All that held until then, and those of now."""


class Excerpt:
    """Some records of a log with their offsets: `core.ports.EventLog`, to be read."""

    def __init__(self, records: Iterable[Record], rules: Rules, node_key: bytes) -> None:
        self._records = sorted(records, key=lambda record: record.offset)
        self._offsets = [record.offset for record in self._records]
        self._by_node: dict[bytes, list[Record]] = {}
        for record in self._records:
            for node in _named(record, rules, node_key):
                self._by_node.setdefault(node, []).append(record)

    def read(self, after: int, limit: int) -> list[Record]:
        at = bisect_right(self._offsets, after)
        return self._records[at : at + limit]

    def history(
        self, nodes: Iterable[bytes], *, upto: int, before: int | None = None, limit: int = 0
    ) -> list[Record]:
        top = upto if before is None else min(upto, before - 1)
        found = {
            record.offset: record
            for node in nodes
            for record in self._by_node.get(node, ())
            if record.offset <= top
        }
        offsets = sorted(found, reverse=before is not None)[: limit or None]
        return [found[offset] for offset in offsets]

    def find(self, source: str, event_id: str) -> Record | None:
        wanted = (source, event_id)
        each = (one for one in self._records if (one.event.source, one.event.id) == wanted)
        return next(each, None)

    def head(self) -> tuple[int, int]:
        last = self._records[-1] if self._records else None
        return (last.offset, last.appended_us) if last else (-1, 0)

    def append(self, *_args: object, **_words: object) -> list[Fate]:
        raise AssertionError("nothing is appended to the past")


class Past:
    """What a look at a moment needs of a platform."""

    def __init__(self, state: MemoryState, engine: Engine, log: EventLog, now_us: int) -> None:
        self._state, self.log = state, log
        self.compiled = engine.compiled
        self.node_key, self.clock = engine.node_key, Moment(now_us)

    def state(self) -> MemoryState:
        return self._state


def past_of(
    log: EventLog, reader: StateReader, rules: IdentityRules, node_key: bytes,
    nodes: Iterable[bytes], offset: int,
) -> Past:  # fmt: skip
    """As the replay of the log up to and with the record at `offset` gives it.

    Raises UsageError beyond the log's end, and for a closure that is too large.
    """
    head, _ = log.head()
    if not 0 <= offset <= head:
        raise UsageError(f"as of record {offset}: the log has the records 0 to {head}")
    (last,) = log.read(offset - 1, 1)
    held = _held(log, reader, rules, offset)
    excerpt = Excerpt(_closure(log, reader, held, node_key, nodes, offset).values(), held, node_key)
    engine = Engine(excerpt, node_key, _compiled, complete_builds=True)
    state, after = MemoryState(), -1
    while records := excerpt.read(after, _PIECE):
        with state.write() as writer:
            engine.fold(writer, records)
        after = records[-1].offset
    with state.write() as writer:
        engine.fold(writer, [_now(last)])
    return Past(state, engine, excerpt, last.appended_us)


def _held(
    log: EventLog, reader: StateReader, rules: IdentityRules, upto: int
) -> list[IdentityRules]:
    """Rules that read some record otherwise than the others do (ADR 39)."""
    found = {rules.extraction: rules}
    for offset, row in decisions.context_of(reader, upto):
        if row.rule == "project":
            each = _compiled(files_at(log, offset)).project.identity
            found[each.extraction] = each
    return list(found.values())


def _closure(
    log: EventLog, reader: StateReader, rules: Rules, node_key: bytes,
    nodes: Iterable[bytes], upto: int,
) -> dict[int, Record]:  # fmt: skip
    """Offset → record."""
    offsets, beside = _said(reader, upto)
    found: dict[int, Record] = {}
    seen: set[bytes] = set()
    waiting = set(nodes)
    while waiting:
        seen |= waiting
        asked, waiting = sorted(also_known(reader, waiting)), set[bytes]()
        for at in range(0, len(asked), _ASKED):
            for record in log.history(asked[at : at + _ASKED], upto=upto):
                if record.offset not in found and record.kind != "output":
                    found[record.offset] = record
                    waiting |= _named(record, rules, node_key)
        for node in asked:
            waiting |= beside.get(node, set())
        waiting -= seen
        if len(found) > MOST:
            raise UsageError(
                f"more than {MOST:,} records are about people who share an identifier with them; "
                "ask for somebody else, or block the value that everybody has"
            )
    return found | {offset: log.read(offset - 1, 1)[0] for offset in offsets}


def _said(reader: StateReader, upto: int) -> tuple[list[int], dict[bytes, set[bytes]]]:
    """Records that the past of anybody needs; and which nodes verdicts bring together."""
    offsets: set[int] = set()
    beside: dict[bytes, set[bytes]] = {}
    project = standing_of(reader).offset
    if 0 <= project <= upto:
        offsets.add(project)
    for offset, row in decisions.context_of(reader, upto):
        offsets.add(offset)
        ends = [node for one in row.before if (node := node_of_person(one)) is not None]
        for node in ends:
            beside.setdefault(node, set()).update(ends)
    for pair in review.every(reader):
        if pair.offset <= upto:
            offsets.add(pair.offset)
    return sorted(offsets), beside


def _named(record: Record, rules: Rules, node_key: bytes) -> set[bytes]:
    if not record.event.identifiers:
        return set()
    each = (one for held in rules for one in normalised(record.event, held)[0])
    return {node_of(one, node_key) for one in each}


def _now(last: Record) -> Record:
    event = Event(
        id="as_of", name="timer.fired", type="system", source="_system", identifiers=(),
        occurred_us=last.appended_us, received_us=last.appended_us,
        properties={"until_us": last.appended_us}, context={"auth": "system"},
    )  # fmt: skip
    return Record(last.offset, last.appended_us, "timer", event)


def _compiled(files: dict[str, str]) -> Compiled:
    return _of(tuple(sorted(files.items())))


@lru_cache(maxsize=16)
def _of(files: tuple[tuple[str, str], ...]) -> Compiled:
    return compile_project(load(dict(files)))
