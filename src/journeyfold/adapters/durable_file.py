"""A small file that is either the old one or the new one after a crash, and on the disk."""

from __future__ import annotations

import os
from pathlib import Path

from journeyfold.adapters.faults import point


def write_durably(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write beside it, sync, rename, sync the directory."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    _write_new(beside, content, mode)
    point("before_rename")
    beside.replace(path)
    sync_directory(path.parent)


def create_durably(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """As `write_durably`, but FileExistsError when the file is there already."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    _write_new(beside, content, mode)
    try:
        os.link(beside, path)
    finally:
        beside.unlink()
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
