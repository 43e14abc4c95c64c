"""What the pure core asks of the world. Adapters implement these; `testing/contracts` checks them.

The log is written by `append` only, in one transaction a batch. State is an ordered key-value
store in named spaces: one writer, readers see the last commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal, Protocol

import msgspec

from journeyfold.core.event import Event, Kind, Record

FateName = Literal["appended", "duplicate", "quarantined", "rejected"]


class Entry(msgspec.Struct, frozen=True):
    """An admitted event on its way into the log.

    `fingerprint` is the 64-bit hash of the canonical item (collect C32): the same (source, id)
    with another fingerprint is a conflict, not a duplicate. `nodes` are the keyed hashes of its
    usable identifiers (identity I9) and become the person index. `key_id` names the API key.
    """

    event: Event
    kind: Kind = "event"
    fingerprint: int = 0
    nodes: tuple[bytes, ...] = ()
    key_id: str = ""


class Held(msgspec.Struct, frozen=True):
    """A message for quarantine: well formed, but not usable under today's plan (collect C30)."""

    source: str
    message: bytes  # the item after minimisation, re-serialised JSON
    code: str
    pointer: str
    received_us: int
    detail: str = ""
    event_id: str = ""
    name: str = ""
    schema: str = ""
    key_id: str = ""
    auth: str = ""
    nodes: tuple[bytes, ...] = ()
    fingerprint: int = 0  # of what was sent, as `Entry`'s; 0 where the message itself is that

    @property
    def same(self) -> tuple[str, str, str, int | bytes]:
        """What makes a message sent twice one row of quarantine: redelivery changes nothing, though
        it is received, and its time corrected, anew.
        """
        return self.source, self.event_id, self.code, self.fingerprint or self.message


class Fate(msgspec.Struct, frozen=True):
    """What became of one item. `offset` is the record's, also for a duplicate; -1 if none."""

    fate: FateName
    offset: int = -1
    code: str = ""
    pointer: str = ""
    detail: str = ""


class Cursor(msgspec.Struct, frozen=True):
    """Where an import stands; committed with the append it belongs to (collect C43)."""

    name: str
    value: bytes


class EventLog(Protocol):
    """Append-only, durable, dense. See `testing/contracts/log.py` for the promises."""

    def append(
        self,
        items: Sequence[Entry | Held],
        *,
        now_us: int,
        rejected: Iterable[tuple[str, int]] = (),
        cursor: Cursor | None = None,
        replayed: Sequence[int] = (),
    ) -> list[Fate]:
        """All or nothing; returns after the commit. `rejected` are (source, count) for the tally;
        `replayed` are quarantine rows that leave with this append (collect C31).
        """
        ...

    def read(self, after: int, limit: int) -> list[Record]:
        """Records with offset > after in order; `after=-1` starts at the first."""
        ...

    def history(
        self, nodes: Iterable[bytes], *, upto: int, before: int | None = None, limit: int = 0
    ) -> list[Record]:
        """Records naming any node, offset <= upto. Ascending; with `before`, the newest `limit`
        below it, descending.
        """
        ...

    def find(self, source: str, event_id: str) -> Record | None:
        """By dedupe key."""
        ...

    def head(self) -> tuple[int, int]:
        """(last offset, its appended_us); (-1, 0) when empty."""
        ...


class StateReader(Protocol):
    def get(self, space: str, key: bytes) -> bytes | None: ...

    def scan(
        self, space: str, start: bytes = b"", stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        """Pairs with start <= key < stop, in key order."""
        ...


class StateWriter(StateReader, Protocol):
    def put(self, space: str, key: bytes, value: bytes) -> None: ...

    def delete(self, space: str, key: bytes) -> None: ...


class StateStore(Protocol):
    """One synchronous transaction per `write()`: commits on exit, rolls back on an exception."""

    def read(self) -> AbstractContextManager[StateReader]: ...

    def write(self) -> AbstractContextManager[StateWriter]: ...

    def staged(self) -> AbstractContextManager[StateWriter]:
        """As `write`, but it may be committed after the exit, beside what comes next; never more
        than one is. Only the thread that stages sees it until then; see `settle`.
        """
        ...

    def settle(self) -> None:
        """What was staged is committed when this returns; it raises why not. Whoever staged asks
        before it writes in another way, or anybody depends on it.
        """
        ...

    def newest(self) -> AbstractContextManager[StateReader]:
        """With what is staged."""
        ...

    def warm(self, space: str, keys: Sequence[bytes]) -> None:
        """These will be read soon, one after the other."""
        ...

    def trim(self) -> None:
        """Give back memory that only saves a second reading."""
        ...

    def close(self) -> None: ...


SPACES = (
    "meta",  # consumed offset, format, project in force, cuts, back-fill progress
    "profile",  # person → Profile
    "wake",  # wake_us (8 bytes, big-endian) + person → nothing
    "outbox",  # effect key → what is to be delivered, and how far it got
    "outbox_by",  # destination, kind, journey and standing → how many of them, and which
    "sent",  # effect id of a message → what was sent to whom, and what came of it
    "sync",  # destination, sync and row → what the other side has acknowledged
    "row",  # the same → its key in the clear, and what is on its way; in no record
    "count",  # sizes and series of segments and stages
    "consent",  # node → purposes, for the door
    "id_node", "id_comp", "id_link", "id_adj", "id_mark", "id_hist", "id_audit",
    "id_erased",  # keyed hash of an identifier → how often it was erased, and since when
    "id_also",  # node + node → nothing: as what else the log's person index knows its records
    "id_review",  # pairs that linkage proposes, what people say of them, and its runs
    "parked",  # offset, and person if only for them → why a record could not be folded
)  # fmt: skip
"""The named databases of the state store, by what they hold (identity.md section 4)."""


class Clock(Protocol):
    """Log time for the shell; pure code never sees one."""

    def now_us(self) -> int: ...
