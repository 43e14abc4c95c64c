"""Imports that run by themselves, each as its source's `schedule` says (ADR 30).

When the last run began is kept in the log's marks, so a run that was missed while nothing ran is
caught up with, and none is run twice because of a restart.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from journeyfold.collect.batch import Options
from journeyfold.collect.child import Child
from journeyfold.core.errors import Busy
from journeyfold.project.model import Project
from journeyfold.runtime.importing import append_source
from journeyfold.runtime.pull_plan import MARK
from journeyfold.runtime.pull_standing import PullStanding
from journeyfold.runtime.quality_stop import require_going
from journeyfold.runtime.workspace import Workspace
from journeyfold.sources.timetable import next_run_us, read_timetable


class ScheduledImport:
    """`pulling.Pull` of one source of kind `import`."""

    def __init__(
        self, workspace: Workspace, project: Project, source: str, tell: Callable[[], None]
    ) -> None:
        """`tell` wakes the fold."""
        self._workspace, self._project, self.source = workspace, project, source
        self._tell = tell
        self._table = read_timetable(project.sources[source].schedule)
        self._began_us = workspace.log.marks.number(self._mark) or 0
        self._first_us = workspace.clock.now_us()
        self._is_stopped = threading.Event()
        self._child: Child | None = None

    @property
    def _mark(self) -> str:
        return MARK + self.source

    @property
    def due_us(self) -> int:
        zone = self._project.settings.time_zone
        return next_run_us(self._table, self._began_us, self._first_us, zone)

    def step(self, standing: PullStanding) -> None:
        """Reads on where the last run stood; a run that fails is tried again before its time."""
        began_us = self._workspace.clock.now_us()
        require_going(self._workspace, self._project, f"the import of {self.source}", self.source)
        standing.rows = 0

        def seen(_words: str, rows: int, _total: int | None) -> None:
            standing.rows = rows
            self._tell()
            if self._is_stopped.is_set():
                raise Busy(f"import {self.source} was stopped; it goes on where it stood")

        done = append_source(
            self._workspace, self._project, self.source, Options(), seen, started=self._started
        )
        self._tell()
        standing.rows, standing.appended = done.rows_read, done.appended
        standing.duplicate, standing.quarantined = done.duplicate, done.quarantined
        self._workspace.log.marks.set_number(self._mark, began_us)
        self._began_us = began_us

    def stop(self) -> None:
        self._is_stopped.set()
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """The log is shared."""

    def _started(self, child: Child) -> None:
        self._child = child
        if self._is_stopped.is_set():
            child.kill()
