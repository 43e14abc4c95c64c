"""Is what is stored what the evidence says? Every component again, on the slow path (identity R7).

Reads what is committed and changes nothing. A difference is a defect of ours, or rules that changed
after the evidence was taken in.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from journeyfold.core.ports import StateReader
from journeyfold.identity.evidence import Link
from journeyfold.identity.graph import Component, Graph
from journeyfold.identity.hubs import crowd
from journeyfold.identity.marks import Marks
from journeyfold.identity.partition import connected, constrained
from journeyfold.identity.repartition import apart_of
from journeyfold.identity.rules import IdentityRules

_FORGOTTEN = 2_000
LISTED = 100


class Verified(msgspec.Struct, frozen=True):
    """`differing` holds sentences, the first hundred of them; none is right."""

    identifiers: int
    components: int
    links: int
    differences: int
    differing: tuple[str, ...]


def verify(reader: StateReader, rules: IdentityRules) -> Verified:
    """Three passes: identifiers, links, components."""
    look = _Look(reader, rules)
    found = [*look.nodes(), *look.links(), *look.components()]
    return Verified(look.seen[0], look.seen[2], look.seen[1], len(found), tuple(found[:LISTED]))


class _Look:
    def __init__(self, reader: StateReader, rules: IdentityRules) -> None:
        self._reader, self._rules = reader, rules
        self._marks = Marks(Graph(reader).marks())
        self.seen = [0, 0, 0]  # identifiers, links, components
        self._graph = Graph(reader)

    def _next(self, pass_: int) -> Graph:
        """The graph to read through, which forgets now and then."""
        if self.seen[pass_] % _FORGOTTEN == 0:
            self._graph = Graph(self._reader)
        self.seen[pass_] += 1
        return self._graph

    def nodes(self) -> Iterator[str]:
        for id_, node in Graph(self._reader).nodes():
            graph = self._next(0)
            if node.hub != (crowd(graph, self._rules, id_, node.kind) is not None):
                yield f"identifier {id_.hex()} ({node.kind}): the hub rule is not kept"
            row = graph.component(node.component) if node.component else None
            if node.component and (row is None or id_ not in row.nodes):
                yield f"identifier {id_.hex()} ({node.kind}): its component does not have it"

    def links(self) -> Iterator[str]:
        for link in Graph(self._reader).links():
            graph = self._next(1)
            alive = self._is_alive(graph, link)
            if alive != (link.id in graph.neighbours(link.a)):
                yield f"link {link.id.hex()}: is {'alive' if alive else 'dead'} and not kept so"
                continue
            a, b = graph.named(link.a), graph.named(link.b)
            row = graph.component(a.component) if a.component else None
            counts = alive and not a.hub and not b.hub
            if counts != (row is not None and link.id in row.links):
                yield (
                    f"link {link.id.hex()}: no component has it"
                    if counts
                    else (f"link {link.id.hex()}: a component has it although it does not count")
                )

    def components(self) -> Iterator[str]:
        for name, row in Graph(self._reader).components():
            wrong = self._wrong(self._next(2), row)
            if wrong:
                yield f"component {name.hex()}: {wrong}"

    def _wrong(self, graph: Graph, row: Component) -> str:
        links = [graph.stored(id_) for id_ in row.links]
        ordered = sorted(links, key=lambda link: link.order)
        if len(set(connected(row.nodes, links).values())) > 1:
            return "its links do not connect it"
        vertices = {node: graph.named(node).vertex for node in row.nodes}
        found = constrained(vertices, ordered, apart_of(self._marks, row.nodes), self._rules)
        if found.anchors != {node: row.anchor_of(node) for node in row.nodes}:
            return "the slow path finds other people"
        if found.suppressed != dict(row.suppressed):
            return "the slow path refuses other links"
        return ""

    def _is_alive(self, graph: Graph, link: Link) -> bool:
        ends = (graph.named(link.a), graph.named(link.b))
        return not self._marks.kills(link) and not any(
            end.kind not in self._rules.by_name or self._marks.blocks(end.kind, end.value)
            for end in ends
        )
