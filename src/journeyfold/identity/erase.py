"""Erasure in the graph: a person's nodes and every link at them go (identity M7).

The rest is the function of the remaining evidence, so what was refused because of them may count
now. Whole people are erased: all nodes of everybody who has one of those named.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.identity.change import Change, Part, Split
from journeyfold.identity.evidence import CannotLink
from journeyfold.identity.graph import Graph
from journeyfold.identity.normalise import person_id
from journeyfold.identity.settle import Settlement


def people_of(graph: Graph, named: Iterable[bytes]) -> list[Part]:
    """Everybody who has one of these nodes, with all of theirs, in order of their ids."""
    anchors = {anchor for node in named if (anchor := graph.anchor(node)) is not None}
    parts = [Part(person_id(each), tuple(graph.members(each))) for each in anchors]
    return sorted(parts, key=lambda part: part.person)


def remove(settlement: Settlement, people: Iterable[Part]) -> list[Change]:
    """Take their nodes out; what that changed about others. The marks are to be read anew."""
    graph, erased = settlement.graph, {part.person for part in people}
    gone = {node for part in people for node in part.nodes}
    links = set(_dead_links(settlement, gone))
    for node in sorted(gone):
        for id_ in sorted(graph.neighbours(node)):
            settlement.kill(graph.stored(id_))
            links.add(id_)
    changes = [
        change
        for change in settlement.settle()
        if not (isinstance(change, Split) and change.person in erased)
    ]
    for node in sorted(gone):
        graph.drop(node)
    for id_ in sorted(links):
        graph.drop_link(id_)
    for mark in list(graph.marks()):
        if isinstance(mark, CannotLink) and (mark.a in gone or mark.b in gone):
            graph.drop_mark(mark.id)
    return changes


def _dead_links(settlement: Settlement, gone: set[bytes]) -> list[bytes]:
    """Links that a verdict killed are no neighbours: they are looked for among all."""
    if not settlement.marks.any_kills:
        return []
    every = settlement.graph.links()
    return [link.id for link in every if link.a in gone or link.b in gone]
