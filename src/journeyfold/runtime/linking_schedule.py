"""Linkage on its schedule: `work` starts a process for each run, so that its memory is given back.

The process ends with `work`, and reads the log and the state as any command does; what it finds is
appended and folded like everything else. A slot that was missed while nothing ran is made up once.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

from journeyfold.core.errors import JourneyfoldError
from journeyfold.core.ports import Clock
from journeyfold.identity.linkage import Linkage
from journeyfold.log.store import Marks
from journeyfold.runtime.auditing import is_due
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.supervisor import child_command, end_with_parent, final_code
from journeyfold.runtime.workspace import Place, Workspace

LOOK_S = 5.0
STOP_S = 5.0
NICENESS = 10
_AT = "linkage_us"


class LinkingSchedule:
    """`run` is called while the fold has nothing to do."""

    def __init__(
        self, place: Place, marks: Marks, clock: Clock, say: Callable[[str], None]
    ) -> None:
        self._place, self._marks, self._clock, self._say = place, marks, clock, say
        self._process: subprocess.Popen[bytes] | None = None
        self._next_look_s = 0.0

    def run(self, loop: FoldLoop) -> None:
        """Start what is due, and see whether it has ended."""
        if self._process is not None:
            code = self._process.poll()
            if code is not None:
                self._ended(code)
            return
        if time.monotonic() < self._next_look_s:
            return
        self._next_look_s = time.monotonic() + LOOK_S
        compiled = loop.engine.definitions.in_force
        if compiled is None or compiled.project.identity.linkage is None:
            return
        if self._is_due(compiled.project.identity.linkage, compiled.project.settings.time_zone):
            self._marks.set_number(_AT, self._clock.now_us())
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                child_command("link", self._place.directory, self._place.data),
                stdin=subprocess.PIPE,
                start_new_session=True,
            )

    def close(self) -> None:
        """A run under way is given up: it has written nothing, or what it wrote holds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._let_go()

    def _is_due(self, linkage: Linkage, zone: str) -> bool:
        now_us, last_us = self._clock.now_us(), self._marks.number(_AT)
        if last_us is None:  # the first comes at the first slot from now on
            self._marks.set_number(_AT, now_us)
            return False
        return is_due(linkage.schedule, zone, last_us, now_us)

    def _ended(self, code: int) -> None:
        self._let_go()
        if code:
            self._say("linkage failed; the history of runs on the page Review says why")

    def _let_go(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def run_link(place: Place) -> int:
    """The process: one run, at the pace that is left over. Returns the exit code."""
    from journeyfold.runtime.linking import link_records  # DuckDB takes a while

    end_with_parent(lambda: os._exit(0))
    os.nice(NICENESS)
    try:
        workspace = Workspace.of_running(place)
        try:
            link_records(workspace, full=False, progress=lambda _what, _done, _total: None)
        finally:
            workspace.close()
    except JourneyfoldError as error:
        os.write(2, f"journeyfold link: {error}\n".encode())
        return final_code(error)
    return 0
