"""`import`: a source's file or query into the log, and folded when nobody else does it.

With the platform up, the import appends beside it and waits for its fold. Without, it takes the
directory's lock and folds by itself, so that a second command or `up` finds everything done.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from journeyfold.adapters.directory_lock import DirectoryLock
from journeyfold.adapters.sqlite_draft import Draft
from journeyfold.collect.admit import Gate
from journeyfold.collect.appending import Append
from journeyfold.collect.batch import (
    ALONE_ITEMS,
    TRANSACTION_ITEMS,
    Options,
    cursor_name,
    dry_append,
    run_import,
)
from journeyfold.collect.child import Child, ImportFailed
from journeyfold.collect.folder import RunOne, files_of, run_folder
from journeyfold.collect.reconciliation import Reconciliation
from journeyfold.collect.scratch import remove_leftovers
from journeyfold.core.errors import Busy, UsageError
from journeyfold.core.ports import Cursor, Fate
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.reports import BadRow, ImportReport
from journeyfold.project.substitute import substitute
from journeyfold.runtime.checkpointing import Checkpointing
from journeyfold.runtime.folding import fold_to_head, wait_for_fold
from journeyfold.runtime.garbage import rare_collections
from journeyfold.runtime.gates import gates_of
from journeyfold.runtime.notify import Notifier
from journeyfold.runtime.pulled_import import forget_told_rows, one_at_a_time, pulling_for
from journeyfold.runtime.quality_stop import require_going
from journeyfold.runtime.tracing import traces_import
from journeyfold.runtime.workspace import Place, Workspace, activate, checked_project, hold

Progress = Callable[[str, int, int | None], None]
PASSING_MAX = 2_000  # people of a file whose identifiers are remembered as they were read


@rare_collections()
def import_source(place: Place, source: str, options: Options, progress: Progress) -> ImportReport:
    """The whole command: import, then fold until everything is queryable."""
    project = checked_project(place.directory)
    _require_import(project, source)
    remove_leftovers(Path(tempfile.gettempdir()), time.time())
    started = time.monotonic()
    lock = _lock(place, project)
    workspace = Workspace(place, project)
    try:
        activate(workspace, project)
        if not (options.dry_run or options.force):
            require_going(workspace, project, f"the import of {source}", source)
        done = append_source(
            workspace, project, source, options, progress, is_alone=lock is not None
        )
        if not options.dry_run:
            _fold(workspace, lock, progress)
    finally:
        if lock is not None:
            lock.release()
        workspace.close()
    return report_of(done, time.monotonic() - started)


def report_of(done: Reconciliation, seconds: float) -> ImportReport:
    """The counts as the command prints them."""
    return ImportReport(
        source=done.source, rows_read=done.rows_read, rows_in_events=done.rows_in_events,
        rows_quarantined=done.rows_quarantined, rows_filtered=done.rows_filtered,
        received=done.appended + done.duplicate + done.quarantined + done.rejected,
        appended=done.appended, duplicate=done.duplicate, quarantined=done.quarantined,
        rejected=done.rejected,
        reasons={reason.reason: reason.rows for reason in done.reasons if reason.reason},
        examples=tuple(BadRow(each.line, each.reason, each.detail) for each in done.examples),
        seconds=round(seconds, 3), dry_run=done.dry_run,
    )  # fmt: skip


@traces_import
def append_source(
    workspace: Workspace, project: Project, source: str, options: Options, progress: Progress,
    *, is_alone: bool = False, started: Callable[[Child], None] = lambda _child: None,
) -> Reconciliation:  # fmt: skip
    """The rows into the log, and nothing folded; Busy while somebody else imports this source.

    Alone it also moves the write-ahead log into the file meanwhile, which is `work`'s duty where a
    platform runs. `started` gets what can be killed.
    """
    passing = msgspec.structs.replace(project, identity=project.identity.for_passing(PASSING_MAX))
    gate = gates_of(
        passing, workspace.node_key, lambda: None, receipt_key=workspace.keyring.derive("link")
    )[source]
    log = workspace.log

    def run_one(
        own: Gate, file: str, cursor: bytes | None, limit: int | None, seen: int
    ) -> Reconciliation:
        def say(rows: int, total: int | None, _events: int) -> None:
            progress(f"importing {source}", seen + rows, None if file else total)

        return run_import(
            own,
            dry_append(log.find) if options.dry_run else _append_to(workspace),
            directory=workspace.place.directory,
            received_us=workspace.clock.now_us(),
            cursor=cursor,
            options=msgspec.structs.replace(options, limit=limit),
            resolve=str if file else _resolver(workspace.place),
            progress=say,
            pulling=pulling_for(workspace.place, project, source),
            started=started,
            items_max=ALONE_ITEMS if is_alone else TRANSACTION_ITEMS,
            file=file,
            draft=list if options.dry_run else log.drafts,
        )

    beside = Checkpointing(log.checkpoint) if is_alone else None
    try:
        with one_at_a_time(workspace.place.run, source):
            done = _each(workspace, gate, options, run_one)
    except ImportFailed as failed:
        raise UsageError(str(failed)) from failed
    finally:
        if beside is not None:
            beside.close()
    if done.status == "complete" and not options.dry_run:
        forget_told_rows(workspace.place, source)
    return done


def _each(workspace: Workspace, gate: Gate, options: Options, run_one: RunOne) -> Reconciliation:
    """The one file or what is asked for, or every file of a pattern."""

    def cursor_of(file: str) -> bytes | None:
        return workspace.log.marks.cursor(cursor_name(gate.source, file))

    files = files_of(gate.source, workspace.place.directory, _resolver(workspace.place))
    if files is None:
        return run_one(gate, "", cursor_of(""), options.limit, 0)
    return run_folder(
        gate, files, cursor_of, run_one,
        limit=options.limit, anew=bool(options.start), dry_run=options.dry_run,
    )  # fmt: skip


def _append_to(workspace: Workspace) -> Append:
    log, clock = workspace.log, workspace.clock

    def append(
        items: Sequence[Draft], *, rejected: Sequence[tuple[str, int]], cursor: Cursor
    ) -> list[Fate]:
        return log.append_drafts(items, now_us=clock.now_us(), rejected=rejected, cursor=cursor)

    return append


def _resolver(place: Place) -> Callable[[str], str]:
    return lambda text: substitute(text, os.environ, _read_file(place))


def _read_file(place: Place) -> Callable[[str], str]:
    return lambda name: (place.directory / name).read_text()


def _fold(workspace: Workspace, lock: DirectoryLock | None, progress: Progress) -> None:
    def folded(done: int, total: int) -> None:
        progress("folding", done, total)

    if lock is not None:
        fold_to_head(workspace, folded)
        return
    notifier = Notifier(workspace.place.run, "work")
    notifier.send()
    notifier.close()
    wait_for_fold(workspace, folded)


def _lock(place: Place, project: Project) -> DirectoryLock | None:
    """None when the platform runs on this directory."""
    try:
        return hold(place, project)
    except Busy:
        return None


def _require_import(project: Project, source: str) -> None:
    known = project.sources.get(source)
    imports = [name for name, each in project.sources.items() if each.kind == "import"]
    if known is None:
        raise UsageError(f"there is no source '{source}'; {did_you_mean(source, imports)}")
    if known.kind != "import":
        raise UsageError(
            f"source '{source}' is of kind {known.kind}, nothing to import; "
            f"imports are {', '.join(imports) or 'none'}"
        )
