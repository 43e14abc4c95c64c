"""Old records taken in again, because what blocks values has changed (identity E4).

A record's links are a function of the record and the blocks alive, so a link that only records with
another owner now have said is said no more. Else who is who would depend on whether a block, or its
end, came before the records it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from journeyfold.core.event import Identifier, Record
from journeyfold.identity.evidence import Link, links, witness
from journeyfold.identity.settle import Settlement

Named = tuple[tuple[Identifier, ...], tuple[Identifier, ...]]
Read = Callable[[Record], Named]
"""What a record names, and of that what is usable under the blocks of now."""
Past = Callable[[Iterable[bytes]], Iterable[Record]]
"""Records before this one that name any of the nodes."""
NodeOf = Callable[[Identifier], bytes]


class Rereader:
    """One change of blocks; `take_in` corrects every link that it may have touched."""

    def __init__(self, settlement: Settlement, read: Read, past: Past, node_of: NodeOf) -> None:
        self._settlement, self._read = settlement, read
        self._past, self._node_of = past, node_of

    def take_in(self, nodes: Iterable[bytes]) -> None:
        """`nodes` are those whose values are blocked now, or no longer."""
        said: dict[bytes, Link] = {}
        ever: dict[bytes, Link] = {}
        offsets = set[int]()
        for record in self._past(sorted(nodes)):
            offsets.add(record.offset)
            named, usable = self._read(record)
            _note(said, self._links(record, usable))
            for at in range(len(named) - 1):  # whoever the owner was
                _note(ever, self._links(record, named[at:]))
            for identifier in named:
                self._settlement.refold(self._node_of(identifier))
        for link in said.values():
            self._settlement.sight(link)
        for id_, link in ever.items():
            seen = self._settlement.graph.link(id_)
            if seen is not None and seen.offset in offsets and seen != said.get(id_):
                self._settlement.correct(seen, self._said_by_any(link))

    def _said_by_any(self, link: Link) -> Link | None:
        """The link as all records say it that name both its ends."""
        found: dict[bytes, Link] = {}
        for record in self._past([link.a]):
            _, usable = self._read(record)
            _note(found, (one for one in self._links(record, usable) if one.id == link.id))
        return found.get(link.id)

    def _links(self, record: Record, chosen: tuple[Identifier, ...]) -> list[Link]:
        ends = tuple(map(self._node_of, chosen))
        return links(record, chosen, ends, self._settlement.rules)


def _note(found: dict[bytes, Link], seen: Iterable[Link]) -> None:
    for link in seen:
        found[link.id] = witness(found[link.id], link) if link.id in found else link
