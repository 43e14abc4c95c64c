"""The middle path: decided again is only what a change can reach (identity R8).

A component may hold everybody who ever used a shared tablet, and evidence comes late. Whether a link
is accepted depends on the two clusters at its ends, so a change reaches the people at its own ends
and the links at them. These are decided again, beside neighbours who stay as they were; if a link
to such a neighbour turns out to be accepted, the change reaches them as well, and one looks again.

Exact for links that come in, for sightings earlier than all before, and for verdicts that keep two
apart: nothing of that takes a component to pieces. What does is left to `repartition`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from journeyfold.identity.evidence import Link
from journeyfold.identity.graph import Component, Graph
from journeyfold.identity.marks import Marks
from journeyfold.identity.partition import Partition, constrained
from journeyfold.identity.repartition import Repartitioned, apart_of
from journeyfold.identity.rules import IdentityRules
from journeyfold.identity.unite import insert_link, joined

REACH = 64
"""More nodes than this have changed at once: looking at each neighbourhood saves nothing."""


def rejudge(
    graph: Graph,
    marks: Marks,
    rules: IdentityRules,
    stale: Collection[bytes],
    added: Iterable[bytes],
    earlier: Collection[bytes],
) -> Repartitioned | None:
    """`added` links come in, `earlier` ones have an earlier witness. None: nothing was changed."""
    new = [graph.stored(id_) for id_ in added]
    rows = [graph.home(node)[1] for node in stale]
    equal = any(row.equivalent for row in rows) or any(link.equivalent for link in new)
    if len(stale) > REACH or equal:
        return None
    _reorder(graph, [graph.stored(id_) for id_ in earlier])
    for link in new:
        _take_in(graph, link)
    result = Repartitioned()
    homes: dict[bytes, set[bytes]] = {}
    for node in stale:
        homes.setdefault(graph.home(node)[0], set()).add(node)
    for name, nodes in homes.items():
        row = graph.component(name)
        if row is not None:
            _Look(graph, marks, rules, name, row).settle(nodes, result)
    return result


def _take_in(graph: Graph, link: Link) -> None:
    one, two = graph.home(link.a), graph.home(link.b)
    name, row = joined(graph, one, two, split=True) if one[0] != two[0] else one
    insert_link(graph, row, link)
    graph.grow_component(name, row, None)


def _reorder(graph: Graph, links: Iterable[Link]) -> None:
    """Links that stand in a component, at the places of their earlier witnesses."""
    homes = [(link, *graph.home(link.a)) for link in links]
    placed = [(link, name, row) for link, name, row in homes if link.id in row.links]
    for link, _, row in placed:
        row.links.remove(link.id)
    for link, name, row in placed:
        insert_link(graph, row, link)
        graph.grow_component(name, row, None)


class _Look:
    """At one component."""

    def __init__(
        self, graph: Graph, marks: Marks, rules: IdentityRules, name: bytes, row: Component
    ) -> None:
        self._graph, self._marks, self._rules = graph, marks, rules
        self._name, self._row = name, row
        self._reached: dict[bytes, bytes] = {}  # node → its anchor before
        self._links: dict[bytes, Link] = {}  # at reached nodes
        self._beside: dict[bytes, bytes] = {}  # nodes of neighbours, each with its anchor

    def settle(self, nodes: Iterable[bytes], result: Repartitioned) -> None:
        found = self._widened({self._row.anchor_of(node) for node in nodes})
        result.before |= self._reached
        for id_ in self._links:
            reason = self._row.reason(id_)
            if reason:
                result.refused.add(id_)
            now = found.suppressed.get(id_, "")
            if now:
                result.suppressed[id_] = now
            if now != reason:
                self._row.refuse(id_, now)
        anchors = {node: found.anchors[node] for node in self._reached}
        self._graph.regroup(self._name, self._row, anchors)

    def _widened(self, fresh: set[bytes]) -> Partition:
        """Decided again, and once more for as long as somebody else is reached."""
        while True:
            for anchor in fresh:
                self._reach(anchor)
            found = self._decided()
            fresh = {
                self._row.anchor_of(end)
                for link in self._links.values()
                if link.id not in found.suppressed
                for end in (link.a, link.b)
                if end not in self._reached
            }
            if not fresh:
                return found

    def _reach(self, anchor: bytes) -> None:
        """These people, and every link at them that counts."""
        graph = self._graph
        for node in graph.cluster(self._name, self._row, anchor):
            self._reached[node] = anchor
            self._beside.pop(node, None)
            for id_, end in graph.neighbours(node).items():
                if id_ not in self._links and not graph.named(end.node).hub:
                    self._links[id_] = graph.stored(id_)

    def _decided(self) -> Partition:
        """Links at those reached, with the accepted ones inside of each neighbour."""
        inside: dict[bytes, Link] = {}
        for link in self._links.values():
            for end in (link.a, link.b):
                if end not in self._reached and end not in self._beside:
                    self._stand_by(self._row.anchor_of(end))
        for node in self._beside:
            for id_, far in self._graph.neighbours(node).items():
                if self._beside.get(far.node) == self._beside[node] and not self._row.reason(id_):
                    inside[id_] = self._graph.stored(id_)
        nodes = {id_: self._graph.named(id_).vertex for id_ in (*self._reached, *self._beside)}
        ordered = sorted({**inside, **self._links}.values(), key=lambda link: link.order)
        return constrained(nodes, ordered, apart_of(self._marks, nodes), self._rules)

    def _stand_by(self, anchor: bytes) -> None:
        for node in self._graph.cluster(self._name, self._row, anchor):
            self._beside[node] = anchor
