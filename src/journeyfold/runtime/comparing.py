"""One sync looked through: everybody's row against what was acknowledged, a slice at a time.

Memory does not grow with the rows: eight bytes of each digest are kept, and what is to be sent lies
in a file without a name until everybody was seen. Only then is it known what is gone, which keys
came twice, and whether too much would vanish.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import msgspec

from journeyfold.activate.sync import Change, Row, Seen, change_of, gone, is_too_much, row_of
from journeyfold.core.event import Json
from journeyfold.core.ports import StateReader
from journeyfold.core.profile import Profile
from journeyfold.project.audience import Audiences, Line
from journeyfold.project.people import profile_of
from journeyfold.project.synced import (
    Ledger,
    acknowledged,
    acknowledged_rows,
    knows_its_rows,
    ledger_of,
    standing_of,
)
from journeyfold.runtime.outbox import now_of

_LENGTH = 4
SAMPLE = 20


class Item(msgspec.Struct, frozen=True, array_like=True):
    """One thing to do to one row."""

    change: Change
    digest: bytes
    hash: str
    key: str | int
    person: str
    fields: dict[str, Json] = {}


_ITEM = msgspec.msgpack.Decoder(Item)


class Spool:
    """Items on disk, read in the order they came; the file has no name and is gone with us."""

    def __init__(self, directory: Path) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115 - closed below
        self.count = self._read = 0

    def put(self, item: Item) -> None:
        raw = msgspec.msgpack.encode(item)
        self._file.write(len(raw).to_bytes(_LENGTH, "big") + raw)
        self.count += 1

    def rewind(self) -> None:
        self._file.seek(0)
        self._read = 0

    def take(self, most: int) -> list[Item]:
        """The next ones, after `rewind`."""
        found = []
        for _ in range(min(most, self.count - self._read)):
            length = int.from_bytes(self._file.read(_LENGTH), "big")
            found.append(_ITEM.decode(self._file.read(length)))
        self._read += len(found)
        return found

    @property
    def is_read(self) -> bool:
        return self._read >= self.count

    def close(self) -> None:
        self._file.close()


class Comparison:
    """`meet` everybody, then `look_for_gone` until it is through; then it knows what to do."""

    def __init__(
        self, line: Line, reader: StateReader, secret: bytes, at_us: int, directory: Path
    ) -> None:
        self.line, self.at_us = line, at_us
        self.standing = standing_of(reader, line.name)
        self._secret = secret
        self.must_learn = not knows_its_rows(reader, line.name)
        self.learned: dict[bytes, Ledger] = {}  # of this look, until somebody writes it down
        self._current, self._withdrawn = Seen(), Seen()
        self.withdrawals, self.removals, self.upserts = (Spool(directory) for _ in range(3))
        self.counts = dict.fromkeys(
            ("rows", "added", "changed", "removed", "withdrawn", "unchanged", "no_key", "lost"), 0
        )
        self._after = b""
        self.is_through = False

    def meet(self, audiences: Audiences, reader: StateReader, profile: Profile) -> None:
        line = self.line
        standing, key, fields = audiences.judged(line, profile, self.at_us)
        if standing == "no_key":
            self.counts["no_key"] += 1
        if standing == "outside" and self.must_learn:
            key = audiences.key_of(line, profile, self.at_us)
        if key is None:
            return
        row = row_of(self._secret, line.name, key, profile.person, fields)
        held = acknowledged(reader, line.name, row.digest)
        if standing == "row":
            self._take(row, held)
        elif standing == "withdrawn":
            self._withdrawn.add(row.digest)
        if self.must_learn and held is not None:
            self.learned[row.digest] = Ledger(key, profile.person)

    def _take(self, row: Row, held: str | None) -> None:
        self._current.add(row.digest)
        self.counts["rows"] += 1
        change = change_of(self.line.sync, row, held)
        if change is None:
            self.counts["unchanged"] += 1
        else:
            self.counts["added" if change == "add" else "changed"] += 1
            self.upserts.put(_item(change, row))

    def close_look(self) -> None:
        """Everybody was met."""
        self._current.close()
        self._withdrawn.close()

    def look_for_gone(self, reader: StateReader, limit: int) -> None:
        """Acknowledged rows nobody has any more; a slice of them."""
        seen = 0
        for digest, _ in islice(acknowledged_rows(reader, self.line.name, self._after), limit):
            self._after, seen = digest, seen + 1
            if digest not in self._current:
                self._judge_gone(reader, digest)
        self.is_through = seen < limit

    def _judge_gone(self, reader: StateReader, digest: bytes) -> None:
        """A row whose key nobody knows any more cannot be taken away: it is counted."""
        ledger = ledger_of(reader, self.line.name, digest) or self.learned.get(digest)
        if ledger is None:
            self.counts["lost"] += 1
            return
        change = gone(self.line.sync, digest, self._current, self._withdrawn)
        if profile_of(reader, now_of(reader, ledger.person)) is None:
            change = "withdraw"  # who was erased goes from every list
        if change is not None:
            self.counts["withdrawn" if change == "withdraw" else "removed"] += 1
            spool = self.withdrawals if change == "withdraw" else self.removals
            spool.put(Item(change, digest, "", ledger.key, ledger.person))

    def is_repeated(self, item: Item) -> bool:
        return self._current.is_repeated(item.digest)

    @property
    def is_stopped(self) -> bool:
        sync, standing = self.line.sync, self.standing
        return not standing.is_confirmed and is_too_much(
            sync, self.counts["removed"], standing.rows
        )

    def told(self) -> dict[str, Json]:
        """What its records say."""
        counts: dict[str, Json] = {**self.counts, "duplicates": self._current.repeated()}
        return {
            "destination": self.line.destination, "sync": self.line.sync.id,
            "acknowledged": self.standing.rows, **counts,
        }  # fmt: skip

    def sample(self) -> Iterator[Item]:
        """Some of what would be done, removals first."""
        for spool in self.spools:
            spool.rewind()
            yield from spool.take(SAMPLE)
            spool.rewind()

    @property
    def spools(self) -> tuple[Spool, Spool, Spool]:
        """In the order in which they are sent."""
        return self.withdrawals, self.removals, self.upserts

    def close(self) -> None:
        for spool in self.spools:
            spool.close()


def _item(change: Change, row: Row) -> Item:
    return Item(change, row.digest, row.hash, row.key, row.person, row.fields)
