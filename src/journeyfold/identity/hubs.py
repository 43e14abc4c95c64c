"""Nodes that too many people share belong to nobody: a kiosk, a call centre's number (identity R2).

Whether a node is a hub depends on its alive links only, not on other hubs.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyfold.identity.graph import Graph
from journeyfold.identity.rules import IdentityRules


class Turned(msgspec.Struct):
    """What looking at some nodes again changed, beside their own flags."""

    kept_out: dict[bytes, str] = {}  # link → why it joins nobody
    restored: list[bytes] = []  # links that count again
    moved: list[bytes] = []  # nodes at the other ends
    any_hub: bool = False


def turn_hubs(
    graph: Graph, rules: IdentityRules, nodes: Iterable[bytes], added: Iterable[bytes]
) -> Turned:
    """Set or clear the flag of nodes whose links changed; `added` are the new links."""
    turned = Turned()
    for id_ in nodes:
        node = graph.node(id_)
        neighbours = graph.neighbours(id_)
        if node is None or (not node.hub and len(neighbours) <= _limit(rules, node.kind)):
            continue
        met = crowd(graph, rules, id_, node.kind)
        turned.any_hub = turned.any_hub or node.hub or met is not None
        if met is not None:
            out = added if node.hub else neighbours
            turned.kept_out |= {link: met for link in out if link in neighbours}
        if node.hub != (met is not None):
            node.hub = met is not None
            graph.put_node(id_, node)
            turned.moved += [end.node for end in neighbours.values()]
            if met is None:
                turned.restored += neighbours
    return turned


def crowd(graph: Graph, rules: IdentityRules, id_: bytes, kind: str) -> str | None:
    """`hub user_id>50`: more distinct neighbours of one stronger kind than the kind may have."""
    limit, place = _limit(rules, kind), rules.position
    distinct: dict[str, set[bytes]] = {}
    for end in graph.neighbours(id_).values():
        if place.get(end.kind, len(place)) < place.get(kind, 0):
            found = distinct.setdefault(end.kind, set())
            found.add(end.node)
            if len(found) > limit:
                return f"hub {end.kind}>{limit}"
    return None


def _limit(rules: IdentityRules, kind: str) -> int:
    rule = rules.by_name.get(kind)
    return rule.hub if rule is not None else 1 << 62
