"""A project directory and its data, opened: the log, the keys, the clock.

Every process opens its own. The data directory says which project version is in force; the
project directory is only read to check and activate what its owner changed. What compiles a
project is imported where it is compiled: most commands do without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from journeyfold.adapters.directory_lock import DirectoryLock
from journeyfold.adapters.format import open_format
from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.lmdb_state import DIRECTORY_NAME, LmdbState
from journeyfold.adapters.sqlite_admin import SqliteAdmin
from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.adapters.sqlite_tail import require_whole_tail
from journeyfold.adapters.state_opening import Damage, discard, open_state, set_aside
from journeyfold.core.effect import effect_id
from journeyfold.core.errors import FormatError, ProjectError, UsageError
from journeyfold.core.event import Event
from journeyfold.core.ports import Entry, EventLog
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
    from journeyfold.project.check import check
    from journeyfold.project.places import places_problems

    project = load(read_directory(directory))
    found = [*check(project), *places_problems(project, directory)]
    problems = [problem for problem in found if problem.severity == "error"]
    if problems:
        raise ProjectError(problems)
    return project


def hold(place: Place, project: Project) -> DirectoryLock:
    """The right to be the platform here, before any store is opened.

    Refuses data of a newer release untouched (REL-25), a second holder (Busy), and a log whose
    end was damaged, which SQLite would cut off without a word.
    """
    place.data.mkdir(parents=True, exist_ok=True)
    open_format(place.data)
    with ExitStack() as undo:
        lock = undo.enter_context(DirectoryLock(place.data))
        if project.settings.durability == "fsync":
            require_whole_tail(place.log)
        undo.pop_all()
    return lock


class Workspace:
    """The log and the keys of a data directory; state and admin store are opened when asked."""

    def __init__(self, place: Place, settings: Project | None = None) -> None:
        self.place = place
        place.data.mkdir(parents=True, exist_ok=True)
        open_format(place.data)
        place.run.mkdir(exist_ok=True)
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

    @classmethod
    def of_running(cls, place: Place) -> Workspace:
        """For a process that `up` started: with the settings of the version in force."""
        workspace = cls(place)
        if workspace.activated() < 0:
            return workspace
        project = workspace.project_in_force()
        if (project.settings.durability, project.settings.encryption) == ("fsync", "log"):
            return workspace
        workspace.close()
        return cls(place, project)

    def open_admin(self) -> SqliteAdmin:
        return SqliteAdmin(self.place.data)

    def open_state(self, report: Callable[[str], None] = lambda _text: None) -> LmdbState:
        """For the one writer. A missing store is made, a corrupt one moved aside, one of an older
        layout removed; then it is rebuilt from the log. FormatError when the state is ahead of the
        log (REL-11) or of a newer layout.
        """
        opened = open_state(self.place.data, "write")
        if not isinstance(opened, Damage):
            self._require_behind(opened)
            return opened
        if opened.reason == "corrupt":
            self.renew_state(opened.detail, report)
        elif opened.reason == "outdated":
            report(f"{opened.detail}; rebuilding it from the log")
            discard(self.place.data)
        elif self.log.head()[0] >= 0:
            report(f"{opened.detail}; rebuilding it from the log")
        return LmdbState(self.place.data / DIRECTORY_NAME)

    def renew_state(self, damage: str, report: Callable[[str], None]) -> None:
        """Set a damaged state aside, so that the next to open it finds none."""
        aside = set_aside(self.place.data)
        report(f"{damage}; moved aside to {aside.name}, rebuilding it from the log")

    def read_state(self) -> LmdbState:
        """The last commits of `work`; UsageError while there is no readable state."""
        opened = open_state(self.place.data, "read")
        if isinstance(opened, Damage):
            raise UsageError(f"{opened.detail}; `journeyfold up` builds it from the log")
        return opened

    def activated(self) -> int:
        """The offset of the newest `project.activated` record; -1 when there is none."""
        offset = self.log.marks.number(_PROJECT)
        return -1 if offset is None else offset

    def project_in_force(self) -> Project:
        """The newest activated version; UsageError when the platform never ran here."""
        from journeyfold.project.definitions import files_at

        offset = self.activated()
        if offset < 0:
            raise UsageError("no project was ever activated here; run `journeyfold up` once")
        return load(files_at(self.log, offset))

    def close(self) -> None:
        self.log.close()

    def _require_behind(self, state: LmdbState) -> None:
        """A disk that lied, or an older log brought back: the state knows what the log does not."""
        from journeyfold.project.standing import standing

        with state.read() as reader:
            folded = standing(reader).offset
        last, _ = self.log.head()
        if folded > last:
            state.close()
            raise FormatError(
                f"the state has folded record {folded}, but the log ends at {last}: bring back the "
                f"newer log, or remove {self.place.data / DIRECTORY_NAME} to rebuild the state "
                "from this one"
            )

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


def activate(workspace: Workspace, project: Project, by: str = "") -> bool:
    """Append `project.activated` unless this very version is the newest; True if appended.

    It names the one `before` it, so that what was in force when can be read back, and `by` whom.
    """
    newest = workspace.activated()
    if newest >= 0 and _hash_at(workspace.log, newest) == project.hash:
        return False
    now_us = workspace.clock.now_us()
    event = Event(
        id=effect_id(f"project/{project.hash}/{now_us}"), name="project.activated", type="system",
        source="_system", identifiers=(), occurred_us=now_us, received_us=now_us,
        properties={
            "hash": project.hash, "files": dict(project.files), "before": newest, "by": by,
        },
        context={"auth": "system"},
    )  # fmt: skip
    (fate,) = workspace.log.append([Entry(event=event, kind="project")], now_us=now_us)
    workspace.log.marks.set_number(_PROJECT, fate.offset)
    from journeyfold.runtime.tracing import tell_of_version

    tell_of_version(workspace.place.data, project)
    return True


def _hash_at(log: EventLog, offset: int) -> str:
    (record,) = log.read(offset - 1, 1)
    return str(record.event.properties["hash"])


@contextmanager
def opened(
    directory: Path, data: Path | None, project: Project | None = None
) -> Iterator[Workspace]:
    workspace = Workspace(place_of(directory, data), project)
    try:
        yield workspace
    finally:
        workspace.close()
