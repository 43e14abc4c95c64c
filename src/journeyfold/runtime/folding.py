"""The fold outside of `work`: to the head of the log, or watching another process do it."""

from __future__ import annotations

import time
from collections.abc import Callable

from journeyfold.adapters.state_opening import Damage, open_state
from journeyfold.core.errors import Busy
from journeyfold.project.standing import standing
from journeyfold.runtime.schedule import Schedule
from journeyfold.runtime.work import fold_loop
from journeyfold.runtime.workspace import Workspace

Folded = Callable[[int, int], None]
"""(records folded, records in all)."""

BATCH = 4_000
STUCK_S = 60.0


def fold_to_head(workspace: Workspace, folded: Folded = lambda _done, _total: None) -> None:
    """Fold everything there is, builds and quintile cuts included; for the holder of the lock."""
    state = workspace.open_state()
    try:
        loop = fold_loop(workspace, state)
        schedule = Schedule(state, workspace.clock, workspace.log.marks)
        while True:
            if loop.batch(BATCH)[0]:
                folded(loop.standing.offset + 1, workspace.log.head()[0] + 1)
            elif loop.engine.definitions.standing.builds:
                loop.backfill(BATCH)
            elif not schedule.cut_now(loop):
                break
        workspace.log.checkpoint()
    finally:
        state.close()


def wait_for_fold(workspace: Workspace, folded: Folded = lambda _done, _total: None) -> None:
    """Until `work` has folded what is in the log now. Busy if it makes no progress."""
    target, _ = workspace.log.head()
    seen, since_s = -1, time.monotonic()
    while True:
        state = open_state(workspace.place.data, "read")
        if not isinstance(state, Damage):
            with state.read() as reader:
                done = standing(reader).offset
            state.close()
            if done >= target:
                return
            folded(done + 1, target + 1)
            if done != seen:
                seen, since_s = done, time.monotonic()
        if time.monotonic() - since_s > STUCK_S:
            raise Busy(
                "everything is in the log, but the platform does not fold it; "
                "look at `journeyfold up` and its messages"
            )
        time.sleep(0.2)
