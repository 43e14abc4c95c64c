"""Room for what the reader of tables writes beside its file, and for what a killed one left there.

A reader removes its directory when it ends. One that was killed cannot, so the next import does,
once the directory has lain untouched for a day: no import runs as long without writing.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PREFIX = "journeyfold-import-"
LEFT_S = 24 * 3600


def remove_leftovers(temporary: Path, now_s: float) -> int:
    """How many were removed: of our own user, nothing that only bears the name."""
    removed = 0
    for path in temporary.glob(f"{PREFIX}*"):
        try:
            if path.is_symlink() or not path.is_dir() or path.stat().st_uid != os.getuid():
                continue
            if now_s - _touched_s(path) < LEFT_S:
                continue
        except FileNotFoundError:  # another import was quicker
            continue
        shutil.rmtree(path, ignore_errors=True)
        removed += 1
    return removed


def _touched_s(directory: Path) -> float:
    return max(path.stat().st_mtime for path in (directory, *directory.iterdir()))
