"""The fast path: one more link, without finding and partitioning its component again (R7, R8).

Exact in two cases. Where both components are legal and stay so together, every link is accepted in
every order. Where the link sorts last, all others are decided as they were, and only the clusters
at its ends are asked. Anything else is left to `repartition`.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from journeyfold.identity.evidence import Link
from journeyfold.identity.graph import Component, Graph
from journeyfold.identity.marks import Marks
from journeyfold.identity.partition import Cluster
from journeyfold.identity.repartition import apart_of
from journeyfold.identity.rules import IdentityRules


def unite(
    graph: Graph, marks: Marks, rules: IdentityRules, link: Link, before: dict[bytes, bytes]
) -> str | None:
    """Take in an alive link without a hub end. Empty: accepted; else why it is suppressed.

    None when the fast path cannot tell, and then nothing is changed. `before` gets the anchors
    that nodes had, of all whose anchor may have moved.
    """
    (name, row), (other_name, other) = graph.home(link.a), graph.home(link.b)
    if link.equivalent or row.equivalent or other.equivalent:
        return None
    is_last = _sorts_last(graph, link, row) and _sorts_last(graph, link, other)
    if not is_last and (row.suppressed or other.suppressed):
        return None
    a, b = row.anchor_of(link.a), other.anchor_of(link.b)
    mine, theirs = graph.cluster(name, row, a), graph.cluster(other_name, other, b)
    reason = _violation(graph, marks, rules, mine, theirs) if a != b else ""
    if reason and not is_last:
        return None
    if name != other_name:
        name, row = joined(graph, (name, row), (other_name, other), split=bool(reason))
    insert_link(graph, row, link)
    if reason:
        insort(row.suppressed, (link.id, reason))
    elif a != b:
        _rename(graph, name, row, (a, mine), (b, theirs), before)
    graph.grow_component(name, row, None)
    return reason


def _violation(
    graph: Graph, marks: Marks, rules: IdentityRules, mine: list[bytes], theirs: list[bytes]
) -> str:
    """Why the two clusters are no legal person together; empty when they are."""
    counted = {
        id_: (node.kind, id_, node.first_us)
        for id_ in (*mine, *theirs)
        for node in (graph.named(id_),)
    }
    small, large = sorted((mine, theirs), key=len)
    cluster, added = Cluster.of(large, counted), Cluster.of(small, counted)
    return cluster.violation(apart_of(marks, counted), rules, added) or ""


def _sorts_last(graph: Graph, link: Link, row: Component) -> bool:
    return not row.links or link.order > graph.stored(row.links[-1]).order


def joined(
    graph: Graph, one: tuple[bytes, Component], two: tuple[bytes, Component], *, split: bool
) -> tuple[bytes, Component]:
    """One component of two; the larger keeps its name and the other's nodes are relabelled."""
    (name, row), (gone, other) = sorted((one, two), key=lambda each: (-len(each[1].nodes), each[0]))
    if (split or other.suppressed) and not row.anchors:
        row.anchors, row.anchor = [row.anchor] * len(row.nodes), b""
    if not row.links:
        _label(graph, name, name)
    for id_ in other.nodes:
        at = bisect_left(row.nodes, id_)
        row.nodes.insert(at, id_)
        if row.anchors:
            row.anchors.insert(at, other.anchor_of(id_))
        _label(graph, id_, name)
    for link in other.links:
        insert_link(graph, row, graph.stored(link))
    for refused in other.suppressed:
        insort(row.suppressed, refused)
    if other.links:
        graph.put_component(gone, None)
    graph.grow_component(name, row, other)
    return name, row


def _label(graph: Graph, id_: bytes, component: bytes) -> None:
    node = graph.named(id_)
    node.component = component
    graph.put_node(id_, node)


def insert_link(graph: Graph, row: Component, link: Link) -> None:
    """In canonical order; most often at the end."""
    if _sorts_last(graph, link, row):
        row.links.append(link.id)
        return
    at = bisect_left(row.links, link.order, key=lambda id_: graph.stored(id_).order)
    row.links.insert(at, link.id)


def _rename(
    graph: Graph,
    name: bytes,
    row: Component,
    one: tuple[bytes, list[bytes]],
    two: tuple[bytes, list[bytes]],
    before: dict[bytes, bytes],
) -> None:
    """Both clusters are one person now, under the older anchor (P1, P3)."""
    (kept, _), (gone, moved) = sorted((one, two), key=lambda each: graph.named(each[0]).age)
    before.setdefault(kept, kept)
    for node in moved:
        before.setdefault(node, gone)
    if row.anchors:
        for node in moved:
            row.anchors[bisect_left(row.nodes, node)] = kept
    else:
        row.anchor = kept
    graph.rename_cluster(name, kept, gone)
