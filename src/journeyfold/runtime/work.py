"""The `work` process: opens the stores for writing and runs the worker until it is told to stop."""

from __future__ import annotations

import gc
import os
import threading

from journeyfold.activate.lane_figures import FiguresFile
from journeyfold.activate.reach import Reach
from journeyfold.adapters.outgoing import Outgoing
from journeyfold.core.errors import StateDamageError
from journeyfold.core.ports import StateStore
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.runtime.admitting import Admitting
from journeyfold.runtime.auditing import Auditing
from journeyfold.runtime.checkpointing import Checkpointing
from journeyfold.runtime.clock import SteadyClock
from journeyfold.runtime.conservation import Monitor
from journeyfold.runtime.dispatch import Dispatcher
from journeyfold.runtime.fold_loop import FoldLoop, output_entry
from journeyfold.runtime.lanes import Lanes
from journeyfold.runtime.lease_mark import LeaseMark
from journeyfold.runtime.linking_schedule import LinkingSchedule
from journeyfold.runtime.mailing import letters_of
from journeyfold.runtime.notify import Listener, Notifier
from journeyfold.runtime.quality_watch import Watching
from journeyfold.runtime.refolding import Asked, refold
from journeyfold.runtime.schedule import Schedule
from journeyfold.runtime.settling import Settling
from journeyfold.runtime.standing_process import run_until_stopped
from journeyfold.runtime.syncing import Syncing
from journeyfold.runtime.worker import Worker
from journeyfold.runtime.workspace import Place, Workspace

GC_THRESHOLDS = (100_000, 20, 100)
"""The fold makes no cycles, and the profiles it holds are many objects to look through: a full
collection stood in the way of a batch for a tenth of a second.
"""


def run_work(place: Place) -> int:
    """Returns the exit code."""
    gc.freeze()  # what is loaded now stays
    gc.set_threshold(*GC_THRESHOLDS)
    return run_until_stopped(place, _run, _report)


def _run(workspace: Workspace, stop: threading.Event) -> None:
    while not stop.is_set():
        _work(workspace, stop)


def _work(workspace: Workspace, stop: threading.Event) -> None:
    """Until `stop`, or until there is another state: a damaged one is set aside, and one that
    `quarantine replay` wants anew is folded again.
    """
    run = workspace.place.run
    state = workspace.open_state(_report)
    beside = Checkpointing(workspace.log.checkpoint)
    try:
        listener, pages = Listener(run, "work"), Notifier(run, "serve-")
        loop = fold_loop(workspace, state)
        monitor = Monitor(workspace.log, state, _report)
        dispatcher = dispatcher_of(workspace, state, loop)
        watching = Watching(workspace.place, _report)
        syncing = Syncing(
            workspace.log, state, workspace.clock, workspace.keyring.derive("sync"),
            workspace.place.data, dispatcher.fresh, _report,
            watching.holds_up,
        )  # fmt: skip
        marks = workspace.log.marks
        admitting = Admitting(workspace.log, marks, state, workspace.clock)
        auditing = Auditing(workspace.log, state, workspace.clock, workspace.node_key, _report)

        linking = LinkingSchedule(workspace.place, marks, workspace.clock, _report)

        def admit(loop: FoldLoop) -> None:
            admitting.run(loop)
            auditing.run(loop)
            linking.run(loop)

        schedule = Schedule(state, workspace.clock, marks, monitor.look, syncing.run, admit)

        def require_health() -> None:
            beside.require_going()
            dispatcher.require_going()

        worker = Worker(
            loop, state, schedule, listener, pages, dispatcher, require_health, _report,
            Asked(workspace.log.marks),
        )  # fmt: skip
        dispatcher.start()
        watching.start()
        try:
            worker.run(stop)
        finally:
            watching.close()
            auditing.close()
            linking.close()
            syncing.close()
            dispatcher.close()
        listener.close()
        pages.close()
        state.close()
        if not stop.is_set():
            refold(workspace, lambda anew: fold_loop(workspace, anew, rebuild=True), stop, _report)
    except StateDamageError as damage:
        state.close()
        workspace.renew_state(str(damage), _report)
    finally:
        beside.close()
        state.close()


def dispatcher_of(workspace: Workspace, state: StateStore, loop: FoldLoop) -> Dispatcher:
    """What sends the outbox of this state."""
    place, clock = workspace.place, SteadyClock(workspace.clock, workspace.log.head()[1])
    lanes = Lanes(
        state, lambda: loop.engine.definitions.in_force, clock,
        lambda allowed: Outgoing(Reach(allowed)), place.directory, place.data,
        letters_of(workspace.keyring, place),
    )  # fmt: skip
    settling = Settling(workspace.log, loop.entries_of, output_entry, clock.now_us)
    figures = FiguresFile(place.run)
    with state.read() as reader:
        leases = LeaseMark(workspace.log.marks, reader, workspace.log.head()[0])
    return Dispatcher(workspace.log, state, lanes, settling, clock, _report, figures, leases)


def fold_loop(workspace: Workspace, state: StateStore, *, rebuild: bool = False) -> FoldLoop:
    """A fold over these stores; `rebuild` fills new features at once."""
    engine = Engine(
        workspace.log,
        workspace.node_key,
        lambda files: compile_project(load(files)),
        complete_builds=rebuild,
    )
    clock = SteadyClock(workspace.clock, workspace.log.head()[1])
    return FoldLoop(workspace.log, state, engine, clock)


def _report(text: str) -> None:
    os.write(2, f"journeyfold work: {text}\n".encode())
