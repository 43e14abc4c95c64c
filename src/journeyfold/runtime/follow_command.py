"""`follow`: a stream read by a command, where no platform runs; a new snapshot, asked for anywhere."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import msgspec

from journeyfold.activate.again import wait_us
from journeyfold.adapters.postgres_slot import Away
from journeyfold.core.errors import Busy, UsageError
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.followed import Followed
from journeyfold.runtime.following import ledger_of, resnapshot_name
from journeyfold.runtime.pull_standing import PullStanding
from journeyfold.runtime.workspace import Place, Workspace, activate, checked_project, hold

Say = Callable[[str], None]
POLL_S = 0.25
TOLD_S = 60.0  # between two lines that say how far it is


class FollowReport(msgspec.Struct, frozen=True):
    """Counts of events since the command began."""

    source: str
    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    filtered: int = 0
    position: str = ""
    is_left_to_platform: bool = False
    refused: str = ""  # why some were rejected


def follow(place: Place, source: str, *, once: bool, resnapshot: bool, say: Say) -> FollowReport:
    """Until Ctrl-C, or with `once` until there is nothing more to read.

    Raises:
        CannotFollow: somebody has to do what it says. Away, with `once`: the server is not there.
    """
    project = checked_project(place.directory)
    try:
        lock = hold(place, project)
    except Busy:
        if not resnapshot:
            raise UsageError(
                f"the platform runs on this directory and follows '{source}' already; "
                "`journeyfold sources` shows how far it is"
            ) from None
        return _left_to_platform(place, source)
    workspace = Workspace(place, project)
    try:
        activate(workspace, project)
        if resnapshot:
            ask_anew(workspace, source)
        standing = PullStanding(source)
        progress = Progress(standing, say)
        followed = Followed(workspace, project, source, progress.tell)
        try:
            _read(followed, progress, once=once, say=say)
        finally:
            followed.close()
            fold_to_head(workspace, lambda _done, _total: None)
        return FollowReport(
            source=source, appended=standing.appended, duplicate=standing.duplicate,
            quarantined=standing.quarantined, position=standing.position,
            rejected=standing.rejected,
            filtered=standing.rows - standing.appended - standing.duplicate - standing.quarantined
            - standing.rejected,
            refused=standing.refused,
        )  # fmt: skip
    finally:
        lock.release()
        workspace.close()


def ask_anew(workspace: Workspace, source: str) -> None:
    """The next look begins a generation of its own, with every row."""
    ledger = ledger_of(workspace.log, source)
    generation = 1 if ledger is None else ledger.generation + 1
    workspace.log.marks.set_number(resnapshot_name(source), generation)


def _left_to_platform(place: Place, source: str) -> FollowReport:
    workspace = Workspace(place)
    try:
        ask_anew(workspace, source)
    finally:
        workspace.close()
    return FollowReport(source=source, is_left_to_platform=True)


class Progress:
    """One line at the beginning, then one a minute; at once, why something is rejected."""

    def __init__(self, standing: PullStanding, say: Say, *, told_s: float = TOLD_S) -> None:
        self.standing, self._say, self._every_s = standing, say, told_s
        self._told_s = time.monotonic()
        self._refused = ""

    def tell(self) -> None:
        standing, now_s = self.standing, time.monotonic()
        if standing.refused != self._refused:
            self._refused = standing.refused
            self._say(f"{standing.source}: {_refused(standing.source, standing.refused)}")
        if now_s - self._told_s >= self._every_s:
            self._told_s = now_s
            self._say(progress_line(standing))


def progress_line(standing: PullStanding) -> str:
    """`crm: 1,200 changes, 1,190 appended, 10 quarantined; read up to 0/1529DD0, 3 MiB behind`."""
    counts = {
        "appended": standing.appended, "duplicate": standing.duplicate,
        "quarantined": standing.quarantined, "rejected": standing.rejected,
    }  # fmt: skip
    told = [f"{standing.rows:,} changes"]
    told += [f"{count:,} {name}" for name, count in counts.items() if count or name == "appended"]
    where = f"read up to {standing.position}" if standing.position else "nothing read yet"
    behind = standing.lag_bytes
    if behind is not None:
        where += f", {behind / 2**20:,.1f} MiB behind" if behind else ", up to date"
    return f"{standing.source}: {', '.join(told)}; {where}"


def _refused(source: str, why: str) -> str:
    return (
        f"rejected: {why}; once that is mended, `journeyfold follow {source} --resnapshot` reads "
        "every row once more"
    )


def _read(followed: Followed, progress: Progress, *, once: bool, say: Say) -> None:
    stop, standing = threading.Event(), progress.standing

    def ended(_number: int, _frame: object) -> None:
        stop.set()
        followed.stop()

    before = {number: signal.signal(number, ended) for number in (signal.SIGINT, signal.SIGTERM)}
    failures, alarm = 0, ""
    try:
        if not once:
            say(f"{followed.source}: follows its database until Ctrl-C; a line each minute")
        while not stop.is_set():
            try:
                followed.step(standing)
            except Away as away:
                if once:
                    raise
                failures += 1
                say(f"{away}; trying again")
                stop.wait(max(1.0, wait_us("api", followed.source, min(failures, 12)) / 1e6))
                continue
            failures = 0
            progress.tell()
            if standing.alarm and standing.alarm != alarm:
                say(standing.alarm)
            alarm = standing.alarm
            if followed.due_us:
                if once:
                    return
                stop.wait(POLL_S)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
