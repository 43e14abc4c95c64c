"""The log on SQLite: append-only, deduplicated, sealed, dense (trust REL-1 … REL-7).

One transaction a batch, durable when `append` returns. Every read of a body checks its digest, as
SQLite's pages have no checksum of their own, and offsets are dense, so a row that is missing is
damage too. One connection writes, one reads the last commit; both serve any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import apsw

from journeyfold.adapters import sqlite_batch
from journeyfold.adapters.faults import point
from journeyfold.adapters.keyring import CLEAR, Keyring
from journeyfold.adapters.sqlite_checkpoint import Checkpoints
from journeyfold.adapters.sqlite_draft import Draft, drafts_of
from journeyfold.adapters.sqlite_file import (
    CHECKED_FILES,
    Durability,
    connect,
    create,
    engine_errors,
    is_damage,
    rows,
    rows_each,
)
from journeyfold.adapters.sqlite_held import FILE_NAME, Connections, SqliteMarks, SqliteQuarantine
from journeyfold.core.errors import Busy, DamageError
from journeyfold.core.event import KINDS, Record
from journeyfold.core.ports import Cursor, Entry, Fate, Held
from journeyfold.log import codec
from journeyfold.log.digest import Digests

PAGE_BYTES = 8_192
READ_CACHE_KIB = 16_384

_Row: TypeAlias = tuple[int, int, int, int, bytes | None, bytes | None, bytes, bytes | None]
_AFTER = "SELECT * FROM record WHERE offset > ? ORDER BY offset LIMIT ?"
_AT = "SELECT * FROM record WHERE offset = ?"
_FIRST_OF_NODE = "SELECT offset FROM node WHERE node = ? AND offset <= ? ORDER BY offset LIMIT ?"
_LAST_OF_NODE = (
    "SELECT offset FROM node WHERE node = ? AND offset <= ? ORDER BY offset DESC LIMIT ?"
)
_OFFSET_OF = "SELECT offset FROM dedupe WHERE key = ?"


class SqliteLog:
    """`core.ports.EventLog`, and beside it `quarantine` and `marks`."""

    def __init__(
        self,
        directory: Path,
        keyring: Keyring,
        *,
        durability: Durability = "fsync",
        encrypted: bool = True,
        files: str = CHECKED_FILES,
    ) -> None:
        """Open `directory/log.sqlite`, made if missing. FormatError when it is a newer release's.

        `files` is for fault tests (see `sqlite_file.connect`).
        """
        self.path = directory / FILE_NAME
        self._keyring = keyring
        self._sealing = keyring if encrypted else None
        self._digests = Digests(keyring.derive("integrity"))
        self._writing, self._reading = threading.RLock(), threading.RLock()
        self._write = connect(self.path, durability=durability, files=files)
        with engine_errors(self._write, FILE_NAME):
            create(self._write, sqlite_batch.SCHEMA, page_bytes=PAGE_BYTES)
            sqlite_batch.add_tables(self._write)
        self._read = connect(self.path, cache_kib=READ_CACHE_KIB, files=files)
        self._checkpoints = Checkpoints(self.path, files)
        beside = Connections(self._write, self._writing, self._read, self._reading)
        self.quarantine = SqliteQuarantine(beside, keyring)
        self.marks = SqliteMarks(beside)

    def append(
        self,
        items: Sequence[Entry | Held],
        *,
        now_us: int,
        rejected: Iterable[tuple[str, int]] = (),
        cursor: Cursor | None = None,
        replayed: Sequence[int] = (),
    ) -> list[Fate]:
        """See the port. Busy when the disk is full or the lock is not had within 5 s."""
        return self.append_drafts(
            self.drafts(items), now_us=now_us, rejected=rejected, cursor=cursor, replayed=replayed
        )

    def drafts(self, items: Sequence[Entry | Held]) -> list[Draft]:
        """What of an append needs no lock, for `append_drafts`; in any thread."""
        return drafts_of(items, self._sealing)

    def append_drafts(
        self,
        drafts: Sequence[Draft],
        *,
        now_us: int,
        rejected: Iterable[tuple[str, int]] = (),
        cursor: Cursor | None = None,
        replayed: Sequence[int] = (),
    ) -> list[Fate]:
        """What of an append needs the lock; otherwise as `append`."""
        with self._writing, engine_errors(self._write, FILE_NAME):
            point("before_begin")
            self._write.execute("BEGIN IMMEDIATE")
            fates = sqlite_batch.write(
                self._write,
                drafts,
                self._digests,
                self._sealing,
                now_us=now_us,
                rejected=rejected,
                cursor=cursor,
                replayed=replayed,
            )
            point("before_commit")
            self._write.execute("COMMIT")
        point("after_commit_before_ack")
        return fates

    def read(self, after: int, limit: int) -> list[Record]:
        with self._reading, engine_errors(self._read, FILE_NAME):
            # The head first: whatever it says must then be there, so a lost tail is damage.
            last, _ = self._head()
            try:
                found = rows(self._read, _AFTER, (after, limit))
            except apsw.Error as error:
                raise self._named(error, after) from error
        expected = range(after + 1, min(after + limit, max(last, after)) + 1)
        if len(found) < len(expected) or (found and found[-1][0] != after + len(found)):
            present = {row[0] for row in found}
            raise _missing(next(offset for offset in expected if offset not in present))
        return self._records(found)

    def history(
        self, nodes: Iterable[bytes], *, upto: int, before: int | None = None, limit: int = 0
    ) -> list[Record]:
        newest_first = before is not None
        top = upto if before is None else min(upto, before - 1)
        statement = _LAST_OF_NODE if newest_first else _FIRST_OF_NODE
        bindings = ((node, top, limit or -1) for node in dict.fromkeys(nodes))
        with self._reading, engine_errors(self._read, FILE_NAME):
            named = {offset for (offset,) in rows_each(self._read, statement, bindings)}
            offsets = sorted(named, reverse=newest_first)[: limit or None]
            found = rows_each(self._read, _AT, ((offset,) for offset in offsets))
        if len(found) != len(offsets):
            present = {row[0] for row in found}
            raise _missing(next(offset for offset in offsets if offset not in present))
        return self._records(found)

    def find(self, source: str, event_id: str) -> Record | None:
        key = codec.dedupe_key(source, event_id)
        with self._reading, engine_errors(self._read, FILE_NAME):
            known = rows(self._read, _OFFSET_OF, (key,))
            if not known:
                return None
            found = rows(self._read, _AT, known[0])
        if not found:
            raise _missing(known[0][0])
        return self._records(found)[0]

    def head(self) -> tuple[int, int]:
        with self._reading, engine_errors(self._read, FILE_NAME):
            return self._head()

    def checkpoint(self) -> int:
        """Move the write-ahead log into the file when it is due; returns the bytes that waited.

        For `work` and for an import that runs alone, about once a second (trust REL-14). Appends
        and reads go on meanwhile. A reader in the way is no error: the next call tries again.
        """
        try:
            return self._checkpoints.run()
        except Busy:
            return 0

    def verify(self) -> int:
        """Read everything: pages, indexes, every record. Returns how many; DamageError names one."""
        with self._reading, engine_errors(self._read, FILE_NAME):
            found = rows(self._read, "PRAGMA integrity_check(1)")
        if found != [("ok",)]:
            raise DamageError(f"{FILE_NAME}: {found[0][0]}; restore it from a backup")
        last = -1
        while records := self.read(last, 1_000):
            last = records[-1].offset
            self._verify_dedupe(records)
        return last + 1

    def close(self) -> None:
        """Twice is once. The last process to close moves the write-ahead log into the file."""
        self._checkpoints.close()
        with self._writing, self._reading:
            self._read.close()
            self._write.close()

    def _verify_dedupe(self, records: Iterable[Record]) -> None:
        """Every record is found under its own key, or an event could be appended twice."""
        keys = {
            codec.dedupe_key(record.event.source, record.event.id): record.offset
            for record in records
            if record.kind != "erased"
        }
        with self._reading, engine_errors(self._read, FILE_NAME):
            found = rows_each(self._read, _OFFSET_OF, ((key,) for key in keys))
        lost = set(keys.values()) - {offset for (offset,) in found}
        if lost:
            raise DamageError(f"{FILE_NAME}: record {min(lost)} is not in the dedupe index")

    def _named(self, error: apsw.Error, after: int) -> Exception:
        """Damage in a page, with the first record that cannot be read; other errors as they are."""
        last, _ = self._head()
        for offset in range(after + 1, last + 1) if is_damage(error) else ():
            try:
                rows(self._read, _AT, (offset,))
            except apsw.Error as found:
                return DamageError(
                    f"{FILE_NAME}: record {offset} cannot be read, its page is damaged ({found}); "
                    "restore it from a backup"
                )
        return error

    def _head(self) -> tuple[int, int]:
        next_offset, appended_us = sqlite_batch.head_of(self._read)
        return next_offset - 1, appended_us

    def _records(self, found: Iterable[_Row]) -> list[Record]:
        """Check, open and decode rows; replay spends its time here, so names are local."""
        records = []
        digest_of, unseal, decode = self._digests.of, self._keyring.unseal, codec.decode
        for offset, appended_us, code, v, key_id, nonce, digest, body in found:
            if body is None or key_id is None or nonce is None:
                records.append(Record(offset, appended_us, "erased", codec.ERASED))
                continue
            if digest_of(offset, appended_us, code, v, key_id, nonce, body) != digest:
                raise _changed(offset)
            kind = KINDS[code]
            clear = body if key_id == CLEAR else unseal(kind, v, key_id, nonce, body)
            records.append(Record(offset, appended_us, kind, decode(v, clear)))
        return records


def _changed(offset: int) -> DamageError:
    return DamageError(
        f"{FILE_NAME}: record {offset} is not what was written (its digest differs); "
        "restore it from a backup"
    )


def _missing(offset: int) -> DamageError:
    return DamageError(f"{FILE_NAME}: record {offset} is missing; restore it from a backup")
