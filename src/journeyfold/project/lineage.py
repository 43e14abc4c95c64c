"""Where everything comes from and where it goes (quality Q40). Pure.

A directed graph over what a project defines, from the columns of its sources to its destinations;
an edge leads from what is read to what reads it. What a definition *needs*, it needs all of; what
*supplies* a value (two sources of one trait) may be one of several. `lineage_of` makes the graph.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias, get_args

import msgspec

Kind: TypeAlias = Literal[
    "source", "field", "event", "property", "identifier", "trait", "context", "consent", "feature",
    "score", "segment", "lifecycle", "offer", "placement", "message", "journey", "destination",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which data flow."""
SUPPLIED: frozenset[Kind] = frozenset({"event", "property", "identifier", "trait", "context"})
"""Kinds that one supplier of several is enough for."""


class Node(NamedTuple):
    kind: Kind
    name: str

    @property
    def id(self) -> str:
        return f"{self.kind}:{self.name}"


class Edge(NamedTuple):
    source: Node
    target: Node


class Neighbour(msgspec.Struct, frozen=True):
    """A node on the way, so many edges off; `breaks`: it cannot be had without the one asked for."""

    id: str
    kind: Kind
    name: str
    distance: int
    purposes: tuple[str, ...] | None = None
    breaks: bool = False


class Lineage(msgspec.Struct, frozen=True):
    """What lies before and behind one thing. `purposes` None: nothing restricts it."""

    id: str
    kind: Kind
    name: str
    purposes: tuple[str, ...] | None
    up: tuple[Neighbour, ...]
    down: tuple[Neighbour, ...]
    edges: tuple[tuple[str, str], ...]  # among all of these


class Graph:
    """`allowed` are the purposes that are declared where a value comes in."""

    def __init__(
        self, nodes: Iterable[Node], edges: Iterable[Edge], allowed: Mapping[Node, frozenset[str]]
    ) -> None:
        self.edges = tuple(sorted(set(edges)))
        ends = {end for edge in self.edges for end in edge}
        self.nodes = tuple(sorted({*nodes, *ends}, key=_order))
        self._allowed = allowed
        self.before: dict[Node, list[Node]] = {node: [] for node in self.nodes}
        self.behind: dict[Node, list[Node]] = {node: [] for node in self.nodes}
        for edge in self.edges:
            self.before[edge.target].append(edge.source)
            self.behind[edge.source].append(edge.target)

    def find(self, asked: str) -> list[Node]:
        """`trait:email`, or `email` for everything of that name; columns also without their source."""
        exact = [node for node in self.nodes if node.id == asked]
        named = [node for node in self.nodes if node.name == asked]
        last = [node for node in self.nodes if node.name.rpartition("/")[2] == asked]
        return exact or named or last

    def look(self, node: Node) -> Lineage:
        up, down = self._reached(node, self.before), self._reached(node, self.behind)
        seen = {node, *up, *down}
        lost = self.lost_without(node)
        return Lineage(
            node.id, node.kind, node.name, self.purposes[node],
            tuple(self._neighbour(each, up[each], lost) for each in sorted(up, key=_order)),
            tuple(self._neighbour(each, down[each], lost) for each in sorted(down, key=_order)),
            tuple(
                (edge.source.id, edge.target.id)
                for edge in self.edges
                if edge.source in seen and edge.target in seen
            ),
        )  # fmt: skip

    def lost_without(self, gone: Node) -> frozenset[Node]:
        """What breaks if this goes: what needs it, and what nobody supplies any more."""
        lost, waiting = {gone}, deque([gone])
        while waiting:
            for node in self.behind[waiting.popleft()]:
                if node in lost:
                    continue
                if node.kind not in SUPPLIED or lost.issuperset(self.before[node]):
                    lost.add(node)
                    waiting.append(node)
        return frozenset(lost - {gone})

    @cached_property
    def purposes(self) -> dict[Node, tuple[str, ...] | None]:
        """What everything may be used for: the purposes that all its inputs have in common.

        What a trait or property says of itself stands in place of what its source says of all it
        sends; what a column says of itself narrows it.
        """
        found: dict[Node, frozenset[str]] = dict(self._allowed)
        changed = True
        while changed:  # only ever narrower, so it ends, in circles too
            changed = False
            for edge in self.edges:
                given, had = found.get(edge.source), found.get(edge.target)
                if given is None or not self._narrows(edge):
                    continue
                now = given if had is None else had & given
                if now != had:
                    found[edge.target] = now
                    changed = True
        return {
            node: None if node not in found else tuple(sorted(found[node])) for node in self.nodes
        }

    def _narrows(self, edge: Edge) -> bool:
        has_said = edge.target in self._allowed
        return not has_said or (edge.source.kind == "field" and edge.source in self._allowed)

    def _neighbour(self, node: Node, distance: int, lost: frozenset[Node]) -> Neighbour:
        return Neighbour(node.id, node.kind, node.name, distance, self.purposes[node], node in lost)

    def _reached(self, start: Node, ways: Mapping[Node, list[Node]]) -> dict[Node, int]:
        found, waiting = {start: 0}, deque([start])
        while waiting:
            node = waiting.popleft()
            for each in ways[node]:
                if each not in found:
                    found[each] = found[node] + 1
                    waiting.append(each)
        del found[start]
        return found


def _order(node: Node) -> tuple[int, str]:
    return KINDS.index(node.kind), node.name
