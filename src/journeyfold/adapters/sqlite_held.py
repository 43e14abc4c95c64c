"""What `log.sqlite` keeps beside the records: quarantine, tallies, cursors and single numbers."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import apsw
import msgspec

from journeyfold.adapters.keyring import CLEAR, Keyring
from journeyfold.adapters.sqlite_batch import QUARANTINE
from journeyfold.adapters.sqlite_file import engine_errors, rows
from journeyfold.core.event import ENVELOPE_VERSION
from journeyfold.core.ports import Held
from journeyfold.log.conservation import Tally
from journeyfold.log.quarantine import HeldCount, HeldMessage, HeldState

NODE_BYTES = 16
_PAGE = """
SELECT * FROM quarantine
WHERE state = ?1 AND id > ?2 AND (?3 IS NULL OR source = ?3) AND (?4 IS NULL OR code = ?4)
ORDER BY id LIMIT ?5"""
_GET = "SELECT * FROM quarantine WHERE id = ?"
_COUNTS = """
SELECT source, code, count(*), min(received_us), max(received_us) FROM quarantine
WHERE state = 'held' GROUP BY source, code ORDER BY source, code"""
_DROP = """
UPDATE quarantine SET state = 'dropped', key_id = NULL, nonce = NULL, body = NULL
WHERE id = ? AND state = 'held'"""
_SURPLUS = """
SELECT id FROM (
    SELECT id, received_us, sum(length(body)) OVER (PARTITION BY source ORDER BY id DESC) AS kept
    FROM quarantine WHERE state = 'held')
WHERE received_us < ? OR kept > ?"""

_message = msgspec.msgpack.Decoder(tuple[bytes, str])


class SqliteQuarantine:
    """`log.quarantine.Quarantine` on the log's own file."""

    def __init__(
        self, connection: apsw.Connection, lock: threading.RLock, keyring: Keyring
    ) -> None:
        self._connection = connection
        self._lock = lock
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
        with self._lock, engine_errors(self._connection, "log.sqlite"):
            return [HeldCount(*row) for row in rows(self._connection, _COUNTS)]

    def drop(self, rows: Sequence[int]) -> int:
        with self._lock, engine_errors(self._connection, "log.sqlite"):
            self._connection.execute("BEGIN IMMEDIATE")
            before = self._connection.total_changes()
            self._connection.executemany(_DROP, ((row,) for row in rows))
            dropped = self._connection.total_changes() - before
            self._connection.execute("COMMIT")
        return dropped

    def prune(self, *, before_us: int, bytes_max: int) -> int:
        with self._lock, engine_errors(self._connection, "log.sqlite"):
            surplus = rows(self._connection, _SURPLUS, (before_us, bytes_max))
        return self.drop([row for (row,) in surplus]) if surplus else 0

    def _select(self, statement: str, bindings: tuple[str | int | None, ...]) -> list[HeldMessage]:
        with self._lock, engine_errors(self._connection, "log.sqlite"):
            found = rows(self._connection, statement, bindings)
        return [self._held(*row) for row in found]

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

    def __init__(self, connection: apsw.Connection, lock: threading.RLock) -> None:
        self._connection = connection
        self._lock = lock

    def tallies(self, since_minute: int = 0) -> list[Tally]:
        """By minute and source."""
        with self._lock, engine_errors(self._connection, "log.sqlite"):
            found = rows(
                self._connection,
                "SELECT * FROM tally WHERE minute >= ? ORDER BY minute, source",
                (since_minute,),
            )
        return [Tally(*row) for row in found]

    def totals(self) -> list[Tally]:
        """By source since the beginning, under minute 0."""
        with self._lock, engine_errors(self._connection, "log.sqlite"):
            found = rows(
                self._connection,
                "SELECT source, 0, sum(received), sum(appended), sum(duplicate), sum(quarantined),"
                " sum(rejected) FROM tally GROUP BY source ORDER BY source",
            )
        return [Tally(*row) for row in found]

    def cursor(self, name: str) -> bytes | None:
        value = self._one("SELECT value FROM cursor WHERE name = ?", name)
        return value if isinstance(value, bytes) else None

    def number(self, name: str) -> int | None:
        value = self._one("SELECT value FROM meta WHERE name = ?", name)
        return value if isinstance(value, int) else None

    def set_number(self, name: str, value: int) -> None:
        with self._lock, engine_errors(self._connection, "log.sqlite"):
            self._connection.execute(
                "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def _one(self, statement: str, name: str) -> object:
        with self._lock, engine_errors(self._connection, "log.sqlite"):
            found = rows(self._connection, statement, (name,))
        return found[0][0] if found else None
