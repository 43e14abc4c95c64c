"""The identity graph over a state store: nodes, links, components, neighbours, history.

Rows are decoded once and written back at `flush`, in the transaction of the profiles they agree
with (identity section 4). Between two flushes nothing is forgotten, so reading through the cache is
always exact; a flush may drop rows that were not used lately.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Generic, TypeVar

import msgspec

from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.identity.erased import Erased
from journeyfold.identity.evidence import Link, Mark
from journeyfold.identity.neighbours import Neighbour, Neighbourhood
from journeyfold.identity.partition import Vertex

CACHED_ROWS = 40_000  # of each space, in two generations
CACHED_CLUSTERS = 1_000  # components of several people
_ENCODE = msgspec.msgpack.Encoder().encode


class Node(msgspec.Struct, array_like=True, gc=False):
    """id_node: one identifier. `component` is empty while it is linked to nobody."""

    kind: str
    value: str
    first_us: int
    component: bytes
    since: int  # offset of the first record that named it
    hub: bool = False

    @property
    def age(self) -> tuple[int, str, str]:
        """The least of a cluster is its anchor (identity P1)."""
        return (self.first_us, self.kind, self.value)

    @property
    def vertex(self) -> Vertex:
        return Vertex(self.kind, self.value, self.first_us)


class Component(msgspec.Struct, array_like=True):
    """id_comp: a raw component of two or more nodes, named by one of them.

    `nodes` are sorted. While they are one person, `anchor` is its anchor and `anchors` is empty;
    else `anchors` stands beside `nodes`. `links` are alive, have no hub end and stand in canonical
    order; `suppressed` are those not accepted, with the reason. Lists, because equal values must be
    equal bytes (REL-13). `equivalent`: some link says two values are one.
    """

    nodes: list[bytes]
    links: list[bytes]
    anchor: bytes
    anchors: list[bytes] = []
    suppressed: list[tuple[bytes, str]] = []
    equivalent: bool = False

    def anchor_of(self, node: bytes) -> bytes:
        return self.anchors[bisect_left(self.nodes, node)] if self.anchors else self.anchor

    def reason(self, link: bytes) -> str:
        """Why the link is suppressed; empty when it is accepted."""
        at = bisect_left(self.suppressed, (link, ""))
        found = self.suppressed[at : at + 1]
        return found[0][1] if found and found[0][0] == link else ""

    def refuse(self, link: bytes, reason: str) -> None:
        """Suppress the link for this reason, or accept it for none."""
        at = bisect_left(self.suppressed, (link, ""))
        known = at < len(self.suppressed) and self.suppressed[at][0] == link
        self.suppressed[at : at + known] = [(link, reason)] if reason else []


Row = TypeVar("Row")


@cache
def _decoder(type_: Any) -> msgspec.msgpack.Decoder[Any]:
    """A reader opens a graph for one look: making its decoders would cost more than the look."""
    return msgspec.msgpack.Decoder(type_)


class Space(Generic[Row]):
    """A write-back cache of one named space."""

    def __init__(self, name: str, type_: type[Row], cached: int = CACHED_ROWS) -> None:
        self._name, self._cached = name, cached
        self._decode: Callable[[bytes], Row] = _decoder(type_).decode  # type: ignore[arg-type]  # a type is hashable
        self.young: dict[bytes, Row | None] = {}
        self._old: dict[bytes, Row | None] = {}
        self._dirty: dict[bytes, None] = {}

    def get(self, reader: StateReader, key: bytes) -> Row | None:
        row = self.young.get(key)
        if row is not None or key in self.young:
            return row
        if key in self._old:
            row = self._old[key]
        else:
            raw = reader.get(self._name, key)
            row = self._decode(raw) if raw is not None else None
        if row is not None:
            self.young[key] = row
        return row

    def put(self, key: bytes, row: Row | None) -> None:
        """Also after changing a row in place; None deletes."""
        self.young[key] = row
        self._dirty[key] = None

    def scan(
        self, reader: StateReader, start: bytes = b"", stop: bytes | None = None
    ) -> Iterator[tuple[bytes, Row]]:
        """Stored rows and those waiting for the flush, each once, in no order."""
        waiting = {
            key: self.young[key]
            for key in self._dirty
            if key >= start and (stop is None or key < stop)
        }
        for key, raw in reader.scan(self._name, start, stop):
            if key not in waiting:
                yield key, self._decode(raw)
        for key, row in waiting.items():
            if row is not None:
                yield key, row

    def flush(self, writer: StateWriter) -> None:
        for key in self._dirty:
            row = self.young[key]
            if row is None:
                writer.delete(self._name, key)
            else:
                writer.put(self._name, key, _ENCODE(row))
        self._dirty = {}
        if len(self.young) > self._cached // 2:
            self._old, self.young = self.young, {}


def stored_anchor(reader: StateReader, id_: bytes) -> bytes | None:
    """`Graph.anchor` for one look at what is committed; a graph would cost more than the look."""
    raw = reader.get("id_node", id_)
    if raw is None:
        return None
    node = _decoder(Node).decode(raw)
    raw = reader.get("id_comp", node.component) if node.component else None
    return _decoder(Component).decode(raw).anchor_of(id_) if raw is not None else id_


class Graph:
    """All spaces of identity behind one reader. `reader` is set anew for each transaction."""

    def __init__(self, reader: StateReader) -> None:
        self.reader = reader
        self._nodes = Space("id_node", Node)
        self._components = Space("id_comp", Component)
        self._links = Space("id_link", Link)
        self._neighbours = Neighbourhood()
        self._histories = Space("id_hist", bytes)
        self._clusters: dict[bytes, dict[bytes, list[bytes]]] = {}  # of components of many people
        self._erased = Space("id_erased", Erased)
        self._marks = Space[Mark]("id_mark", Mark)  # type: ignore[arg-type]  # a union of structs

    def node(self, id_: bytes) -> Node | None:
        return self._nodes.young.get(id_) or self._nodes.get(self.reader, id_)

    def named(self, id_: bytes) -> Node:
        """A node that links, components or a record at hand hold."""
        node = self._nodes.young.get(id_) or self._nodes.get(self.reader, id_)
        assert node is not None, "links and components hold named nodes only"
        return node

    def put_node(self, id_: bytes, node: Node) -> None:
        self._nodes.put(id_, node)

    def nodes(self) -> Iterator[tuple[bytes, Node]]:
        """Every node: for verdicts about values, which people make now and then."""
        return self._nodes.scan(self.reader)

    def components(self) -> Iterator[tuple[bytes, Component]]:
        """Every component of two or more nodes, by name."""
        return self._components.scan(self.reader)

    def component(self, id_: bytes) -> Component | None:
        return self._components.get(self.reader, id_)

    def home(self, id_: bytes) -> tuple[bytes, Component]:
        """The component a node is in, and its name; a node by itself is its own."""
        name = self.named(id_).component
        row = self.component(name) if name else None
        return (name, row) if row is not None else (id_, Component([id_], [], id_))

    def put_component(self, id_: bytes, component: Component | None) -> None:
        self._components.put(id_, component)
        self._clusters.pop(id_, None)

    def cluster(self, name: bytes, component: Component, anchor: bytes) -> list[bytes]:
        """The nodes of one person inside a component; a list of the caller's own."""
        if not component.anchors:
            return list(component.nodes)
        found = self._clusters.get(name)
        if found is None:
            found = self._clusters[name] = {}
            for node, its in zip(component.nodes, component.anchors, strict=True):
                found.setdefault(its, []).append(node)
        return list(found[anchor])

    def grow_component(self, name: bytes, component: Component, gone: Component | None) -> None:
        """Put a component that took in another, keeping what is known of its clusters."""
        found = self._clusters.get(name)
        self.put_component(name, component)
        if found is not None and gone is not None:
            for node in gone.nodes:
                found.setdefault(gone.anchor_of(node), []).append(node)
        if found is not None:
            self._clusters[name] = found

    def rename_cluster(self, name: bytes, kept: bytes, gone: bytes) -> None:
        """Two clusters of a component are one person now."""
        found = self._clusters.get(name)
        if found is not None:
            found[kept] += found.pop(gone)

    def regroup(self, name: bytes, row: Component, anchors: Mapping[bytes, bytes]) -> None:
        """Put a component in which these nodes, whole clusters of before, have other anchors."""
        found = self._clusters.get(name, {}) if row.anchors else {}
        row.anchors = row.anchors or [row.anchor] * len(row.nodes)
        for gone in {row.anchor_of(node) for node in anchors}:
            found.pop(gone, None)
        known = bool(found)
        for node, anchor in anchors.items():
            row.anchors[bisect_left(row.nodes, node)] = anchor
            if known:
                found.setdefault(anchor, []).append(node)
        row.anchor = b"" if row.suppressed else row.anchors[0]
        row.anchors = row.anchors if row.suppressed else []
        self.put_component(name, row)
        if known and row.anchors:
            self._clusters[name] = found

    def link(self, id_: bytes) -> Link | None:
        return self._links.get(self.reader, id_)

    def stored(self, id_: bytes) -> Link:
        """A link that a component or a neighbourhood holds."""
        link = self._links.get(self.reader, id_)
        assert link is not None, "components hold links that are stored"
        return link

    def put_link(self, link: Link) -> None:
        self._links.put(link.id, link)

    def links(self) -> Iterator[Link]:
        """Every link ever seen, dead ones included."""
        return (link for _, link in self._links.scan(self.reader))

    def begin_node(self, id_: bytes, node: Node) -> None:
        self._nodes.put(id_, node)
        self._neighbours.begin(id_)

    def neighbours(self, node: bytes) -> dict[bytes, Neighbour]:
        """Link id → other end, of the alive links at a node."""
        return self._neighbours.of(self.reader, node).ends

    def crowds(self, node: bytes) -> dict[str, int]:
        """Kind → how many distinct nodes of it are neighbours."""
        return self._neighbours.of(self.reader, node).crowds()

    def join(self, link: Link) -> None:
        """The link is alive: each end becomes the other's neighbour."""
        for node, other in ((link.a, link.b), (link.b, link.a)):
            end = Neighbour(other, self.named(other).kind)
            self._neighbours.put(self.reader, node, link.id, end)

    def part(self, link: Link) -> None:
        for node in (link.a, link.b):
            self._neighbours.put(self.reader, node, link.id, None)

    def marks(self) -> Iterator[Mark]:
        return (mark for _, mark in self._marks.scan(self.reader))

    def put_mark(self, mark: Mark) -> None:
        self._marks.put(mark.id, mark)

    def remember(self, node: bytes, offset: int, anchor: bytes) -> None:
        """From this record on the node belongs to that anchor's person (identity P2)."""
        self._histories.put(node + offset.to_bytes(8, "big"), anchor)

    def history(self, node: bytes, upto: int) -> list[tuple[int, bytes]]:
        """(offset, anchor) rows up to an offset, oldest first."""
        stop = node + (upto + 1).to_bytes(8, "big")
        rows = self._histories.scan(self.reader, node, stop)
        return sorted((int.from_bytes(key[16:], "big"), anchor) for key, anchor in rows)

    def erased(self, first: bytes) -> Erased | None:
        """By the node that the identifier had before any erasure."""
        return self._erased.get(self.reader, first)

    def put_erased(self, first: bytes, row: Erased) -> None:
        self._erased.put(first, row)

    def histories(self) -> Iterator[tuple[bytes, int, bytes]]:
        """Every (node, offset, anchor from that record on)."""
        for key, anchor in self._histories.scan(self.reader):
            yield key[:16], int.from_bytes(key[16:], "big"), anchor

    def drop(self, node: bytes) -> None:
        """A node that is by itself goes, with its history."""
        self._nodes.put(node, None)
        for key, _ in list(self._histories.scan(self.reader, node, node + b"\xff" * 9)):
            self._histories.put(key, None)

    def drop_link(self, id_: bytes) -> None:
        self._links.put(id_, None)

    def drop_mark(self, id_: bytes) -> None:
        self._marks.put(id_, None)

    def anchor(self, id_: bytes) -> bytes | None:
        """The anchor of the node's person; None for a node nobody named."""
        node = self.node(id_)
        if node is None:
            return None
        component = self.component(node.component) if node.component else None
        return component.anchor_of(id_) if component is not None else id_

    def members(self, anchor: bytes) -> list[bytes]:
        """The nodes of an anchor's person, in order of id."""
        name, row = self.home(anchor)
        return sorted(self.cluster(name, row, anchor))

    def flush(self, writer: StateWriter) -> None:
        for space in (
            self._nodes, self._components, self._links, self._histories, self._marks, self._erased,
        ):  # fmt: skip
            space.flush(writer)
        if len(self._clusters) > CACHED_CLUSTERS:
            self._clusters = {}
        self._neighbours.flush(writer)
