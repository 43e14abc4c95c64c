"""A project directory and its data, opened: the log, the keys, the clock.

Every process opens its own. The data directory says which project version is in force; the
project directory is only read to check and activate what its owner changed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from journeyfold.adapters.directory_lock import DirectoryLock
from journeyfold.adapters.format import open_format
from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.adapters.sqlite_admin import AdminStore
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.core.effect import effect_id
from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Event
from journeyfold.core.ports import Entry, EventLog
from journeyfold.project.check import check
from journeyfold.project.load import load, read_directory
from journeyfold.project.model import Project
from journeyfold.runtime.clock import SystemClock, shift_to

DATA_NAME = ".journeyfold"
_SHIFT = "clock_shift_us"
_PROJECT = "project_offset"


class Place(msgspec.Struct, frozen=True):
    """Where things are."""

    directory: Path
    data: Path

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def log(self) -> Path:
        return self.data / "log.sqlite"


def place_of(directory: Path, data: Path | None) -> Place:
    directory = directory.resolve()
    return Place(directory, data.resolve() if data else directory / DATA_NAME)


def checked_project(directory: Path) -> Project:
    """The project as its files are now; ProjectError with every problem `check` finds."""
    project = load(read_directory(directory))
    problems = [problem for problem in check(project) if problem.severity == "error"]
    if problems:
        raise ProjectError(problems)
    return project


class Workspace:
    """The log and the keys of a data directory; state and admin store are opened when asked."""

    def __init__(self, place: Place, settings: Project | None = None) -> None:
        self.place = place
        place.data.mkdir(parents=True, exist_ok=True)
        place.run.mkdir(exist_ok=True)
        open_format(place.data)
        self.keyring = Keyring.open(place.data)
        project = settings
        self.log = SqliteLog(
            place.data,
            self.keyring,
            durability=project.settings.durability if project else "fsync",
            encrypted=project is None or project.settings.encryption == "log",
        )
        self.clock = SystemClock(self._shift(project))

    @property
    def node_key(self) -> bytes:
        return self.keyring.derive("node")

    def open_admin(self) -> AdminStore:
        return AdminStore(self.place.data)

    def open_state(self, *, readonly: bool = False) -> LmdbState:
        return LmdbState(self.place.data / "state.lmdb", readonly=readonly)

    def lock(self) -> DirectoryLock:
        return DirectoryLock(self.place.data)

    def activated(self) -> int:
        """The offset of the newest `project.activated` record; -1 when there is none."""
        offset = self.log.marks.number(_PROJECT)
        return -1 if offset is None else offset

    def close(self) -> None:
        self.log.close()

    def _shift(self, project: Project | None) -> int:
        """Fixed when the log is created (ADR 0006)."""
        known = self.log.marks.number(_SHIFT)
        if known is not None:
            return known
        start_us = project.settings.clock.start_us if project else None
        if project is None:
            return 0
        shift = shift_to(start_us) if start_us is not None else 0
        self.log.marks.set_number(_SHIFT, shift)
        return shift


def activate(workspace: Workspace, project: Project) -> bool:
    """Append `project.activated` unless this very version is the newest; True if appended."""
    newest = workspace.activated()
    if newest >= 0 and _hash_at(workspace.log, newest) == project.hash:
        return False
    now_us = workspace.clock.now_us()
    event = Event(
        id=effect_id(f"project/{project.hash}/{now_us}"), name="project.activated", type="system",
        source="_system", identifiers=(), occurred_us=now_us, received_us=now_us,
        properties={"hash": project.hash, "files": dict(project.files)},
        context={"auth": "system"},
    )  # fmt: skip
    (fate,) = workspace.log.append([Entry(event=event, kind="project")], now_us=now_us)
    workspace.log.marks.set_number(_PROJECT, fate.offset)
    return True


def _hash_at(log: EventLog, offset: int) -> str:
    (record,) = log.read(offset - 1, 1)
    return str(record.event.properties["hash"])
