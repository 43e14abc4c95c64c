"""Which nodes of one raw component are one person: a pure function (identity R4-R7, P1).

Constrained Kruskal in canonical order: a link is accepted iff the merged cluster keeps every limit
and no cannot-link pair. Limits are hereditary (each part of a legal cluster is legal), so a
component that is legal as a whole is one cluster in every order and no link need be tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from journeyfold.identity.evidence import Link
from journeyfold.identity.rules import IdentityRules


class Vertex(msgspec.Struct, frozen=True):
    """What limits and anchors need of a node; `first_us` is its earliest naming (P1)."""

    kind: str
    value: str
    first_us: int

    @property
    def age(self) -> tuple[int, str, str]:
        """The anchor of a cluster is the least."""
        return (self.first_us, self.kind, self.value)


Apart = Mapping[bytes, Mapping[bytes, bytes]]
"""node → nodes it may not be with → id of the cannot-link."""


class Partition(msgspec.Struct, frozen=True):
    """`anchors`: each node's anchor; equal anchor means one person. `suppressed`: link → why."""

    anchors: dict[bytes, bytes]
    suppressed: dict[bytes, str]

    @property
    def dirty(self) -> bool:
        """Some link of the component could not be accepted."""
        return bool(self.suppressed)


def partition(
    nodes: Mapping[bytes, Vertex], links: Iterable[Link], apart: Apart, rules: IdentityRules
) -> Partition:
    """`nodes` are connected by `links` (alive, no hub end); both ends of a link are in `nodes`."""
    ordered = sorted(links, key=lambda link: link.order)
    counted = _equivalents(nodes, ordered)
    whole = Cluster.of(nodes, counted)
    if whole.violation(apart, rules) is None:
        anchor = anchor_of(nodes, nodes)
        return Partition(dict.fromkeys(nodes, anchor), {})
    return constrained(nodes, ordered, apart, rules)


def constrained(
    nodes: Mapping[bytes, Vertex], ordered: list[Link], apart: Apart, rules: IdentityRules
) -> Partition:
    """The slow path: Kruskal over links in canonical order. Equal to the fast path where legal."""
    counted = _equivalents(nodes, ordered)
    of = {node: Cluster.of((node,), counted) for node in nodes}
    suppressed: dict[bytes, str] = {}
    for link in ordered:
        one, other = of[link.a], of[link.b]
        if one is other:
            continue
        small, large = (one, other) if len(one.members) <= len(other.members) else (other, one)
        reason = large.violation(apart, rules, small)
        if reason is not None:
            suppressed[link.id] = reason
            continue
        large.absorb(small)
        for node in small.members:
            of[node] = large
    anchors: dict[bytes, bytes] = {}
    for node in nodes:
        if node not in anchors:
            members = of[node].members
            anchors |= dict.fromkeys(members, anchor_of(members, nodes))
    return Partition(anchors, suppressed)


def anchor_of(members: Iterable[bytes], nodes: Mapping[bytes, Vertex]) -> bytes:
    return min(members, key=lambda node: nodes[node].age)


def connected(nodes: Iterable[bytes], links: Iterable[Link]) -> dict[bytes, bytes]:
    """Each node → a node that stands for its connected component."""
    parent = {node: node for node in nodes}
    size = dict.fromkeys(parent, 1)

    def root(node: bytes) -> bytes:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for link in links:
        small, large = sorted((root(link.a), root(link.b)), key=lambda one: size[one])
        if small != large:
            parent[small] = large
            size[large] += size[small]
    return {node: root(node) for node in parent}


Counted = Mapping[bytes, tuple[str, bytes, int]]
"""node → (kind, class of equivalent values, the class's first_us)."""


class Cluster:
    """Nodes that are one person so far, with the values that count for limits."""

    __slots__ = ("members", "values")

    def __init__(self) -> None:
        self.members: list[bytes] = []
        self.values: dict[str, dict[bytes, int]] = {}

    @classmethod
    def of(cls, nodes: Iterable[bytes], counted: Counted) -> Cluster:
        cluster = cls()
        for node in nodes:
            kind, class_, first_us = counted[node]
            cluster.members.append(node)
            cluster.values.setdefault(kind, {})[class_] = first_us
        return cluster

    def absorb(self, other: Cluster) -> None:
        self.members += other.members
        for kind, values in other.values.items():
            self.values[kind] = self.values.get(kind, {}) | values

    def violation(
        self, apart: Apart, rules: IdentityRules, other: Cluster | None = None
    ) -> str | None:
        """Why this cluster (with `other`) is no legal person; None when it is."""
        added = other if other is not None else Cluster()
        forbidden = _forbidden(self.members, added.members, apart)
        if forbidden is not None:
            return f"cannot_link {forbidden.hex()}"
        size = len(self.members) + len(added.members)
        if size > rules.max_nodes:
            return f"limit nodes {size}>{rules.max_nodes}"
        touched = other.values if other is not None else self.values
        for kind in rules.by_name:
            if kind not in touched:
                continue
            values = self.values.get(kind, {}) | added.values.get(kind, {})
            broken = _broken_limit(kind, values, rules)
            if broken is not None:
                return broken
        return None


def _broken_limit(kind: str, values: Mapping[bytes, int], rules: IdentityRules) -> str | None:
    """Over sorted first_us f: broken iff some f[i + n] - f[i] < w. Event time only (R5)."""
    bound = rules.by_name[kind].bound
    if bound.ever is not None and len(values) > bound.ever:
        return f"limit {kind} {len(values)}>{bound.ever}"
    count = bound.count
    if count is None or len(values) <= count:
        return None
    first = sorted(values.values())
    for earlier, later in zip(first, first[count:], strict=False):
        if later - earlier < bound.within_us:
            return f"limit {kind} {count + 1}>{count} in {bound.within}"
    return None


def _forbidden(members: list[bytes], added: list[bytes], apart: Apart) -> bytes | None:
    """The least cannot-link inside the union of both."""
    if not apart:
        return None
    union = {*members, *added}
    found = [
        id_ for node in union for partner, id_ in apart.get(node, {}).items() if partner in union
    ]
    return min(found, default=None)


def _equivalents(nodes: Mapping[bytes, Vertex], links: Iterable[Link]) -> Counted:
    """Equivalent values count once, from the earliest of them (identity E7).

    The class is that of the whole component, so that a part of a legal cluster stays legal.
    """
    same = [link for link in links if link.equivalent]
    if not same:
        return {node: (vertex.kind, node, vertex.first_us) for node, vertex in nodes.items()}
    parent: dict[bytes, bytes] = {}

    def root(node: bytes) -> bytes:
        while node in parent:
            node = parent[node]
        return node

    for link in same:
        low, high = sorted((root(link.a), root(link.b)))
        if low != high:
            parent[high] = low
    first: dict[bytes, int] = {}
    for node in parent:
        class_ = root(node)
        ages = (nodes[node].first_us, nodes[class_].first_us, first.get(class_))
        first[class_] = min(age for age in ages if age is not None)
    return {
        node: (vertex.kind, class_, first.get(class_, vertex.first_us))
        for node, vertex in nodes.items()
        for class_ in (root(node),)
    }
