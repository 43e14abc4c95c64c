"""A copy of an SQLite file of ours as of one commit, while others write to it (trust REL-26).

Page by page through the checking file layer at both ends, so a damaged page is found on its way.
The whole copy is one read transaction: appends go on, but the write-ahead log of the source cannot
be emptied until it ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import apsw

from journeyfold.adapters.sqlite_file import CHECKSUM_BYTES, connect, engine_errors

PIECE_PAGES = 4_096  # 32 MiB of the log
_COPY_CACHE_KIB = 2_048


def copy_database(
    source: Path, target: Path, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> None:
    """`target` is new and on the disk when this returns. `progress` hears pages done and in all."""
    reader = connect(source, cache_kib=_COPY_CACHE_KIB)
    try:
        writer = connect(target, cache_kib=_COPY_CACHE_KIB)
        try:
            with engine_errors(reader, source.name), engine_errors(writer, target.name):
                _prime(reader, writer)
                _copy(reader, writer, progress)
        finally:
            writer.close()
    finally:
        reader.close()
    _sync(target)


def _prime(reader: apsw.Connection, writer: apsw.Connection) -> None:
    """Give the new file a first page that reserves room for checksums.

    The file layer writes checksums once it has seen such a page; a copy larger than the writer's
    cache would else begin without, and pages that came out of a write-ahead log have none.
    """
    writer.reserve_bytes("main", CHECKSUM_BYTES)
    writer.pragma("page_size", int(str(reader.pragma("page_size"))))
    writer.execute("CREATE TABLE primed (x)")  # the copy replaces it
    writer.pragma("journal_mode", "off")  # a copy that fails is thrown away
    writer.pragma("synchronous", "off")


def _copy(
    reader: apsw.Connection, writer: apsw.Connection, progress: Callable[[int, int], None]
) -> None:
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_master").fetchall()  # from here on one commit
    with writer.backup("main", reader, "main") as backup:
        while not backup.done:
            backup.step(PIECE_PAGES)
            progress(backup.page_count - backup.remaining, backup.page_count)
    reader.execute("COMMIT")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
