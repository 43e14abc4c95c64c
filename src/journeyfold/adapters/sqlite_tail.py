"""Was the end of the log cut off by damage rather than by a crash? (trust P6)

SQLite stops reading its write-ahead log at the first frame whose checksum is wrong and says
nothing: right after a power cut, where the last transaction may be half written, but a flipped
bit further back would make acknowledged commits vanish. With every commit synced, a crash leaves
at most one commit behind that point; two or more are damage.
"""

from __future__ import annotations

import struct
from pathlib import Path

import apsw

from journeyfold.adapters.sqlite_file import connect, engine_errors, rows
from journeyfold.core.errors import DamageError

WAL_HEADER_BYTES, FRAME_HEADER_BYTES = 32, 24
_HEADER = struct.Struct(">8I")  # magic, version, page size, sequence, salts (2), checksum (2)
_FRAME = struct.Struct(">6I")  # page, pages after this commit or 0, salts (2), checksum (2)
_MAGICS = {0x377F0682: "<", 0x377F0683: ">"}  # which end the checksums begin with


def require_whole_tail(log: Path) -> None:
    """DamageError if acknowledged batches vanished from the end of the log at this path.

    For the supervisor, before anybody opens the log; a moment, whatever its size. Not for a log
    with `durability: os`: there a power cut looks the same.
    """
    wal = log.with_name(log.name + "-wal")
    if not (log.exists() and wal.exists()):
        return
    connection = connect(log)
    try:
        with engine_errors(connection, log.name):
            # What cannot be read must stay as it is for whoever repairs it.
            connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            rows(connection, "SELECT count(*) FROM sqlite_schema")  # recovers, if need be
            readable, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_NOOP)
            frame_bytes = FRAME_HEADER_BYTES + int(str(connection.pragma("page_size")))
    finally:
        connection.close()
    lost = _commits_behind(wal, max(readable, 0), frame_bytes)
    if lost > 1:
        raise DamageError(
            f"{wal.name} is damaged: {lost} acknowledged batches at its end cannot be read; "
            "restore it from a backup"
        )


def _commits_behind(wal: Path, frames: int, frame_bytes: int) -> int:
    """Commits of this generation after so many frames; reads the frames' headers only."""
    with wal.open("rb") as file:
        header = file.read(WAL_HEADER_BYTES)
        if len(header) < WAL_HEADER_BYTES:
            return 0
        salts = _HEADER.unpack(header)[4:6] if _is_whole(header) else None
        commits, at = 0, WAL_HEADER_BYTES + frames * frame_bytes
        while file.seek(at) and len(frame := file.read(FRAME_HEADER_BYTES)) == FRAME_HEADER_BYTES:
            _, pages, *found, _, _ = _FRAME.unpack(frame)
            if salts is None:
                salts = tuple(found)  # the header itself is damaged: trust the first frame
            commits += tuple(found) == salts and pages > 0
            at += frame_bytes
    return commits


def _is_whole(header: bytes) -> bool:
    """Does the log's header carry its own checksum? (SQLite file format, section 4.2)"""
    values = _HEADER.unpack(header)
    order = _MAGICS.get(values[0])
    if order is None:
        return False
    first = second = 0
    words = struct.unpack(f"{order}6I", header[:24])
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) % 2**32
        second = (second + odd + first) % 2**32
    return (first, second) == values[6:8]
