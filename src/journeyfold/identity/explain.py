"""Why two identifiers are one person, or are not; what the person page shows (identity X1).

Reads the graph only: every link carries the event and offset that first showed it.
"""

from __future__ import annotations

from base64 import b32decode
from collections import deque
from collections.abc import Iterable

import msgspec

from journeyfold.identity.evidence import Link
from journeyfold.identity.graph import Graph
from journeyfold.identity.marks import Marks
from journeyfold.identity.normalise import person_id


class LinkSeen(msgspec.Struct, frozen=True):
    """A link as people read it; `reason` is empty when it is accepted."""

    id: str
    a: tuple[str, str]  # kind, value
    b: tuple[str, str]
    method: str
    tier: int
    source: str
    event: str
    offset: int
    occurred_us: int
    reason: str = ""


class NodeSeen(msgspec.Struct, frozen=True):
    """An identifier of a person. `node` is hex, as owners of traits are named."""

    node: str
    kind: str
    value: str
    first_us: int
    anchor: bool = False
    hub: bool = False


class Identity(msgspec.Struct, frozen=True):
    """One person's identifiers, oldest first, with the links that hold or would hold them."""

    person: str
    nodes: tuple[NodeSeen, ...] = ()
    accepted: tuple[LinkSeen, ...] = ()
    suppressed: tuple[LinkSeen, ...] = ()

    @property
    def node_ids(self) -> list[bytes]:
        """The anchor's first."""
        return [bytes.fromhex(node.node) for node in self.nodes]


class Why(msgspec.Struct, frozen=True):
    """`path` leads from one node to the other when `same`; else `suppressed` says what failed.

    `note` is `no evidence` when nothing ever linked them and `unknown` for a node never named.
    """

    same: bool
    path: tuple[LinkSeen, ...] = ()
    suppressed: tuple[LinkSeen, ...] = ()
    note: str = ""


def node_of_person(person: str) -> bytes | None:
    """The node whose id this is: every id ever given leads to a node in one step (P2)."""
    text = person.removeprefix("p_")
    if len(text) != 26 or person == text:
        return None
    try:
        node = b32decode(text.upper() + "======")
    except ValueError:
        return None
    return node if person_id(node) == person else None


def identity_of(graph: Graph, person: str) -> Identity:
    """Of the person who has this id now or had it; without nodes if nobody did."""
    node = node_of_person(person)
    anchor = graph.anchor(node) if node is not None else None
    if anchor is None:
        return Identity(person)
    members = graph.members(anchor)
    nodes = sorted(
        (_node_seen(graph, one, anchor) for one in members),
        key=lambda one: (one.first_us, one.kind, one.value),
    )
    accepted, suppressed = _links_at(graph, members)
    return Identity(person_id(anchor), tuple(nodes), accepted, suppressed)


def why_between(graph: Graph, marks: Marks, a: bytes, b: bytes) -> Why:
    one, other = graph.anchor(a), graph.anchor(b)
    if one is None or other is None:
        return Why(same=False, note="unknown")
    if one == other:
        return Why(same=True, path=tuple(_path(graph, a, b)))
    theirs = set(graph.members(other))
    mine = graph.members(one)
    _, suppressed = _links_at(graph, mine)
    ids = {
        link for node in mine for link, end in graph.neighbours(node).items() if end.node in theirs
    }
    between = tuple(link for link in suppressed if bytes.fromhex(link.id) in ids)
    if between:
        return Why(same=False, suppressed=between)
    forbidden = [id_ for node in mine for far, id_ in marks.apart(node).items() if far in theirs]
    if forbidden:
        return Why(same=False, note=f"cannot_link {min(forbidden).hex()}")
    return Why(same=False, note="no evidence")


def in_words(reason: str) -> str:
    """Why two are kept apart, for people: a verdict without its id."""
    is_verdict = reason.startswith("cannot_link ")
    return "somebody said that they are two" if is_verdict else reason


def _path(graph: Graph, a: bytes, b: bytes) -> list[LinkSeen]:
    """Breadth first over accepted links, ties by canonical order: that of the component."""
    row = graph.home(a)[1]
    refused = {id_ for id_, _ in row.suppressed}
    beside: dict[bytes, list[Link]] = {}
    for link in (graph.stored(id_) for id_ in row.links if id_ not in refused):
        beside.setdefault(link.a, []).append(link)
        beside.setdefault(link.b, []).append(link)
    came: dict[bytes, Link | None] = {a: None}
    waiting = deque([a])
    while waiting and b not in came:
        node = waiting.popleft()
        for link in beside.get(node, ()):
            far = link.other(node)
            if far not in came:
                came[far] = link
                waiting.append(far)
    path: list[LinkSeen] = []
    step = came[b]
    while step is not None:
        path.append(_link_seen(graph, step, ""))
        b = step.other(b)
        step = came[b]
    return path[::-1]


def _links_at(
    graph: Graph, nodes: Iterable[bytes]
) -> tuple[tuple[LinkSeen, ...], tuple[LinkSeen, ...]]:
    ids = {id_ for node in nodes for id_ in graph.neighbours(node)}
    links = sorted(map(graph.stored, ids), key=lambda link: link.order)
    seen = [_link_seen(graph, link, _reason(graph, link)) for link in links]
    return (
        tuple(link for link in seen if not link.reason),
        tuple(link for link in seen if link.reason),
    )


def _reason(graph: Graph, link: Link) -> str:
    for id_ in (link.a, link.b):
        if graph.named(id_).hub:
            return f"hub {graph.named(id_).kind}"
    return graph.home(link.a)[1].reason(link.id)


def _link_seen(graph: Graph, link: Link, reason: str) -> LinkSeen:
    a, b = graph.named(link.a), graph.named(link.b)
    return LinkSeen(
        id=link.id.hex(),
        a=(a.kind, a.value),
        b=(b.kind, b.value),
        method=link.method,
        tier=link.rank // 100,
        source=link.source,
        event=link.event,
        offset=link.offset,
        occurred_us=link.occurred_us,
        reason=reason,
    )


def _node_seen(graph: Graph, id_: bytes, anchor: bytes) -> NodeSeen:
    node = graph.named(id_)
    return NodeSeen(id_.hex(), node.kind, node.value, node.first_us, id_ == anchor, node.hub)
