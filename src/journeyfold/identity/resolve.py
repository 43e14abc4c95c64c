"""Who a record is about, and what it changed about people: identity of the log, record by record.

The answer after any record is the pure function of the set of evidence up to it (identity 2.3),
kept incrementally: only raw components the record touches are partitioned again, before the record
is folded, so results do not depend on batch size (R9). Records that bring no new evidence are
answered from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from journeyfold.core.event import Event, Identifier, Record
from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.identity import erase
from journeyfold.identity.change import Change, Merged, Part, Reanchored, Split, Suppressed
from journeyfold.identity.erased import AS_OF, Closing, Erased, any_erased
from journeyfold.identity.evidence import Link, Mark, links
from journeyfold.identity.explain import Identity, Why, identity_of, why_between
from journeyfold.identity.extraction import ALSO, Anew, Read, also_known, extract_again
from journeyfold.identity.graph import Graph, Node, stored_anchor
from journeyfold.identity.marks import Marks
from journeyfold.identity.normalise import is_unsigned_client, node_of, normalised, person_id
from journeyfold.identity.reread import Named, Rereader
from journeyfold.identity.rules import IdentityRules
from journeyfold.identity.settle import Settlement
from journeyfold.identity.verdict import apply_verdict

__all__ = [
    "Change", "Merged", "Part", "Reanchored", "Resolution", "Resolver", "Split", "Suppressed",
]  # fmt: skip

CACHED_ANSWERS = 40_000

History = Callable[[Sequence[bytes], int], Iterable[Record]]
"""(nodes, upto) → the log's records naming any of them: `EventLog.history`."""


def _no_history(_nodes: Sequence[bytes], _upto: int) -> Iterable[Record]:
    """Without a log, a block reaches the past through links only."""
    return ()


class Resolution(msgspec.Struct, frozen=True, gc=False):
    """`person` is empty when the record names nobody; `owner` is its strongest node."""

    person: str = ""
    owner: bytes = b""
    nodes: tuple[bytes, ...] = ()
    changes: tuple[Change, ...] = ()


NOBODY = Resolution()


class _Answer(msgspec.Struct, frozen=True, gc=False):
    resolution: Resolution
    settled_us: int  # a later sighting of the same lowers no witness and no first_us


def person_in(state: StateReader, node: bytes) -> str | None:
    """The person of a node, for a reader who wants to know nothing else."""
    anchor = stored_anchor(state, node)
    return None if anchor is None else person_id(anchor)


class Resolver:
    """One writer's view of the graph. `begin` each transaction, `flush` before its commit."""

    def __init__(
        self,
        rules: IdentityRules,
        node_key: bytes,
        state: StateReader | StateWriter,
        history: History = _no_history,
    ) -> None:
        self._rules, self._key, self._history = rules, node_key, history
        self._graph = Graph(state)
        self._marks = Marks(self._graph.marks())
        self._node_ids: dict[Identifier, bytes] = {}
        self._answers: dict[tuple[object, ...], _Answer] = {}
        self._answered: dict[bytes, list[tuple[object, ...]]] = {}  # component → keys of answers
        self._any_erased = any_erased(state)
        self._any_also = next(iter(state.scan(ALSO)), None) is not None
        self.returned: list[tuple[bytes, Erased]] = []  # nodes first named after an erasure
        self.taken: Sequence[Link | Mark] = ()  # what the last record with evidence said anew

    @property
    def rules(self) -> IdentityRules:
        return self._rules

    def begin(self, state: StateReader | StateWriter) -> None:
        """Read through this transaction from here on."""
        self._graph.reader = state

    def flush(self, writer: StateWriter) -> None:
        """Stage every change for the writer's commit."""
        self._graph.flush(writer)
        if len(self._answers) > CACHED_ANSWERS:
            self._answers, self._answered = {}, {}
        if len(self._node_ids) > CACHED_ANSWERS:
            self._node_ids = {}

    def resolve(self, record: Record) -> Resolution:
        """Take in the record's evidence; changes are to be applied before it is folded (R10)."""
        if record.kind == "evidence":
            return self._verdict(record)
        event = record.event
        key = _claim(record)
        answer = self._answers.get(key)
        if (
            answer is not None
            and event.occurred_us > answer.settled_us
            and not (self._any_erased and AS_OF in event.context)  # it may know less than this
        ):
            return answer.resolution
        named = normalised(event, self._rules)[0]
        if not named:
            return NOBODY
        if self._any_erased:
            kept = self._unerased(named, event, record.offset)
            if len(kept) < len(named):
                return self._sighted(record, kept, None) if kept else NOBODY
            self._notice_return(named)
        if len(named) == 1 and not self._marks.any_blocks:
            node = self.node(named[0])
            if self._graph.node(node) is None:
                return self._first_seen(record, node, named[0], key)
        return self._sighted(record, named, key)

    def resettle(
        self, record: Record, before: IdentityRules | None, writer: StateWriter, read: Read
    ) -> tuple[Change, ...]:
        """Everybody again, where rules are others than before: from the links there are for other
        limits and hubs (R2, R5), from every record of the log for others (ADR 39).
        """
        if before is None:
            return ()
        changes: tuple[Change, ...] = ()
        if before.extraction != self._rules.extraction:
            was = Resolver(before, self._key, writer)
            changes = extract_again(record, writer, self._rules, self._key, was, self._anew, read)
            self._graph, self._node_ids, self._any_also = Graph(writer), {}, True
            self._marks = Marks(self._graph.marks())
        elif before.bounds != self._rules.bounds:
            settlement = Settlement(self._graph, self._marks, self._rules, record)
            for node, _ in list(self._graph.nodes()):
                settlement.recheck(node)
            changes = settlement.settle()
        self._answers, self._answered, self.taken = {}, {}, ()
        return changes

    def _anew(self, state: StateWriter) -> Anew:
        anew = Resolver(self._rules, self._key, state)
        return Anew(anew, anew._graph, anew._marks)

    def people_of(self, nodes: Iterable[bytes]) -> list[Part]:
        """Everybody who has one of these nodes, with all of theirs."""
        return erase.people_of(self._graph, nodes)

    def erase(
        self, record: Record, people: Sequence[Part], closed: Mapping[bytes, list[Closing]]
    ) -> tuple[Change, ...]:
        """Forget people (M7): what that changed about others. `closed` is kept, by node."""
        settlement = Settlement(self._graph, self._marks, self._rules, record)
        firsts = {node: self.first_of(node) for part in people for node in part.nodes}
        changes = erase.remove(settlement, people)
        self.taken = ()
        for node, first in firsts.items():
            before = self._graph.erased(first)
            generation = before.generation + 1 if before else 1
            row = Erased(generation, record.appended_us, record.offset, closed.get(node, []))
            self._graph.put_erased(first, row)
        self._marks = Marks(self._graph.marks())
        self._answers, self._answered, self._node_ids = {}, {}, {}
        self._any_erased = self._any_erased or bool(firsts)
        return tuple(changes)

    def first_of(self, node: bytes) -> bytes:
        """What the log's person index and the door call the node: its name before any erasure."""
        if not self._any_erased:
            return node
        identifier = self.identifier(node)
        return node_of(identifier, self._key) if identifier else node

    def identifier(self, node: bytes) -> Identifier | None:
        """What a node stands for, as it was normalised."""
        named = self._graph.node(node)
        return Identifier(named.kind, named.value) if named else None

    def indexed(self, nodes: Iterable[bytes]) -> list[bytes]:
        """What the log's person index may know these nodes by."""
        own = list(nodes)
        if self._any_erased:
            own = sorted({*own, *map(self.first_of, own)})
        return sorted(also_known(self._graph.reader, own)) if self._any_also else own

    def erased(self, node: bytes) -> Erased | None:
        """Since when a living node is another than the one it was."""
        return self._graph.erased(self.first_of(node)) if self._any_erased else None

    def usable(self, event: Event, offset: int | None = None) -> tuple[Identifier, ...]:
        """Identifiers that name somebody under the rules and the living blocks, owner first.

        With the offset of an old record, an erasure that came after it counts, too.
        """
        named = normalised(event, self._rules)[0]
        if self._any_erased:
            named = self._unerased(named, event, offset)
        return self._unblocked(named)

    def owner_of(self, event: Event, offset: int | None = None) -> bytes | None:
        """The node whose person a record is about (I8); the same before and after any merge."""
        usable = self.usable(event, offset)
        return self.node(usable[0]) if usable else None

    def bound_by(self, event: Event, offset: int | None = None) -> tuple[bytes, ...]:
        """The nodes that a consent statement in the event is about (M5, trust PRV-2)."""
        usable = self.usable(event, offset)
        if is_unsigned_client(event):
            usable = tuple(one for one in usable if one.kind in self._rules.devices)
        return tuple(self.node(identifier) for identifier in usable)

    def node(self, identifier: Identifier) -> bytes:
        """The node of a normalised identifier."""
        found = self._node_ids.get(identifier)
        if found is None:
            row = self._erased_of(identifier) if self._any_erased else None
            found = node_of(identifier, self._key, row.generation if row else 0)
            self._node_ids[identifier] = found
        return found

    def person_of(self, node: bytes, as_of: int | None = None) -> str | None:
        """The person now, or after the record at an offset; None for a node unknown then."""
        if as_of is not None:
            return self._person_at(node, as_of)
        anchor = self._graph.anchor(node)
        return None if anchor is None else person_id(anchor)

    def nodes_of(self, person: str) -> list[bytes]:
        """All nodes of a person, the anchor's first; empty for an unknown id, aliases included."""
        return identity_of(self._graph, person).node_ids

    def forbids(self, a: bytes, b: bytes) -> bool:
        """Does a verdict keep the people of two known nodes apart?"""
        if not self._marks.any_cannot:
            return False
        theirs = set(self._members(b))
        return any(theirs & self._marks.apart(node).keys() for node in self._members(a))

    def is_withdrawn(self, batch: str) -> bool:
        """Has somebody taken back what this model linked, and what it will?"""
        link = Link(b"", b"", b"", 0, 0, "", "", "linkage", batch)
        return self._marks.kills(link)

    def _members(self, node: bytes) -> list[bytes]:
        anchor = self._graph.anchor(node)
        return self._graph.members(anchor) if anchor is not None else []

    def explain(self, person: str) -> Identity:
        """Identifiers, accepted and suppressed links of a person or of a former id (X1)."""
        return identity_of(self._graph, person)

    def why(self, a: bytes, b: bytes) -> Why:
        """The links that make two nodes one person, or what keeps them apart (X1)."""
        return why_between(self._graph, self._marks, a, b)

    # -- a record's evidence ----------------------------------------------------------------------

    def _first_seen(
        self, record: Record, node: bytes, identifier: Identifier, key: tuple[object, ...]
    ) -> Resolution:
        """One identifier that nobody has named: a person by itself, and nobody else changes."""
        occurred_us = record.event.occurred_us
        fresh = Node(identifier.kind, identifier.value, occurred_us, b"", record.offset)
        self._graph.begin_node(node, fresh)
        resolution = Resolution(person_id(node), node, (node,))
        self._answers[key] = _Answer(resolution, occurred_us)
        self._answered.setdefault(node, []).append(key)
        return resolution

    def _sighted(
        self, record: Record, named: tuple[Identifier, ...], key: tuple[object, ...] | None
    ) -> Resolution:
        """`key` None: the answer is not to be remembered."""
        settlement = Settlement(self._graph, self._marks, self._rules, record)
        for identifier in named:
            settlement.name(self.node(identifier), identifier)
        usable = self._unblocked(named)
        nodes = tuple(self.node(identifier) for identifier in usable)
        made = links(record, usable, nodes, self._rules)
        for link in made:
            settlement.sight(link)
        changes = self._settled(settlement)
        if not usable:
            return Resolution(changes=changes) if changes else NOBODY
        resolution = Resolution(self._anchored(nodes[0]), nodes[0], nodes)
        if key is not None:
            self._remember(key, resolution, made, named)
        return msgspec.structs.replace(resolution, changes=changes) if changes else resolution

    def _unerased(
        self, named: tuple[Identifier, ...], event: Event, offset: int | None
    ) -> tuple[Identifier, ...]:
        """Without identifiers erased since; nothing of a record whose owner is."""
        kept = tuple(
            one
            for one in named
            if (row := self._erased_of(one)) is None or not row.drops(event, offset)
        )
        return kept if kept[:1] == named[:1] else ()

    def _erased_of(self, identifier: Identifier) -> Erased | None:
        return self._graph.erased(node_of(identifier, self._key))

    def _notice_return(self, named: Iterable[Identifier]) -> None:
        for identifier in named:
            row = self._erased_of(identifier)
            if row is not None and self._graph.node(self.node(identifier)) is None:
                self.returned.append((self.node(identifier), row))

    def _unblocked(self, named: tuple[Identifier, ...]) -> tuple[Identifier, ...]:
        if self._marks.any_blocks:
            return tuple(one for one in named if not self._marks.blocks(one.kind, one.value))
        return named

    def _verdict(self, record: Record) -> Resolution:
        settlement = Settlement(self._graph, self._marks, self._rules, record)
        apply_verdict(settlement, record, self.node, self._reread)
        self._answers, self._answered = {}, {}
        self.taken = settlement.taken
        return Resolution(changes=settlement.settle())

    def _reread(self, settlement: Settlement, nodes: set[bytes]) -> None:
        """Old records that name a value now blocked, or no longer, have another owner (E4)."""

        def read(record: Record) -> Named:
            named = normalised(record.event, self._rules)[0]
            if self._any_erased:
                named = self._unerased(named, record.event, record.offset)
            return named, self._unblocked(named)

        def past(named: Iterable[bytes]) -> Iterable[Record]:
            return self._history(self.indexed(named), settlement.offset - 1)

        Rereader(settlement, read, past, self.node).take_in(nodes)

    def _settled(self, settlement: Settlement) -> tuple[Change, ...]:
        changes = settlement.settle()
        self.taken = settlement.taken
        for component in settlement.touched:
            for key in self._answered.pop(component, ()):
                self._answers.pop(key, None)
        return changes

    def _remember(
        self,
        key: tuple[object, ...],
        resolution: Resolution,
        made: Iterable[Link],
        named: Iterable[Identifier],
    ) -> None:
        settled_us = max(self._graph.named(self.node(one)).first_us for one in named)
        for link in made:
            seen = self._graph.link(link.id)
            settled_us = max(settled_us, seen.occurred_us if seen else link.occurred_us)
        self._answers[key] = _Answer(resolution, settled_us)
        for component in {self._graph.home(node)[0] for node in resolution.nodes}:
            self._answered.setdefault(component, []).append(key)

    def _anchored(self, node: bytes) -> str:
        anchor = self._graph.anchor(node)
        assert anchor is not None, "a resolved record's nodes have been named"
        return person_id(anchor)

    def _person_at(self, node: bytes, offset: int) -> str | None:
        found = self._graph.node(node)
        if found is None or found.since > offset:
            return None
        rows = self._graph.history(node, offset)
        return person_id(rows[-1][1] if rows else node)


def _claim(record: Record) -> tuple[object, ...]:
    """What the answer for a record depends on, beside the graph and when it happened."""
    event, auth = record.event, record.event.context.get("auth")
    region = None
    for claimed in event.identifiers:
        if claimed.kind == "phone":  # read by the country it was written in
            region = str(event.traits.get("country")), str(event.context.get("country"))
    return (
        event.identifiers, event.source, event.type == "alias", record.kind, auth, region,
        event.context.get("signed") is True,
        str(event.context.get("batch", "")) if auth == "import" else "",
    )  # fmt: skip
