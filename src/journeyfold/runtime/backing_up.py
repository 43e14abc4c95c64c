"""`backup`: what cannot be computed again, copied as of one commit while the platform runs (REL-26).

The log, the admin store, snapshots of tables, the data keys and FORMAT, and a list of their digests. The
state is not in it: it is rebuilt from the log. The root key is never in it, and without that key
the copy cannot be read (trust PRV-10). A directory is there as a whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec

from journeyfold import __version__
from journeyfold.adapters import admin_audit, sqlite_held
from journeyfold.adapters import format as data_format
from journeyfold.adapters.durable_file import sync_directory, write_durably
from journeyfold.adapters.faults import point
from journeyfold.adapters.keyring import ROOT_KEY_VARIABLE
from journeyfold.adapters.sqlite_admin import SqliteAdmin
from journeyfold.adapters.sqlite_copy import copy_database
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.core.errors import DamageError, UsageError
from journeyfold.project.reports import BackupReport
from journeyfold.runtime.pulled_import import SNAPSHOTS
from journeyfold.runtime.workspace import Place, Workspace

Progress = Callable[[str, int, int | None], None]
LIST_NAME = "BACKUP"
_LOG, _ADMIN = sqlite_held.FILE_NAME, admin_audit.FILE_NAME
_KEYS = Path("keys") / "data.keys"
_READ_BYTES = 1 << 20


class BackupList(msgspec.Struct, frozen=True):
    """The file BACKUP: what the copy holds. The digests are keyed, so only we can make them."""

    created_by: str
    at_us: int
    last_offset: int
    files: dict[str, str]  # name → BLAKE2b in hex


def back_up(workspace: Workspace, to: Path, progress: Progress) -> BackupReport:
    """Copy, read the whole copy once, then give it its name. UsageError when `to` holds something."""
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} exists and is not an empty directory; choose another name")
    started = time.monotonic()
    beside = to.with_name(f"{to.name}.part-{os.getpid()}")
    beside.mkdir(mode=0o700, parents=True)
    try:
        _copy_files(workspace.place.data, beside, progress)
        records = _verified(workspace, beside, progress)
        _write_list(workspace, beside, records - 1)
        beside.replace(to)
        sync_directory(to.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return BackupReport(
        path=str(to), records=records, bytes=sum(_size(to / name) for name in _names(to)),
        seconds=round(time.monotonic() - started, 3), root_key=str(root_key_of(workspace.place)),
    )  # fmt: skip


def root_key_of(place: Place) -> Path:
    return Path(os.environ.get(ROOT_KEY_VARIABLE) or place.data / "keys" / "root.key")


def _copy_files(data: Path, to: Path, progress: Progress) -> None:
    """The keys after the log: whatever key a copied record was sealed with is among them."""
    copy_database(data / _LOG, to / _LOG, lambda done, total: progress("copying", done, total))
    point("mid_backup")
    if (data / _ADMIN).exists():
        copy_database(data / _ADMIN, to / _ADMIN)
    _copy_snapshots(data, to)
    (to / _KEYS).parent.mkdir(mode=0o700)
    write_durably(to / _KEYS, (data / _KEYS).read_bytes())
    write_durably(
        to / data_format.FILE_NAME, (data / data_format.FILE_NAME).read_bytes(), mode=0o644
    )


def _copy_snapshots(data: Path, to: Path) -> None:
    """After the log, whose cursors name them: one that is named stays until another one is."""
    for path in sorted((data / SNAPSHOTS).glob("*/*.keys")):
        copy = to / path.relative_to(data)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # an older one, which nothing names
            shutil.copyfile(path, copy)
            copy.chmod(0o600)


def _verified(workspace: Workspace, copy: Path, progress: Progress) -> int:
    """How many records the copy holds; DamageError if one of them is not what was written."""
    progress("verifying the copy", 0, None)
    log = SqliteLog(copy, workspace.keyring)
    try:
        records = log.verify()
    finally:
        log.close()
    if (copy / _ADMIN).exists():
        admin = SqliteAdmin(copy)
        try:
            changed = admin.audit.verify()
        finally:
            admin.close()
        if changed is not None:
            raise DamageError(f"{_ADMIN}: row {changed} of the audit is not as it was written")
    return records


def _write_list(workspace: Workspace, copy: Path, last_offset: int) -> None:
    key = workspace.keyring.derive("integrity")
    listed = BackupList(
        created_by=f"journeyfold {__version__}", at_us=workspace.clock.now_us(),
        last_offset=last_offset, files={name: _digest(copy / name, key) for name in _names(copy)},
    )  # fmt: skip
    write_durably(copy / LIST_NAME, msgspec.json.format(msgspec.json.encode(listed)) + b"\n")


def _names(copy: Path) -> list[str]:
    found = (path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file())
    return sorted(name for name in found if name != LIST_NAME)


def _digest(path: Path, key: bytes) -> str:
    digest = blake2b(key=key, digest_size=32)
    with path.open("rb") as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size
