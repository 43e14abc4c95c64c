"""Who did what: a chain of hashes, so that an edited row names itself (trust SEC-13).

Each row's hash covers the hash before it. `verify` finds any edit, deletion, insertion or swap; a
tail cut off leaves a shorter chain that is whole, which only a copied checkpoint can show. People
appear by node hash only.
"""

from __future__ import annotations

import threading
from hashlib import sha256

import apsw
import msgspec

from journeyfold.adapters.sqlite_file import engine_errors, rows

FILE_NAME = "admin.sqlite"
SCHEMA = """
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL,
    act TEXT NOT NULL, object TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
    prev BLOB NOT NULL, hash BLOB NOT NULL);
"""
START = bytes(32)


class By(msgspec.Struct, frozen=True):
    """Whose act it is, in which role, and when."""

    actor: str
    role: str
    at_us: int


class AuditRow(msgspec.Struct, frozen=True):
    seq: int
    at_us: int
    actor: str
    role: str
    act: str
    object: str
    before: str
    after: str
    prev: bytes
    hash: bytes


class AuditChain:
    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def add(self, by: By, act: str, what: str, before: str = "", after: str = "") -> None:
        """An act of its own; those of keys and users are added with the change itself."""
        with self._lock, engine_errors(self._connection, FILE_NAME):
            self._connection.execute("BEGIN IMMEDIATE")
            record(self._connection, by, act, what, before, after)
            self._connection.execute("COMMIT")

    def rows(self, *, before: int | None = None, limit: int = 100) -> list[AuditRow]:
        """The newest below a seq, newest first."""
        with self._lock, engine_errors(self._connection, FILE_NAME):
            found = rows(
                self._connection,
                "SELECT * FROM audit WHERE ?1 IS NULL OR seq < ?1 ORDER BY seq DESC LIMIT ?2",
                (before, limit),
            )
        return [AuditRow(*row) for row in found]

    def verify(self) -> int | None:
        """The first seq that is not as it was written, or None when the chain is whole."""
        seq, prev = 0, START
        with self._lock, engine_errors(self._connection, FILE_NAME):
            for row in self._connection.execute("SELECT * FROM audit ORDER BY seq"):
                seq += 1
                found = AuditRow(*row)
                if found.seq != seq or found.prev != prev or found.hash != _hash(prev, row[:8]):
                    return seq
                prev = found.hash
        return None


def record(
    connection: apsw.Connection, by: By, act: str, what: str, before: str = "", after: str = ""
) -> None:
    """Add a row in the open transaction of the change it tells of."""
    last = rows(connection, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
    seq, prev = (last[0][0] + 1, last[0][1]) if last else (1, START)
    content = (seq, by.at_us, by.actor, by.role, act, what, before, after)
    connection.execute(
        "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*content, prev, _hash(prev, content)),
    )


def _hash(prev: bytes, content: tuple[object, ...]) -> bytes:
    return sha256(prev + msgspec.msgpack.encode(content)).digest()
