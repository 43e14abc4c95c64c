"""Is there room to take more? New data stop before the engines fail (trust REL-17)."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from journeyfold.core.errors import Busy

RESERVE_BYTES = 2 * 1024**3
RESERVE_SHARE = 10  # one tenth of the disk


class Room(msgspec.Struct, frozen=True):
    free_bytes: int
    reserve_bytes: int

    @property
    def is_short(self) -> bool:
        return self.free_bytes < self.reserve_bytes


def room(path: Path, reserve_bytes: int | None = None) -> Room:
    """`reserve_bytes` of None: the larger of 2 GiB and a tenth of the disk. One system call."""
    usage = shutil.disk_usage(path)
    if reserve_bytes is None:
        reserve_bytes = max(RESERVE_BYTES, usage.total // RESERVE_SHARE)
    return Room(free_bytes=usage.free, reserve_bytes=reserve_bytes)


def require_room(path: Path, reserve_bytes: int | None = None) -> None:
    """Busy, in one sentence, when the reserve has been reached."""
    found = room(path, reserve_bytes)
    if found.is_short:
        free, reserve = found.free_bytes >> 20, found.reserve_bytes >> 20
        raise Busy(
            f"the disk of {path} has {free} MiB left, below the reserve of {reserve} MiB; "
            "free some space or lower disk.reserve",
            retry_after_s=5,
        )
