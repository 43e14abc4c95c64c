"""The slow path: raw components of what a record touched, found and partitioned anew (R4, R9).

Exact for every kind of change. `unite` is the fast path for the commonest, one more link.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from journeyfold.identity.evidence import Link
from journeyfold.identity.graph import Component, Graph
from journeyfold.identity.marks import Marks
from journeyfold.identity.partition import Partition, connected, partition
from journeyfold.identity.rules import IdentityRules


class Repartitioned(msgspec.Struct):
    """`before`: node → anchor, of every node looked at; `refused`: links suppressed before."""

    before: dict[bytes, bytes] = {}
    suppressed: dict[bytes, str] = {}
    refused: set[bytes] = set()


def repartition(
    graph: Graph,
    marks: Marks,
    rules: IdentityRules,
    stale: Iterable[bytes],
    added: Iterable[bytes],
    removed: Collection[bytes],
) -> Repartitioned:
    """Partition again every component that holds a stale node, with links added and removed."""
    rows = dict(graph.home(id_) for id_ in stale)
    universe = [node for row in rows.values() for node in row.nodes]
    result = Repartitioned(before={node: _anchor(graph, node) for node in universe})
    ids = dict.fromkeys([*added, *(link for row in rows.values() for link in row.links)])
    raw = _raw(graph, universe, [id_ for id_ in ids if id_ not in removed])
    for name, row in rows.items():
        if row.links:
            graph.put_component(name, None)
        result.refused |= {link for link, _ in row.suppressed}
    sizes = {name: len(row.nodes) for name, row in rows.items()}
    for nodes, links in raw:
        vertices = {node: graph.named(node).vertex for node in nodes}
        found = partition(vertices, links, apart_of(marks, nodes), rules)
        _store(graph, nodes, links, found, sizes)
        result.suppressed |= found.suppressed
    return result


def apart_of(marks: Marks, nodes: Iterable[bytes]) -> dict[bytes, dict[bytes, bytes]]:
    """Node → nodes it may not be with."""
    if not marks.any_cannot:
        return {}
    found = {node: marks.apart(node) for node in nodes}
    return {node: apart for node, apart in found.items() if apart}


def _raw(
    graph: Graph, universe: Iterable[bytes], ids: Iterable[bytes]
) -> list[tuple[list[bytes], list[Link]]]:
    """Raw components: nodes, and links in canonical order; hubs stand alone (R2)."""
    links = [
        link
        for link in map(graph.stored, ids)
        if not (graph.named(link.a).hub or graph.named(link.b).hub)
    ]
    links.sort(key=lambda link: link.order)
    root = connected(universe, links)
    groups: dict[bytes, tuple[list[bytes], list[Link]]] = {}
    for node in universe:
        groups.setdefault(root[node], ([], []))[0].append(node)
    for link in links:
        groups[root[link.a]][1].append(link)
    return list(groups.values())


def _store(
    graph: Graph, nodes: list[bytes], links: list[Link], found: Partition, sizes: dict[bytes, int]
) -> None:
    """Relabel the smaller part: a node moves at most log2(n) times over all merges.

    A component is named by one of its nodes; the largest of before keeps its name.
    """
    names = [node for node in nodes if node in sizes]
    name = min(names or nodes, key=lambda one: (-sizes.get(one, 0), one))
    label = name if len(nodes) > 1 else b""
    for id_ in nodes:
        node = graph.named(id_)
        if node.component != label:
            node.component = label
            graph.put_node(id_, node)
    if not label:
        return
    ordered = sorted(nodes)
    anchors = [found.anchors[node] for node in ordered]
    graph.put_component(
        name,
        Component(
            nodes=ordered,
            links=[link.id for link in links],
            anchor=b"" if found.suppressed else anchors[0],
            anchors=anchors if found.suppressed else [],
            suppressed=sorted(found.suppressed.items()),
            equivalent=any(link.equivalent for link in links),
        ),
    )


def _anchor(graph: Graph, id_: bytes) -> bytes:
    anchor = graph.anchor(id_)
    assert anchor is not None, "components hold named nodes only"
    return anchor
