"""Which evidence is alive: verdicts that kill, forbid and block (identity E4, E5, R1).

Liveness is a function of the set of marks: a retract's id contains its target's id, so following
retracts of retracts always ends.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.identity.evidence import Block, CannotLink, Link, Mark, Retract


class Marks:
    """The verdicts of the set, indexed. They are few (people make them), so all are in memory."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self._all: dict[bytes, Mark] = {}
        self._retracts: dict[bytes, list[Retract]] = {}  # by target
        self._selecting: list[Retract] = []
        self._cannot: dict[bytes, list[CannotLink]] = {}  # by either end
        self._blocks: list[Block] = []
        for mark in marks:
            self.add(mark)

    def __contains__(self, id_: bytes) -> bool:
        return id_ in self._all

    def get(self, id_: bytes) -> Mark | None:
        return self._all.get(id_)

    def add(self, mark: Mark) -> bool:
        """False when it was there: the set only grows."""
        if mark.id in self._all:
            return False
        self._all[mark.id] = mark
        match mark:
            case CannotLink():
                self._cannot.setdefault(mark.a, []).append(mark)
                self._cannot.setdefault(mark.b, []).append(mark)
            case Block():
                self._blocks.append(mark)
            case Retract(selector=None):
                self._retracts.setdefault(mark.target, []).append(mark)
            case Retract():
                self._selecting.append(mark)
        return True

    @property
    def any_kills(self) -> bool:
        """Whether there may be links that are stored and not alive."""
        return bool(self._retracts or self._selecting or self._blocks)

    @property
    def any_blocks(self) -> bool:
        return bool(self._blocks)

    @property
    def any_cannot(self) -> bool:
        return bool(self._cannot)

    def is_retracted(self, id_: bytes) -> bool:
        """Some living retract targets it."""
        return any(not self.is_retracted(one.id) for one in self._retracts.get(id_, ()))

    def kills(self, link: Link) -> bool:
        """By its id or by a selector; blocked ends are asked by `blocks`."""
        if not self._retracts and not self._selecting:
            return False
        return self.is_retracted(link.id) or any(
            one.selector is not None and one.selector.holds(link) and not self.is_retracted(one.id)
            for one in self._selecting
        )

    def blocks(self, kind: str, value: str) -> bool:
        return any(
            block.matches(kind, value) and not self.is_retracted(block.id) for block in self._blocks
        )

    def living_cannot(self) -> list[CannotLink]:
        """Cannot-links that nobody has taken back, in order of id."""
        each = {mark.id: mark for marks in self._cannot.values() for mark in marks}
        return [mark for id_, mark in sorted(each.items()) if not self.is_retracted(id_)]

    def apart(self, node: bytes) -> dict[bytes, bytes]:
        """Nodes that may not share a person with `node` → id of the cannot-link."""
        found: dict[bytes, bytes] = {}
        for mark in self._cannot.get(node, ()):
            if not self.is_retracted(mark.id):
                other = mark.b if node == mark.a else mark.a
                found[other] = min(mark.id, found.get(other, mark.id))
        return found
