"""Who stands next to whom: the other ends of alive links, a node at a time.

A kiosk has a hundred thousand neighbours. They are read once and counted as they come, so that one
more costs the same as the first.
"""

from __future__ import annotations

import msgspec

from journeyfold.core.ports import StateReader, StateWriter

CACHED_NODES = 40_000  # in two generations
_ENCODE = msgspec.msgpack.Encoder().encode


class Neighbour(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """id_adj: the other end of an alive link."""

    node: bytes
    kind: str


class Around:
    """The neighbours of one node: link id → the other end."""

    __slots__ = ("_counts", "ends")

    def __init__(self, ends: dict[bytes, Neighbour]) -> None:
        self.ends = ends
        self._counts: dict[str, dict[bytes, int]] | None = None  # kind → node → links

    def put(self, link: bytes, end: Neighbour | None) -> None:
        before = self.ends.pop(link, None)
        if end is not None:
            self.ends[link] = end
        if self._counts is None:
            return
        if before is not None:
            self._count(self._counts, before, -1)
        if end is not None:
            self._count(self._counts, end, 1)

    def crowds(self) -> dict[str, int]:
        """Kind → how many distinct nodes of it; counted when first asked, and kept from then on."""
        if self._counts is None:
            self._counts = {}
            for end in self.ends.values():
                self._count(self._counts, end, 1)
        return {kind: len(nodes) for kind, nodes in self._counts.items()}

    @staticmethod
    def _count(counts: dict[str, dict[bytes, int]], end: Neighbour, by: int) -> None:
        nodes = counts.setdefault(end.kind, {})
        left = nodes.pop(end.node, 0) + by
        if left:
            nodes[end.node] = left


class Neighbourhood:
    """id_adj: node and link → the other end, for alive links. Held a node at a time."""

    def __init__(self, cached: int = CACHED_NODES) -> None:
        self._cached = cached
        self._young: dict[bytes, Around] = {}
        self._old: dict[bytes, Around] = {}
        self._dirty: dict[bytes, None] = {}  # node + link

    def of(self, reader: StateReader, node: bytes) -> Around:
        """Change it by `put` only."""
        found = self._young.get(node)
        if found is None:
            found = self._old.get(node) or Around(_stored(reader, node))
            self._young[node] = found
        return found

    def begin(self, node: bytes) -> None:
        """A node named for the first time has none: nothing to read."""
        self._young[node] = Around({})

    def put(self, reader: StateReader, node: bytes, link: bytes, end: Neighbour | None) -> None:
        self.of(reader, node).put(link, end)
        self._dirty[node + link] = None

    def flush(self, writer: StateWriter) -> None:
        for key in self._dirty:
            end = self._young[key[:16]].ends.get(key[16:])
            if end is None:
                writer.delete("id_adj", key)
            else:
                writer.put("id_adj", key, _ENCODE(end))
        self._dirty = {}
        if len(self._young) > self._cached // 2:
            self._old, self._young = self._young, {}


_NEIGHBOUR = msgspec.msgpack.Decoder(Neighbour)


def _stored(reader: StateReader, node: bytes) -> dict[bytes, Neighbour]:
    stop = node + b"\xff" * 17  # beyond every 16-byte link id
    return {key[16:]: _NEIGHBOUR.decode(raw) for key, raw in reader.scan("id_adj", node, stop)}
