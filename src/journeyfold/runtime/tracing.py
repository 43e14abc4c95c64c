"""What jobs did, as OpenLineage run events in the data directory (quality Q41).

One JSON object a line in `lineage/runs.ndjson`; a file that has grown is put aside and the oldest
goes. Whatever goes wrong here is no reason for a job to fail.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

import msgspec

from journeyfold.activate.sync import Sync
from journeyfold.core.instant import rfc3339
from journeyfold.project.lineage_of import lineage_of
from journeyfold.project.model import Project
from journeyfold.project.openlineage import (
    Done,
    Job,
    State,
    import_job,
    linkage_job,
    quality_job,
    run_event,
)
from journeyfold.project.openlineage_people import fold_job, sync_job
from journeyfold.quality.registry import load_registry
from journeyfold.runtime.workspace import Workspace

FOLDER, FILE = "lineage", "runs.ndjson"
FILE_BYTES, FILES = 4 * 2**20, 4

P = ParamSpec("P")
R = TypeVar("R")


class Tracing:
    """The events of one run. `job` is worked out when it begins; without one nothing is told."""

    def __init__(self, data: Path, project: str, job: Callable[[], Job]) -> None:
        self._data, self._project = data, project
        self._run_id = uuid7(time.time_ns() // 1_000_000, os.urandom(10))
        self._job: Job | None = None
        self.done = Done()
        try:
            self._job = job()
        except Exception as error:  # noqa: BLE001 - a job is not to fail for what is told of it
            _say(error)

    def tell(self, state: State) -> None:
        if self._job is None:
            return
        at = rfc3339(time.time_ns() // 1_000)
        try:
            event = run_event(self._project, state, self._run_id, at, self._job, self.done)
            append(self._data, msgspec.json.encode(event))
        except Exception as error:  # noqa: BLE001 - a job is not to fail for what is told of it
            _say(error)


@contextmanager
def traced(data: Path, project: str, job: Callable[[], Job]) -> Iterator[Done]:
    """START, and COMPLETE or FAIL with what stands in the yielded value by then."""
    tracing = Tracing(data, project, job)
    tracing.tell("START")
    try:
        yield tracing.done
    except BaseException as error:
        tracing.done.error = type(error).__name__
        tracing.tell("FAIL")
        raise
    tracing.tell("COMPLETE")


def append(data: Path, line: bytes, *, file_bytes: int = FILE_BYTES) -> None:
    """One line, whole, by one process at a time."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = folder / FILE
        if path.exists() and path.stat().st_size + len(line) > file_bytes:
            for number in range(FILES - 1, 0, -1):
                older = folder / f"{FILE}.{number - 1}" if number > 1 else path
                if older.exists():
                    older.replace(folder / f"{FILE}.{number}")
        with path.open("ab") as file:
            file.write(line + b"\n")


def uuid7(now_ms: int, chance: bytes) -> str:
    """RFC 9562, 5.7: 48 bits of milliseconds, then chance (10 bytes of it)."""
    bits = (now_ms & (2**48 - 1)) << 80 | int.from_bytes(chance, "big")
    bits = bits & ~(0xF << 76) | 7 << 76
    bits = bits & ~(0b11 << 62) | 0b10 << 62
    text = f"{bits:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def tell_of_version(data: Path, project: Project) -> None:
    """What the fold makes of events from here on: a run of the job `fold`."""

    def job() -> Job:
        return fold_job(project, lineage_of(project))

    with traced(data, project.name, job):
        """The definitions are the work: they hold from this version on."""


class SyncTracing:
    """Runs of syncs, which go on a piece at a time: begun, and ended one way or the other."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._runs: dict[str, Tracing] = {}

    def begin(self, project: Project, destination: str, sync: Sync) -> None:
        name = f"{destination}.{sync.id}"
        run = Tracing(self._data, project.name, lambda: sync_job(project, destination, sync))
        self._runs[name] = run
        run.tell("START")

    def end(self, name: str, *, rows_read: int, rows_written: int) -> None:
        run = self._runs.pop(name)
        run.done.rows_read, run.done.rows_written = rows_read, rows_written
        run.tell("COMPLETE")

    def give_up(self, name: str, why: str) -> None:
        run = self._runs.pop(name)
        run.done.error = why
        run.tell("FAIL")


# -- what is traced -------------------------------------------------------------------------------


class _Read(Protocol):
    @property
    def rows_read(self) -> int: ...

    @property
    def appended(self) -> int: ...


D = TypeVar("D", bound=_Read)


def traces_import(run: Callable[P, D]) -> Callable[P, D]:
    """Of `(workspace, project, source, options, …)`; a dry run is told to nobody."""

    @wraps(run)
    def told(*args: P.args, **more: P.kwargs) -> D:
        workspace, project, source, options = args[:4]
        assert isinstance(workspace, Workspace)
        assert isinstance(project, Project)
        if getattr(options, "dry_run", False):
            return run(*args, **more)

        def job() -> Job:
            registry = load_registry(project.schemas)
            return import_job(project, lineage_of(project, registry), registry, str(source))

        with traced(workspace.place.data, project.name, job) as done:
            did = run(*args, **more)
            done.rows_read, done.rows_written = did.rows_read, did.appended
            return did

    return told


def traces_linkage(run: Callable[P, R]) -> Callable[P, R]:
    """Of `(workspace, …)`, which returns rows and pairs."""

    @wraps(run)
    def told(*args: P.args, **more: P.kwargs) -> R:
        (workspace,) = args[:1]
        assert isinstance(workspace, Workspace)
        project = workspace.project_in_force()
        job = linkage_job(project)
        with traced(workspace.place.data, project.name, lambda: job) as done:
            did = run(*args, **more)
            done.rows_read = getattr(did, "rows", None)
            done.rows_written = getattr(did, "pairs", None)
            return did

    return told


def traces_quality(run: Callable[P, R]) -> Callable[P, R]:
    """Of `(workspace, asked, …)`, which returns what was found."""

    @wraps(run)
    def told(*args: P.args, **more: P.kwargs) -> R:
        workspace, asked = args[:2]
        assert isinstance(workspace, Workspace)
        project = workspace.project_in_force()
        job = quality_job(project, str(getattr(asked, "dataset", "")))
        with traced(workspace.place.data, project.name, lambda: job) as done:
            did = run(*args, **more)
            done.rows_written = len(getattr(did, "found", ()))
            return did

    return told


def _say(error: Exception) -> None:
    os.write(2, f"journeyfold: a run could not be told of in {FOLDER}/{FILE}: {error}\n".encode())
