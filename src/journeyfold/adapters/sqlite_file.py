"""How we open SQLite and what its failures mean to us.

Always through APSW, whose wheel carries a current SQLite: libraries before 3.51.3 can lose
committed pages when a checkpoint meets a writer (trust REL-15). Pages carry a checksum (SQLite's
own cksumvfs, in the same wheel), so damage to an index is found as damage to a body is (P6).
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import apsw
import apsw.sqlite_extra

from journeyfold.adapters.format import FORMAT, check_format
from journeyfold.core.errors import Busy, DamageError, EngineError

Durability = Literal["fsync", "os"]

OLDEST = (3, 51, 3)
BUSY_S = 5.0
LOOK_S, LONG_LOOK_S = 0.0003, 0.005  # between tries: a commit takes about two milliseconds
_SHORT_TRIES = 100
CHECKED_FILES, CHECKSUM_BYTES = "cksmvfs", 8
# "No space" has several names: the disk's, the quota's and the process limit's.
FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def require_current_library(version: str) -> None:
    """Refuse an SQLite with the WAL-reset race, by `major.minor.patch`."""
    if tuple(int(part) for part in version.split(".")) < OLDEST:
        raise EngineError(
            f"SQLite {version} can lose committed data; 3.51.3 or newer is needed: reinstall apsw"
        )


def connect(
    path: Path,
    *,
    durability: Durability = "fsync",
    cache_kib: int = 65_536,
    files: str = CHECKED_FILES,
) -> apsw.Connection:
    """A connection of ours: checked pages and cells, deleted bytes overwritten, no memory map.

    Nothing here creates tables; the journal mode and page size of an existing file stay. `files`
    names SQLite's file layer; a fault test puts its own over CHECKED_FILES.
    """
    require_current_library(apsw.sqlite_lib_version())
    _require_page_checksums()
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # a new file is its owner's only
        connection = apsw.Connection(str(path), vfs=files)
    except (OSError, apsw.CantOpenError) as error:
        raise EngineError(f"{path} cannot be opened: {error}") from error
    with engine_errors(connection, path.name):
        connection.set_busy_handler(Patience())
        connection.pragma("mmap_size", 0)
        connection.pragma("cache_size", -cache_kib)
        connection.pragma("secure_delete", 1)  # what is deleted is overwritten (trust PRV-31)
        connection.pragma("cell_size_check", 1)
        connection.pragma("trusted_schema", 0)
        connection.pragma("synchronous", "FULL" if durability == "fsync" else "NORMAL")
        connection.wal_autocheckpoint(0)  # only `work` checkpoints (trust REL-14)
    return connection


class Patience:
    """Waits for another process's lock and looks for it often.

    SQLite's own waiting sleeps 1, 2, 5, 10, … 100 ms, so whoever meets a commit of 2 ms waits a
    multiple of it, and longer the busier the other one is.
    """

    def __init__(self) -> None:
        self._since_s = 0.0

    def __call__(self, tries: int) -> bool:
        now_s = time.monotonic()
        if tries == 0:
            self._since_s = now_s
        time.sleep(LOOK_S if tries < _SHORT_TRIES else LONG_LOOK_S)
        return now_s - self._since_s < BUSY_S


def _require_page_checksums() -> None:
    """Register SQLite's checking file layer, once a process.

    A file made with it must never be written without it: the checksums would go stale.
    """
    if CHECKED_FILES in apsw.vfs_names():
        return
    loader = apsw.Connection(":memory:")
    try:
        apsw.sqlite_extra.load(loader, "cksumvfs")
    except apsw.sqlite_extra.NotAvailable as error:
        raise EngineError("this build of apsw has no cksumvfs; install its wheel") from error
    finally:
        loader.close()


def create(connection: apsw.Connection, schema: str, *, page_bytes: int) -> None:
    """Give a new file its tables, once whoever comes first; refuse one of a newer format."""
    if connection.pragma("user_version") == 0:
        connection.reserve_bytes("main", CHECKSUM_BYTES)
        connection.pragma("page_size", page_bytes)
        connection.pragma("journal_mode", "wal")
        connection.execute("BEGIN IMMEDIATE")
        if connection.pragma("user_version") == 0:
            connection.execute(schema)
            connection.pragma("user_version", FORMAT)
        connection.execute("COMMIT")
    check_format(int(str(connection.pragma("user_version"))))


def rows(
    connection: apsw.Connection, statement: str, bindings: tuple[object, ...] = ()
) -> list[Any]:
    """All rows of one statement, typed by whoever wrote the schema."""
    return connection.execute(statement, bindings).fetchall()


def rows_each(
    connection: apsw.Connection, statement: str, bindings: Iterable[tuple[object, ...]]
) -> list[Any]:
    """All rows of one statement run once per binding."""
    return connection.executemany(statement, bindings).fetchall()


@contextmanager
def engine_errors(connection: apsw.Connection, store: str) -> Iterator[None]:
    """Roll back what is open and say what happened in our words (trust REL-16, REL-17)."""
    is_done = False
    try:
        yield
        is_done = True
    except apsw.ConnectionClosedError as error:
        raise EngineError(f"{store} has been closed") from error
    except apsw.Error as error:
        raise _ours(error, connection.system_errno, store) from error
    finally:
        with suppress(apsw.ConnectionClosedError):
            if not is_done and connection.in_transaction:
                connection.execute("ROLLBACK")


def is_damage(error: apsw.Error) -> bool:
    """Bytes are not what was written; an input or output error is something else."""
    is_checksum = getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA
    return is_checksum or isinstance(error, (apsw.CorruptError, apsw.NotADBError))


def _ours(error: apsw.Error, reason: int, store: str) -> Exception:
    no_room = isinstance(error, apsw.FullError)
    if no_room or (isinstance(error, apsw.IOError) and reason in FULL_ERRNOS):
        return Busy(f"{store} cannot grow: the disk is full; free some space", retry_after_s=5)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return Busy(f"{store} is locked by another process; try again", retry_after_s=1)
    if is_damage(error):
        return DamageError(f"{store} is damaged ({error}); restore it from a backup")
    return EngineError(f"{store} does not work: {error}")
