"""One record's evidence taken into the graph: what it touches is partitioned anew, exactly once.

Collects first (names, sightings, verdicts), then settles: raw components of everything touched are
found again from their alive links, each is partitioned, and people before and after are compared.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.core.event import Identifier, Record
from journeyfold.identity.change import Change, Merged, Part, Split, Suppressed, changes_between
from journeyfold.identity.evidence import Link, Mark, witness
from journeyfold.identity.graph import Component, Graph, Node
from journeyfold.identity.marks import Marks
from journeyfold.identity.normalise import person_id
from journeyfold.identity.partition import Partition, connected, partition
from journeyfold.identity.rules import IdentityRules


class Settlement:
    """Everything a record changes in the graph; `settle` says what that did to people."""

    def __init__(self, graph: Graph, marks: Marks, rules: IdentityRules, record: Record) -> None:
        self.graph, self.marks, self.rules = graph, marks, rules
        self.touched: set[bytes] = set()  # components whose answers no longer hold
        self._record = record
        self._stale: dict[bytes, None] = {}  # nodes whose raw component is to be found again
        self._named: set[bytes] = set()  # first named by this record
        self._added: dict[bytes, None] = {}  # links
        self._removed: set[bytes] = set()
        self._refold: dict[bytes, None] = {}  # nodes whose people are folded anew whatever happens
        self._hubs: dict[bytes, str] = {}  # suppressed link → why
        self._sizes: dict[bytes, int] = {}  # of the touched components, before

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
            fresh = Node(identifier.kind, identifier.value, occurred_us, id_, offset)
            self.graph.begin_node(id_, fresh)
            self._named.add(id_)
        elif occurred_us < node.first_us:
            node.first_us = occurred_us
            self.graph.put_node(id_, node)
            self._stale[id_] = None

    def sight(self, link: Link) -> None:
        """A link, new or seen again; both ends have been named."""
        seen = self.graph.link(link.id)
        if seen is None:
            self.graph.put_link(link)
            if self.is_alive(link):
                self.revive(link)
            return
        earliest = witness(seen, link)
        if earliest is not seen:
            self.graph.put_link(earliest)
            self._stale[link.a] = self._stale[link.b] = None

    def is_alive(self, link: Link) -> bool:
        """Not retracted, no blocked end (R1)."""
        return not self.marks.kills(link) and not (
            self.marks.any_blocks
            and any(
                self.marks.blocks(end.kind, end.value) for end in map(self._node, (link.a, link.b))
            )
        )

    def revive(self, link: Link) -> None:
        self.graph.join(link)
        self._added[link.id] = None
        self._stale[link.a] = self._stale[link.b] = None

    def kill(self, link: Link) -> None:
        self.graph.part(link)
        self._removed.add(link.id)
        self._stale[link.a] = self._stale[link.b] = None

    def mark(self, mark: Mark) -> bool:
        """False when the verdict was known: nothing changes."""
        if not self.marks.add(mark):
            return False
        self.graph.put_mark(mark)
        return True

    def recheck(self, node: bytes) -> None:
        """Something other than a link changed about the node, if anyone has named it."""
        if self.graph.node(node) is not None:
            self._stale[node] = None

    def refold(self, node: bytes) -> None:
        """Records of the node may have another owner now (E4)."""
        self._refold[node] = None
        for neighbour in self.graph.neighbours(node).values():
            self._refold[neighbour.node] = None

    # -- settlement -------------------------------------------------------------------------------

    def settle(self) -> tuple[Change, ...]:
        if not self._stale and not self._refold:
            return ()
        self._turn_hubs()
        universe = self._universe()
        before = {node: self._anchor(node) for node in universe if node not in self._named}
        after: dict[bytes, bytes] = {}
        suppressed: dict[bytes, str] = dict(self._hubs)
        raw = self._raw(universe)
        refused = self._clear()
        for nodes, alive in raw:
            vertices = {node: self._node(node).vertex for node in nodes}
            found = partition(vertices, alive, self._apart(nodes), self.rules)
            self._store(nodes, alive, found)
            after |= found.anchors
            suppressed |= found.suppressed
        self._write_history(before, after)
        cause = self._record.event.id
        changes = changes_between(before, after, self._anchor_of, cause)
        changes += self._refolds(changes)
        news = sorted((id_, why) for id_, why in suppressed.items() if id_ not in refused)
        return (*changes, *(Suppressed(id_.hex(), why) for id_, why in news))

    def _turn_hubs(self) -> None:
        """A node with too many neighbours of one stronger kind loses its links, or regains them."""
        for id_ in list(self._stale):
            node = self._node(id_)
            crowd = self._crowd(id_, node)
            if node.hub == (crowd is not None):
                self._keep_out(id_, crowd, self._added if node.hub else ())
                continue
            node.hub = crowd is not None
            self.graph.put_node(id_, node)
            neighbours = self.graph.neighbours(id_)
            self._keep_out(id_, crowd, neighbours)
            for link, end in neighbours.items():
                self._stale[end.node] = None
                if crowd is None:
                    self._added[link] = None

    def _keep_out(self, id_: bytes, crowd: str | None, ids: Iterable[bytes]) -> None:
        if crowd is not None:
            neighbours = self.graph.neighbours(id_)
            self._hubs |= {link: crowd for link in ids if link in neighbours}

    def _crowd(self, id_: bytes, node: Node) -> str | None:
        """`hub user_id 51>50`, None for a node that is no hub (R2)."""
        neighbours = self.graph.neighbours(id_)
        rule = self.rules.by_name.get(node.kind)
        if rule is None or len(neighbours) <= rule.hub:
            return None
        distinct: dict[str, set[bytes]] = {}
        for end in neighbours.values():
            distinct.setdefault(end.kind, set()).add(end.node)
        place = self.rules.position
        for kind in self.rules.by_name:
            if place[kind] < place[node.kind] and len(distinct.get(kind, ())) > rule.hub:
                return f"hub {kind} {len(distinct[kind])}>{rule.hub}"
        return None

    def _universe(self) -> dict[bytes, None]:
        """Every node of the stored components that the stale nodes belong to."""
        universe: dict[bytes, None] = {}
        for id_ in self._stale:
            component = self._node(id_).component
            if component not in self.touched:
                self.touched.add(component)
                stored = self.graph.component(component)
                nodes = stored.nodes if stored else [component]
                self._sizes[component] = len(nodes)
                universe |= dict.fromkeys(nodes)
        return universe

    def _clear(self) -> set[bytes]:
        """Drop the stored components of the universe; returns the links they had suppressed."""
        refused: set[bytes] = set()
        for component in self.touched:
            stored = self.graph.component(component)
            if stored is not None:
                refused |= {link for link, _ in stored.suppressed}
                self.graph.put_component(component, None)
        return refused

    def _raw(self, universe: dict[bytes, None]) -> list[tuple[list[bytes], list[Link]]]:
        """Raw components: nodes, and links in canonical order; hubs stand alone (R2, R4)."""
        ids = dict(self._added)
        for component in self.touched:
            stored = self.graph.component(component)
            ids |= dict.fromkeys(stored.links if stored else ())
        alive = [link for link in map(self._link, ids) if self._joins(link)]
        alive.sort(key=lambda link: link.order)
        root = connected(universe, alive)
        groups: dict[bytes, tuple[list[bytes], list[Link]]] = {}
        for node in universe:
            groups.setdefault(root[node], ([], []))[0].append(node)
        for link in alive:
            groups[root[link.a]][1].append(link)
        return list(groups.values())

    def _joins(self, link: Link) -> bool:
        return link.id not in self._removed and not (
            self._node(link.a).hub or self._node(link.b).hub
        )

    def _store(self, nodes: list[bytes], alive: list[Link], found: Partition) -> None:
        """Relabel the smaller part: a node moves at most log2(n) times over all merges."""
        id_ = self._name_of(nodes)
        for node in nodes:
            row = self._node(node)
            if row.component != id_:
                row.component = id_
                self.graph.put_node(node, row)
        if len(nodes) == 1:
            return
        nodes = sorted(nodes)
        anchors = [found.anchors[node] for node in nodes]
        least = min(anchors)
        component = Component(
            nodes,
            [link.id for link in alive],
            least,
            anchors if max(anchors) != least else [],
            sorted(found.suppressed.items()),
        )
        self.graph.put_component(id_, component)

    def _name_of(self, nodes: list[bytes]) -> bytes:
        """A component is named by one of its nodes: the largest of before keeps its name."""
        names = [node for node in nodes if node in self.touched]
        return min(names or nodes, key=lambda name: (-self._sizes.get(name, 0), name))

    def _write_history(self, before: dict[bytes, bytes], after: dict[bytes, bytes]) -> None:
        for node, anchor in after.items():
            if before.get(node, node) != anchor:
                self.graph.remember(node, self._record.offset, anchor)

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

    # -- reading ----------------------------------------------------------------------------------

    def _node(self, id_: bytes) -> Node:
        node = self.graph.node(id_)
        assert node is not None, "links and components hold named nodes only"
        return node

    def _link(self, id_: bytes) -> Link:
        link = self.graph.link(id_)
        assert link is not None, "components hold links that are stored"
        return link

    def _anchor(self, id_: bytes) -> bytes:
        anchor = self.graph.anchor(id_)
        assert anchor is not None, "links and components hold named nodes only"
        return anchor

    def _anchor_of(self, nodes: Iterable[bytes]) -> bytes:
        return min(nodes, key=lambda node: self._node(node).age)

    def _apart(self, nodes: list[bytes]) -> dict[bytes, dict[bytes, bytes]]:
        if not self.marks.any_cannot:
            return {}
        found = {node: self.marks.apart(node) for node in nodes}
        return {node: apart for node, apart in found.items() if apart}
