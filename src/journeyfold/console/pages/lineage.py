"""Lineage: what a name is made of, what is made of it, and what breaks without it (quality Q40)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby

import msgspec
from starlette.responses import Response

from journeyfold.console.ask import Ask
from journeyfold.console.lineage_graph import address, lineage_graph
from journeyfold.project.lineage import KINDS, Graph, Node
from journeyfold.project.lineage_of import lineage_of
from journeyfold.project.load import load

OPEN = frozenset({"source", "segment", "journey"})
"""Kinds people look for first; the others are a fold away."""
ENDS = frozenset({"destination", "journey", "placement"})
"""What nothing in the project reads: it works outside, or is asked for there."""
FEW = 12  # of names in all need no fold


class Row(msgspec.Struct, frozen=True):
    node: str
    kind: str
    name: str
    up: int
    down: int

    @property
    def is_idle(self) -> bool:
        return not self.down and self.kind not in ENDS


class Group(msgspec.Struct, frozen=True):
    """The names of a kind; `idle` of them nobody reads."""

    kind: str
    rows: list[Row]
    idle: int
    is_open: bool


def show(ask: Ask) -> Response:
    graph = _graph(tuple(sorted(ask.project.files.items())))
    asked = ask.query.get("of", "").strip()
    found = graph.find(asked) if asked else []
    look = graph.look(found[0]) if len(found) == 1 else None
    picture, hidden = lineage_graph(look) if look is not None else ("", 0)
    rows = _rows(graph, found or graph.nodes) if look is None else []
    return ask.page(
        "lineage.html",
        title="Lineage",
        place="/lineage",
        asked=asked,
        names=[node.id for node in graph.nodes],
        look=look,
        picture=picture,
        hidden=hidden,
        breaking=[each for each in look.down if each.breaks] if look is not None else [],
        rows=rows,
        groups=grouped(rows, is_chosen=bool(found)),
        is_found=bool(found) or not asked,
        address=address,
        purposes=purposes,
    )


def purposes(allowed: tuple[str, ...] | None) -> str:
    if allowed is None:
        return "any"
    return ", ".join(allowed) or "none that all inputs share"


def grouped(rows: Sequence[Row], *, is_chosen: bool) -> list[Group]:
    """In the order in which data flow; few, and what was searched for, need no unfolding."""
    is_open = is_chosen or len(rows) <= FEW
    found = []
    for kind, each in groupby(rows, key=lambda row: row.kind):
        own = list(each)
        idle = sum(row.is_idle for row in own)
        found.append(Group(kind, own, idle, is_open or kind in OPEN))
    return found


@lru_cache(maxsize=2)
def _graph(files: tuple[tuple[str, str], ...]) -> Graph:
    """A version of a project does not change, so neither does its lineage."""
    return lineage_of(load(dict(files))) if files else Graph((), (), {})


def _rows(graph: Graph, nodes: list[Node] | tuple[Node, ...]) -> list[Row]:
    ordered = sorted(nodes, key=lambda node: (KINDS.index(node.kind), node.name))
    return [
        Row(
            node.id, node.kind, node.name, len(graph.before[node]), len(graph.behind[node])
        )
        for node in ordered
    ]  # fmt: skip
