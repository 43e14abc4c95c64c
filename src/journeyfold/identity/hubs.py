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
    flipped: bool = False  # some node is a hub that was none, or none any more


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
        if met is not None:
            out = added if node.hub else neighbours
            turned.kept_out |= {link: met for link in out if link in neighbours}
        if node.hub != (met is not None):
            node.hub, turned.flipped = met is not None, True
            graph.put_node(id_, node)
            turned.moved += [end.node for end in neighbours.values()]
            if met is None:
                turned.restored += neighbours
    return turned


def crowd(graph: Graph, rules: IdentityRules, id_: bytes, kind: str) -> str | None:
    """`hub user_id>50`: more distinct neighbours of one stronger kind than the kind may have."""
    limit, place = _limit(rules, kind), rules.position
    own = place.get(kind, 0)
    met = [
        (place[each], each)
        for each, found in graph.crowds(id_).items()
        if found > limit and place.get(each, own) < own
    ]
    return f"hub {min(met)[1]}>{limit}" if met else None


def _limit(rules: IdentityRules, kind: str) -> int:
    rule = rules.by_name.get(kind)
    return rule.hub if rule is not None else 1 << 62
