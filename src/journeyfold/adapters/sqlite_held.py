"""What `log.sqlite` keeps beside the records: quarantine, tallies, cursors and single numbers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import apsw
import msgspec

from journeyfold.adapters.keyring import CLEAR, Keyring
from journeyfold.adapters.sqlite_batch import EVER, fates_of
from journeyfold.adapters.sqlite_draft import QUARANTINE, drafts_of
from journeyfold.adapters.sqlite_file import engine_errors, rows
from journeyfold.core.event import ENVELOPE_VERSION
from journeyfold.core.ports import Entry, Fate, Held
from journeyfold.log.conservation import Daily, Tally
from journeyfold.log.quarantine import HeldCount, HeldGroup, HeldMessage, HeldState, grouped

FILE_NAME = "log.sqlite"
NODE_BYTES = 16
_PAGE = """
SELECT * FROM quarantine
WHERE state = ?1 AND id > ?2 AND (?3 IS NULL OR source = ?3) AND (?4 IS NULL OR code = ?4)
ORDER BY id LIMIT ?5"""
_GET = "SELECT * FROM quarantine WHERE id = ?"
_COUNTS = """
SELECT source, code, count(*), min(received_us), max(received_us) FROM quarantine
WHERE state = 'held' GROUP BY source, code ORDER BY source, code"""
_GROUPS = """
SELECT source, name, code, CASE WHEN pointer GLOB '/line/[0-9]*' THEN '/line/0' ELSE pointer END,
    schema, state, count(*), min(received_us), max(received_us)
FROM quarantine GROUP BY 1, 2, 3, 4, 5, 6"""
_FLAGGED = """
SELECT source, name, code, pointer, schema, 'flagged', messages, first_us, last_us FROM flagged"""
_DROP = """
UPDATE quarantine SET state = 'dropped', key_id = NULL, nonce = NULL, body = NULL
WHERE id = ? AND state = 'held'"""
_SURPLUS = """
SELECT id FROM (
    SELECT id, received_us, sum(length(body)) OVER (PARTITION BY source ORDER BY id DESC) AS kept
    FROM quarantine WHERE state = 'held')
WHERE received_us < ? OR kept > ?"""

_TALLIES = "SELECT * FROM tally WHERE minute >= ? ORDER BY minute, source"
DAY_MINUTES = 1440
_DAILY = """
SELECT source, minute / 1440, sum(received), sum(appended), sum(quarantined), sum(rejected),
    max(minute)
FROM tally WHERE minute >= ? GROUP BY 1, 2 ORDER BY 2, 1"""
_EVER = "SELECT * FROM tally WHERE minute = ? ORDER BY source"
_SET_NUMBER = "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"

_message = msgspec.msgpack.Decoder(tuple[bytes, str])


class Connections(NamedTuple):
    """One connection writes, one reads the last commit; each has its lock."""

    write: apsw.Connection
    writing: threading.RLock
    read: apsw.Connection
    reading: threading.RLock

    def rows(self, statement: str, bindings: tuple[object, ...] = ()) -> list[Any]:
        """What the last commit holds; nobody's commit is waited for."""
        with self.reading, engine_errors(self.read, FILE_NAME):
            return rows(self.read, statement, bindings)


class SqliteQuarantine:
    """`log.quarantine.Quarantine` on the log's own file."""

    def __init__(self, connections: Connections, keyring: Keyring) -> None:
        self._connections = connections
        self._keyring = keyring

    def page(
        self,
        *,
        source: str | None = None,
        code: str | None = None,
        state: HeldState = "held",
        after: int = 0,
        limit: int = 100,
    ) -> list[HeldMessage]:
        return self._select(_PAGE, (state, after, source, code, limit))

    def get(self, row: int) -> HeldMessage | None:
        return next(iter(self._select(_GET, (row,))), None)

    def counts(self) -> list[HeldCount]:
        return [HeldCount(*row) for row in self._connections.rows(_COUNTS)]

    def groups(self) -> list[HeldGroup]:
        return grouped(self._connections.rows(_GROUPS))

    def flagged(self) -> list[HeldGroup]:
        return grouped(self._connections.rows(_FLAGGED))

    def drop(self, rows: Sequence[int]) -> int:
        connection = self._connections.write
        with self._connections.writing, engine_errors(connection, FILE_NAME):
            connection.execute("BEGIN IMMEDIATE")
            before = connection.total_changes()
            connection.executemany(_DROP, ((row,) for row in rows))
            dropped = connection.total_changes() - before
            connection.execute("COMMIT")
        return dropped

    def prune(self, *, before_us: int, bytes_max: int) -> int:
        surplus = self._connections.rows(_SURPLUS, (before_us, bytes_max))
        return self.drop([row for (row,) in surplus]) if surplus else 0

    def would_be(self, entries: Sequence[Entry]) -> list[Fate]:
        """What an append of these would answer now; nothing is written, nobody waits."""
        connection = self._connections.read
        with self._connections.reading, engine_errors(connection, FILE_NAME):
            return fates_of(connection, drafts_of(entries, None))

    def _select(self, statement: str, bindings: tuple[str | int | None, ...]) -> list[HeldMessage]:
        return [self._held(*row) for row in self._connections.rows(statement, bindings)]

    def _held(  # one parameter a column
        self,
        row: int,
        _same: bytes,
        state: HeldState,
        received_us: int,
        source: str,
        name: str,
        event_id: str,
        code: str,
        pointer: str,
        schema: str,
        api_key: str,
        auth: str,
        nodes: bytes,
        key_id: bytes | None,
        nonce: bytes | None,
        body: bytes | None,
    ) -> HeldMessage:
        message, detail = b"", ""
        if body is not None and key_id is not None and nonce is not None:
            if key_id != CLEAR:
                body = self._keyring.unseal(QUARANTINE, ENVELOPE_VERSION, key_id, nonce, body)
            message, detail = _message.decode(body)
        held = Held(
            source=source,
            message=message,
            code=code,
            pointer=pointer,
            received_us=received_us,
            detail=detail,
            event_id=event_id,
            name=name,
            schema=schema,
            key_id=api_key,
            auth=auth,
            nodes=tuple(nodes[at : at + NODE_BYTES] for at in range(0, len(nodes), NODE_BYTES)),
        )
        return HeldMessage(id=row, state=state, held=held)


class SqliteMarks:
    """Tallies, import cursors and named numbers (the shift of the clock, for one)."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def tallies(self, since_minute: int = 0) -> list[Tally]:
        """By minute and source."""
        since = max(since_minute, 0)
        return [Tally(*row) for row in self._connections.rows(_TALLIES, (since,))]

    def daily(self, since_day: int) -> list[Daily]:
        found = self._connections.rows(_DAILY, (max(since_day, 0) * DAY_MINUTES,))
        return [Daily(*row) for row in found]

    def totals(self) -> list[Tally]:
        """By source since the beginning, under minute 0."""
        return [
            Tally(source, 0, *counts)
            for source, _, *counts in self._connections.rows(_EVER, (EVER,))
        ]

    def cursor(self, name: str) -> bytes | None:
        found = self._connections.rows("SELECT value FROM cursor WHERE name = ?", (name,))
        return found[0][0] if found else None

    def number(self, name: str) -> int | None:
        found = self._connections.rows("SELECT value FROM meta WHERE name = ?", (name,))
        return found[0][0] if found else None

    def set_number(self, name: str, value: int) -> None:
        """Not for the log's own: those move with an append."""
        assert name not in ("next_offset", "appended_us"), f"{name} is the log's own"
        connection = self._connections.write
        with self._connections.writing, engine_errors(connection, FILE_NAME):
            connection.execute(_SET_NUMBER, (name, value))
