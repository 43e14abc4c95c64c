"""A database that is followed while the platform runs, or by the command of that name (ADR 31)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from journeyfold.adapters.disk_room import require_room
from journeyfold.adapters.postgres_slot import CannotFollow, PostgresSlot
from journeyfold.adapters.state_opening import Damage, open_state
from journeyfold.collect.changes import lsn_text
from journeyfold.core.errors import Busy
from journeyfold.project.model import Project
from journeyfold.project.substitute import substitute
from journeyfold.runtime.following import Following, settings_of
from journeyfold.runtime.gates import gates_of
from journeyfold.runtime.lagging import LagLimit
from journeyfold.runtime.pull_standing import PullStanding
from journeyfold.runtime.pulled_import import one_at_a_time
from journeyfold.runtime.workspace import Workspace

LOOK_US = 250_000  # at a slot that had nothing new
ROOM_S = 2.0


class Followed:
    """`pulling.Pull` of one source of kind `cdc`."""

    def __init__(
        self, workspace: Workspace, project: Project, source: str, tell: Callable[[], None]
    ) -> None:
        """`tell` hears of every append: it wakes the fold, or says how far it is."""
        self._workspace, self._project, self.source = workspace, project, source
        self._tell = tell
        self._stopping = threading.Event()
        self._following: Following | None = None
        self._standing = PullStanding(source)
        self._room = Room(workspace, project)
        self._alone = ExitStack()
        self.due_us = 0

    def step(self, standing: PullStanding) -> None:
        self._standing = standing
        if self._following is None:
            self._alone.enter_context(one_at_a_time(self._workspace.place.run, self.source))
            self._following = self._opened()
        had = standing.is_final = False
        try:
            had = self._following.step()
        except CannotFollow:
            standing.is_final = True
            raise
        except Busy:
            if not self._stopping.is_set():
                raise
        finally:
            self._show(standing, self._following)
        self.due_us = 0 if had else self._workspace.clock.now_us() + LOOK_US

    def stop(self) -> None:
        self._stopping.set()

    def close(self) -> None:
        if self._following is not None:
            self._following.close()
        self._alone.close()

    def _opened(self) -> Following:
        workspace, project = self._workspace, self._project
        gate = gates_of(project, workspace.node_key, lambda: None)[self.source]
        settings = settings_of(gate.source)
        url = substitute(
            settings.url, os.environ, lambda name: (workspace.place.directory / name).read_text()
        )
        return Following(
            workspace.log, gate, PostgresSlot(self.source, settings, url), workspace.clock,
            require_room=self._room.require, appended=self._appended,
            is_stopping=self._stopping.is_set,
        )  # fmt: skip

    def _appended(self) -> None:
        """Also within a step: a first one reads every row there is."""
        if self._following is not None:
            self._show(self._standing, self._following)
        self._tell()

    def _show(self, standing: PullStanding, following: Following) -> None:
        counts, ledger, there = following.counts, following.ledger, following.standing
        standing.appended, standing.duplicate = counts.appended, counts.duplicate
        standing.quarantined, standing.rejected = counts.quarantined, counts.rejected
        standing.rows = counts.appended + counts.duplicate + counts.quarantined + counts.filtered
        standing.rows += counts.rejected
        standing.refused = "; ".join(counts.refused.values())
        if ledger is None:
            return
        standing.position, standing.committed_us = lsn_text(ledger.lsn), ledger.committed_us
        if there is None:
            standing.lag_us = standing.lag_bytes = standing.retained_bytes = None
            return
        standing.lag_bytes = max(0, there.upto - ledger.lsn)
        is_behind = standing.lag_bytes > 0 and ledger.committed_us > 0
        now_us = self._workspace.clock.now_us()
        standing.lag_us = max(0, now_us - ledger.committed_us) if is_behind else 0
        standing.retained_bytes = there.retained_bytes
        standing.alarm = alarm_of(following)


class Room:
    """May anything be appended? Below the disk's reserve, or with a fold too far behind, not."""

    def __init__(self, workspace: Workspace, project: Project) -> None:
        self._workspace, self._settings = workspace, project.settings
        self._lag = LagLimit(project.settings.server.max_lag_us)
        self._looked_s = 0.0

    def require(self) -> None:
        """Raises Busy while there is none. Looked at every other second."""
        place = self._workspace.place
        require_room(place.data, self._settings.disk.reserve_bytes)
        now_s = time.monotonic()
        if self._settings.server.max_lag_us and now_s - self._looked_s > ROOM_S:
            self._looked_s = now_s
            opened = open_state(place.data, "read")
            if not isinstance(opened, Damage):
                self._lag.look(self._workspace.log, opened, self._workspace.clock.now_us())
                opened.close()
        self._lag.require()


def alarm_of(following: Following) -> str:
    """One sentence while the server keeps more for us than it should; "" otherwise."""
    there, settings = following.standing, following.settings
    if there is None or there.retained_bytes <= settings.retained_bytes:
        return ""
    kept = there.retained_bytes // 2**20
    return (
        f"source {following.source.source}: the server keeps {kept:,} MiB for the slot "
        f"'{settings.slot}', more than `retained: {settings.retained}`; follow it on, or drop the "
        "slot before the server's disk is full"
    )
