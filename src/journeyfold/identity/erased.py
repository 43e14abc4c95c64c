"""What stays of an identifier that was erased: a keyed hash and since when (identity M7).

The hash is the node the identifier had before any erasure, which is also what the log's person
index and the door know it by. Each erasure makes it one generation older, so that whoever comes
back with it is somebody new: another node, another person id, nothing of before.
"""

from __future__ import annotations

import msgspec

from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import StateReader
from journeyfold.identity.normalise import node_of

SPACE = "id_erased"
AS_OF = "as_of"
"""In the context of what the platform itself says of a person: how much of the log it knew."""


class Closing(msgspec.Struct, frozen=True, array_like=True):
    """A channel that was closed to this address, and why: it stays so for whoever has it next."""

    kind: str
    channel: str
    at_us: int


class Erased(msgspec.Struct, frozen=True, array_like=True):
    """Records of before are dropped: those up to `erased_us` of their own time, those that stand
    before `offset` in the log, and what the platform said while it did not know of the erasure yet.
    """

    generation: int
    erased_us: int
    offset: int
    closed: list[Closing] = []

    def drops(self, event: Event, offset: int | None) -> bool:
        if event.occurred_us <= self.erased_us or (offset is not None and offset < self.offset):
            return True
        as_of = event.context.get(AS_OF) if event.context.get("auth") == "system" else None
        return isinstance(as_of, int) and as_of < self.offset


_ERASED = msgspec.msgpack.Decoder(Erased)


def erased_in(reader: StateReader, first: bytes) -> Erased | None:
    """`first` is the node of before any erasure."""
    raw = reader.get(SPACE, first)
    return _ERASED.decode(raw) if raw is not None else None


def any_erased(reader: StateReader) -> bool:
    return next(iter(reader.scan(SPACE)), None) is not None


def current_node(reader: StateReader, identifier: Identifier, key: bytes) -> bytes:
    """The node that a normalised identifier has now."""
    first = node_of(identifier, key)
    row = erased_in(reader, first)
    return first if row is None else node_of(identifier, key, row.generation)
