"""One record's evidence taken into the graph, and what that did to people (identity R9, R10).

Collects first (names, sightings, verdicts), then settles: by the fast path where it is exact, else
by partitioning anew what was touched; then people before and after are compared.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.core.event import Identifier, Record
from journeyfold.identity.change import (
    Change,
    Merged,
    Part,
    Split,
    Suppressed,
    changes_between,
)
from journeyfold.identity.evidence import Link, Mark, witness
from journeyfold.identity.graph import Graph, Node
from journeyfold.identity.hubs import turn_hubs
from journeyfold.identity.marks import Marks
from journeyfold.identity.nearby import rejudge
from journeyfold.identity.normalise import person_id
from journeyfold.identity.repartition import repartition
from journeyfold.identity.rules import IdentityRules
from journeyfold.identity.unite import unite


class Settlement:
    """Everything a record changes in the graph; `settle` says what that did to people."""

    def __init__(self, graph: Graph, marks: Marks, rules: IdentityRules, record: Record) -> None:
        self.graph, self.marks, self.rules = graph, marks, rules
        self.touched: set[bytes] = set()  # components whose answers no longer hold
        self.taken: list[Link | Mark] = []  # what the record says that nobody had said
        self._record = record
        self._stale: dict[bytes, None] = {}  # nodes whose component is to be looked at
        self._named: set[bytes] = set()  # first named by this record
        self._added: dict[bytes, None] = {}  # links
        self._removed: set[bytes] = set()
        self._refold: dict[bytes, None] = {}  # nodes whose people are folded anew whatever happens
        self._earlier: dict[bytes, None] = {}  # links with an earlier witness
        self._only_adds = True  # links were added and nothing else happened
        self._parts = False  # something may take a component to pieces
        self._before: dict[bytes, bytes] = {}  # node → anchor, where it may have moved
        self._suppressed: dict[bytes, str] = {}  # link → why, where that is new

    @property
    def offset(self) -> int:
        """Where in the log this happens."""
        return self._record.offset

    # -- evidence ---------------------------------------------------------------------------------

    def name(self, id_: bytes, identifier: Identifier) -> None:
        """The record names a node; an earlier naming than all before may move anchors (P1)."""
        occurred_us = self._record.event.occurred_us
        node = self.graph.node(id_)
        if node is None:
            offset = self._record.offset
            fresh = Node(identifier.kind, identifier.value, occurred_us, b"", offset)
            self.graph.begin_node(id_, fresh)
            self._named.add(id_)
        elif occurred_us < node.first_us:
            node.first_us = occurred_us
            self.graph.put_node(id_, node)
            self._look_again(id_)

    def sight(self, link: Link) -> None:
        """A link, new or seen again; both ends have been named."""
        seen = self.graph.link(link.id)
        if seen is None:
            self.taken.append(link)
            self.graph.put_link(link)
            if self.is_alive(link):
                self.revive(link)
            return
        earliest = witness(seen, link)
        if earliest is not seen:
            self.graph.put_link(earliest)
            self._earlier[link.id] = None
            self._look_again(link.a, link.b)

    def is_alive(self, link: Link) -> bool:
        """Not retracted, no blocked end (R1), and what was said is of kinds there are."""
        ends = [self.graph.named(link.a), self.graph.named(link.b)]
        return not self.marks.kills(link) and not (
            any(end.kind not in self.rules.by_name for end in ends)
            or (self.marks.any_blocks and any(self.marks.blocks(e.kind, e.value) for e in ends))
        )

    def correct(self, seen: Link, link: Link | None) -> None:
        """A stored link is said otherwise now, or by no record any more."""
        if link == seen:
            return
        if seen.id in self.graph.neighbours(seen.a):
            self.kill(seen)
        if link is None:
            self.graph.drop_link(seen.id)
            return
        self.graph.put_link(link)
        if self.is_alive(link):
            self.revive(link)

    def revive(self, link: Link) -> None:
        self.graph.join(link)
        self._removed.discard(link.id)
        self._added[link.id] = None
        self._stale[link.a] = self._stale[link.b] = None

    def kill(self, link: Link) -> None:
        self.graph.part(link)
        self._parts = True
        self._removed.add(link.id)
        self._look_again(link.a, link.b)

    def mark(self, mark: Mark) -> bool:
        """False when the verdict was known: nothing changes."""
        if not self.marks.add(mark):
            return False
        self.taken.append(mark)
        self.graph.put_mark(mark)
        return True

    def recheck(self, node: bytes) -> None:
        """Something other than a link changed about the node, if anyone has named it."""
        if self.graph.node(node) is not None:
            self._look_again(node)

    def refold(self, node: bytes) -> None:
        """Records of the node may have another owner now (E4)."""
        self._refold[node] = None
        self._only_adds = False
        self._parts = True
        for neighbour in self.graph.neighbours(node).values():
            self._refold[neighbour.node] = None

    def _look_again(self, *nodes: bytes) -> None:
        self._stale |= dict.fromkeys(nodes)
        self._only_adds = False

    # -- settlement -------------------------------------------------------------------------------

    def settle(self) -> tuple[Change, ...]:
        """Changes in the order they are to be applied."""
        if not self._stale and not self._refold:
            return ()
        turned = turn_hubs(self.graph, self.rules, self._stale, self._added)
        self._suppressed |= turned.kept_out
        self._stale |= dict.fromkeys(turned.moved)
        self._added |= dict.fromkeys(turned.restored)
        self._parts = self._parts or turned.flipped
        if not self._parts:
            for id_ in turned.kept_out:
                self._added.pop(id_, None)
        if self._only_adds and not turned.flipped:
            self._unite()
        if self._stale:
            self._redecide()
        nodes = {*self._before, *self._named}
        after = {node: self._anchor(node) for node in nodes}
        for node, anchor in after.items():
            if self._before.get(node, node) != anchor:
                self.graph.remember(node, self.offset, anchor)
        known = {node: old for node, old in self._before.items() if node not in self._named}
        changes = changes_between(known, after, self._anchor_of, self._record.event.id)
        changes += self._refolds(changes) if self._refold else []
        news = sorted((id_.hex(), why) for id_, why in self._suppressed.items())
        return (*changes, *(Suppressed(link, why) for link, why in news))

    def _unite(self) -> None:
        """Link by link; the first that the fast path cannot tell leaves the rest to the slow one."""
        waiting = [self.graph.stored(id_) for id_ in self._added]
        waiting.sort(key=lambda link: link.order, reverse=True)
        while waiting:
            link = waiting[-1]
            names = {self.graph.home(link.a)[0], self.graph.home(link.b)[0]}
            moved = len(self._before)
            reason = unite(self.graph, self.marks, self.rules, link, self._before)
            if reason is None:
                break
            if reason:
                self._suppressed[link.id] = reason
            if len(names) > 1 or len(self._before) > moved:
                self.touched |= names
            waiting.pop()
        self._added = {link.id: None for link in waiting}
        self._stale = {end: None for link in waiting for end in (link.a, link.b)}

    def _redecide(self) -> None:
        """What is near a change, where that is exact; else whole components."""
        self.touched |= {self.graph.home(id_)[0] for id_ in self._stale}
        world = (self.graph, self.marks, self.rules, self._stale, self._added)
        found = None if self._parts else rejudge(*world, self._earlier)
        if found is None:
            found = repartition(*world, self._removed)
        self._before = found.before | self._before
        known = found.refused - self._suppressed.keys()  # before this record
        early = {id_: why for id_, why in self._suppressed.items() if id_ not in found.refused}
        late = {id_: why for id_, why in found.suppressed.items() if id_ not in known}
        self._suppressed = early | late

    def _refolds(self, changes: list[Change]) -> list[Change]:
        """People whose records changed owner although they are the same nodes as before (E4)."""
        done = {part.person for one in changes if isinstance(one, Split) for part in one.parts}
        done -= {one.target for one in changes if isinstance(one, Merged)}
        anchors = {self._anchor(node) for node in self._refold if self.graph.node(node) is not None}
        refolded: list[Change] = []
        for anchor in sorted(anchors):
            person = person_id(anchor)
            if person not in done:
                part = Part(person, tuple(self.graph.members(anchor)))
                refolded.append(Split(person, (part,), self._record.event.id))
        return refolded

    def _anchor(self, id_: bytes) -> bytes:
        anchor = self.graph.anchor(id_)
        assert anchor is not None, "links and components hold named nodes only"
        return anchor

    def _anchor_of(self, nodes: Iterable[bytes]) -> bytes:
        return min(nodes, key=lambda node: self.graph.named(node).age)
