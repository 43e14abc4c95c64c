"""Other rules of who names whom: all of history is taken in again, under the rules of now (ADR 39).

Who is who is a function of the set of evidence and of the rules. So where kinds, blocked values or
what a browser may claim change, every record is read again, and people before and after are
compared. What reviewers and models said is not read again: it stands in the graph, and is carried
over to the identifiers of now. Said of a kind that is gone, it waits until the kind comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

import msgspec

from journeyfold.core.event import Event, Identifier, Record
from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.identity.change import Change, Merged, Part, Split, changes_between
from journeyfold.identity.evidence import CannotLink, Link, Mark, Retract, link_id
from journeyfold.identity.graph import Graph, Node
from journeyfold.identity.marks import Marks
from journeyfold.identity.normalise import identifier, node_of, person_id
from journeyfold.identity.rules import IdentityRules
from journeyfold.identity.settle import Settlement

ALSO = "id_also"
"""Node + node: what the log's person index, made under earlier rules, knows its records by."""
AT_ONCE = 2_000
_MADE_ANEW = ("id_node", "id_comp", "id_link", "id_adj", "id_mark")
_SAID = frozenset({"review", "linkage"})

Read = Callable[[int, int], Iterable[Record]]
"""(after, limit) → the log's records in order: `EventLog.read`."""


class Reading(Protocol):
    """A resolver, as extraction uses it."""

    def usable(self, event: Event, offset: int | None = None) -> tuple[Identifier, ...]: ...

    def bound_by(self, event: Event, offset: int | None = None) -> tuple[bytes, ...]: ...

    def node(self, identifier: Identifier) -> bytes: ...

    def resolve(self, record: Record) -> object: ...

    def flush(self, writer: StateWriter) -> None: ...


class Anew(NamedTuple):
    """A resolver that starts over an empty graph; `graph` and `marks` are its own."""

    reading: Reading
    graph: Graph
    marks: Marks


class Unremembered:
    """The state, to be written to, but for the history of who was who: that stays what it was."""

    def __init__(self, state: StateWriter) -> None:
        self._state = state

    def get(self, space: str, key: bytes) -> bytes | None:
        return self._state.get(space, key)

    def scan(
        self, space: str, start: bytes = b"", stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        return self._state.scan(space, start, stop)

    def put(self, space: str, key: bytes, value: bytes) -> None:
        if space != "id_hist":
            self._state.put(space, key, value)

    def delete(self, space: str, key: bytes) -> None:
        self._state.delete(space, key)


class _Before(NamedTuple):
    nodes: dict[bytes, Node]
    anchors: dict[bytes, bytes]
    said: list[Link]
    marks: list[Mark]
    renamed: dict[bytes, tuple[bytes, Identifier]]  # node → that of its value as it is written now

    def now(self, node: bytes) -> tuple[bytes, Identifier]:
        known = self.nodes[node]
        return self.renamed.get(node, (node, Identifier(known.kind, known.value)))


def extract_again(
    record: Record, state: StateWriter, rules: IdentityRules, key: bytes, was: Reading,
    begin: Callable[[StateWriter], Anew], read: Read,
) -> tuple[Change, ...]:  # fmt: skip
    """Everybody from every record up to this one; what that changed, in the order to be applied.

    `was` reads records under the rules of before, over the state as it is now.
    """
    before = _before(state, rules, key)
    kept = [_said_now(link, before, rules) for link in before.said]
    ids = {link.id: now.id for link, (now, _) in zip(before.said, kept, strict=True)}
    _clear(state, _marks(before, ids))
    aside = Unremembered(state)
    anew, again = begin(aside), _Again(record, rules, was, key)
    again.records(anew, aside, state, read)
    for link, ends in sorted(kept, key=lambda one: one[0].order):
        again.said(anew, link, ends)
    anew.reading.flush(aside)
    return again.changes(Graph(state), state, before)


def also_known(reader: StateReader, nodes: Iterable[bytes]) -> set[bytes]:
    """These, and all that the log's person index may know their records by."""
    found, waiting = set(nodes), list(nodes)
    while waiting:
        node = waiting.pop()
        for key, _ in reader.scan(ALSO, node, node + b"\xff" * 17):
            if key[16:] not in found:
                found.add(key[16:])
                waiting.append(key[16:])
    return found


def _before(state: StateWriter, rules: IdentityRules, key: bytes) -> _Before:
    graph = Graph(state)
    nodes = dict(graph.nodes())
    renamed = {}
    for id_, node in nodes.items():
        now = identifier(node.kind, node.value, rules)
        if now is not None and now.value != node.value:  # as under another case
            renamed[id_] = (node_of(now, key), now)
    said = [one for one in graph.links() if one.method in _SAID]
    anchors = {id_: graph.anchor(id_) or id_ for id_ in nodes}
    return _Before(nodes, anchors, said, list(graph.marks()), renamed)


def _said_now(
    link: Link, before: _Before, rules: IdentityRules
) -> tuple[Link, dict[bytes, Identifier]]:
    """The link between the identifiers of now, ranked by the strength that their kinds have."""
    ends = dict(map(before.now, (link.a, link.b)))
    place, tier = rules.position, link.rank // 100
    weaker = max(place.get(one.kind, len(place)) for one in ends.values())
    a, b = min(ends), max(ends)
    id_ = link_id(a, b, tier, link.source, link.method, link.batch)
    return msgspec.structs.replace(link, id=id_, a=a, b=b, rank=tier * 100 + weaker), ends


def _marks(before: _Before, ids: Mapping[bytes, bytes]) -> Iterator[Mark]:
    """Verdicts about the nodes and links of now, under their own ids."""
    for mark in before.marks:
        match mark:
            case CannotLink(a=a, b=b):
                ends = sorted(before.renamed[end][0] if end in before.renamed else end
                              for end in (a, b))  # fmt: skip
                yield msgspec.structs.replace(mark, a=ends[0], b=ends[1])
            case Retract(target=target):
                yield msgspec.structs.replace(mark, target=ids.get(target, target))
            case _:
                yield mark


def _clear(state: StateWriter, marks: Iterable[Mark]) -> None:
    """The graph is empty, but for what was said of who is never one."""
    kept = list(marks)
    for space in _MADE_ANEW:
        for key in [key for key, _ in state.scan(space)]:
            state.delete(space, key)
    graph = Graph(state)
    for mark in kept:
        graph.put_mark(mark)
    graph.flush(state)


class _Again:
    def __init__(self, record: Record, rules: IdentityRules, was: Reading, key: bytes) -> None:
        self._record, self._rules, self._was, self._key = record, rules, was, key
        self._moved: set[bytes] = set()  # nodes of records that have another owner

    def records(self, anew: Anew, aside: StateWriter, state: StateWriter, read: Read) -> None:
        after = -1
        while records := [
            each for each in read(after, AT_ONCE) if each.offset < self._record.offset
        ]:
            for each in records:
                if each.event.identifiers:
                    self._compare(each, anew.reading, state)
                    if each.kind in {"event", "consent"}:
                        anew.reading.resolve(each)
            anew.reading.flush(aside)
            after = records[-1].offset

    def said(self, anew: Anew, link: Link, ends: Mapping[bytes, Identifier]) -> None:
        """What somebody or a model said; of two that are one value by now it says nothing."""
        if link.a == link.b:
            return
        event = msgspec.structs.replace(self._record.event, occurred_us=link.occurred_us)
        record = msgspec.structs.replace(self._record, offset=link.offset, event=event)
        settlement = Settlement(anew.graph, anew.marks, self._rules, record)
        for node, named in ends.items():
            settlement.name(node, named)
        settlement.sight(link)
        settlement.settle()

    def changes(self, graph: Graph, state: StateWriter, before: _Before) -> tuple[Change, ...]:
        after: dict[bytes, bytes] = {}
        for id_, node in list(graph.nodes()):
            known = before.nodes.get(id_)
            node.since = known.since if known else self._record.offset
            graph.put_node(id_, node)
            after[id_] = graph.anchor(id_) or id_
            if before.anchors.get(id_, id_) != after[id_]:
                graph.remember(id_, self._record.offset, after[id_])
        gone = before.nodes.keys() - after.keys()
        for id_ in gone:
            graph.drop(id_)
        ages = {id_: (before.nodes[id_] if id_ in gone else graph.named(id_)).age
                for id_ in {*before.nodes, *after}}  # fmt: skip
        cause = self._record.event.id
        left = {id_: anchor for id_, anchor in before.anchors.items() if id_ not in gone}
        nobody = {*before.anchors.values()} - {*left.values()}
        changes: list[Change] = [Split(person_id(one), (), cause) for one in sorted(nobody)]
        changes += changes_between(
            left, after, lambda nodes: min(nodes, key=ages.__getitem__), cause
        )
        changes += self._refolds(changes, graph, after)
        graph.flush(state)
        return tuple(changes)

    def _refolds(
        self, changes: Iterable[Change], graph: Graph, after: Mapping[bytes, bytes]
    ) -> list[Change]:
        """Who has records now that were another's, or has them no longer."""
        done = {part.person for one in changes if isinstance(one, Split) for part in one.parts}
        done -= {one.target for one in changes if isinstance(one, Merged)}
        anchors = {after[node] for node in self._moved if node in after}
        return [
            Split(
                person_id(one), (Part(person_id(one), tuple(graph.members(one))),),
                self._record.event.id,
            )
            for one in sorted(anchors)
            if person_id(one) not in done
        ]  # fmt: skip

    def _compare(self, record: Record, reading: Reading, state: StateWriter) -> None:
        """Whose facts the record changes; and how the log finds it for who is new."""
        was = self._was.usable(record.event, record.offset)
        now = reading.usable(record.event, record.offset)
        bound = self._was.bound_by(record.event, record.offset)
        if was == now and bound == reading.bound_by(record.event, record.offset):
            return
        self._moved |= {*map(self._was.node, was), *map(reading.node, now)}
        for one in now:
            if was and one not in was:
                state.put(ALSO, node_of(one, self._key) + node_of(was[0], self._key), b"")
