"""Moving the write-ahead log into the file it belongs to, while others write (trust REL-14,
ADR 0020).

A passive checkpoint stops nobody, so under steady writing it never catches up and the write-ahead
log would grow without end. Once it is long, one that waits for the writers' lock follows the
passive one: it has little left to move, and the next writer begins at the front again, over bytes
that the disk already has. On a connection of its own, so that it may run beside appends.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

import apsw

from journeyfold.adapters.faults import point
from journeyfold.adapters.sqlite_file import CHECKED_FILES, connect, engine_errors, rows
from journeyfold.core.errors import Busy

PASSIVE_BYTES, RESTART_BYTES, TRUNCATE_BYTES = 16 * 2**20, 64 * 2**20, 256 * 2**20
INTERVAL_S = 30.0
PATIENCE_MS = 50  # for the writers' lock; who does not get it comes again
_FRAME_HEADER_BYTES = 24
_CACHE_KIB = 2_048


class Checkpoints:
    """Of one database; `run` does what is due and is called about once a second."""

    def __init__(
        self,
        path: Path,
        files: str = CHECKED_FILES,
        *,
        passive_bytes: int = PASSIVE_BYTES,
        restart_bytes: int = RESTART_BYTES,
    ) -> None:
        self._path, self._files = path, files
        self._passive_bytes, self._restart_bytes = passive_bytes, restart_bytes
        self._running = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._frame_bytes = 0
        self._last_s = time.monotonic()

    def run(self) -> int:
        """Returns the bytes that waited to be moved. A reader in the way is no error."""
        with self._running:
            connection = self._connection or self._open()
            with engine_errors(connection, self._path.name):
                waiting = self._waiting(connection)
                now_s = time.monotonic()
                if waiting and (
                    waiting >= self._passive_bytes or now_s - self._last_s >= INTERVAL_S
                ):
                    self._last_s = now_s
                    self._move(connection)
            return waiting

    def close(self) -> None:
        """Twice is once."""
        with self._running:
            if self._connection is not None:
                self._connection.close()

    def _open(self) -> apsw.Connection:
        connection = connect(self._path, cache_kib=_CACHE_KIB, files=self._files)
        connection.set_busy_timeout(PATIENCE_MS)
        with engine_errors(connection, self._path.name):
            rows(connection, "SELECT count(*) FROM sqlite_schema")  # opens the write-ahead log
            self._frame_bytes = int(str(connection.pragma("page_size"))) + _FRAME_HEADER_BYTES
        self._connection = connection
        return connection

    def _waiting(self, connection: apsw.Connection) -> int:
        frames, moved = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
        return max(0, frames - moved) * self._frame_bytes

    def _move(self, connection: apsw.Connection) -> None:
        frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        point("mid_checkpoint")
        length = frames * self._frame_bytes
        if length < self._restart_bytes:
            return
        is_huge = length >= TRUNCATE_BYTES
        mode = apsw.SQLITE_CHECKPOINT_TRUNCATE if is_huge else apsw.SQLITE_CHECKPOINT_RESTART
        try:
            with engine_errors(connection, self._path.name):
                connection.wal_checkpoint(mode=mode)
        except Busy:
            return
