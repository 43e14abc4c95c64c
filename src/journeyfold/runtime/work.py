"""The `work` process: opens the stores for writing and runs the worker until it is told to stop."""

from __future__ import annotations

import os
import signal
import threading

from journeyfold.core.errors import JourneyfoldError
from journeyfold.core.ports import StateStore
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.notify import Listener, Notifier
from journeyfold.runtime.schedule import Schedule
from journeyfold.runtime.supervisor import end_with_parent
from journeyfold.runtime.worker import Worker
from journeyfold.runtime.workspace import Place, Workspace


def run_work(place: Place) -> int:
    """Returns the exit code."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    end_with_parent(stop.set)
    try:
        workspace = Workspace(place)
        state = workspace.open_state(_report)
        listener = Listener(place.run, "work")
        pages = Notifier(place.run, "serve-")
        loop = fold_loop(workspace, state)
        schedule = Schedule(state, workspace.clock)
        worker = Worker(loop, state, schedule, listener, pages, lambda: _checkpoint(workspace))
        worker.run(stop)
    except JourneyfoldError as error:
        _report(str(error))
        return error.exit_code
    listener.close()
    pages.close()
    state.close()
    workspace.close()
    return 0


def fold_loop(workspace: Workspace, state: StateStore, *, rebuild: bool = False) -> FoldLoop:
    """A fold over these stores; `rebuild` fills new features at once."""
    engine = Engine(
        workspace.log,
        workspace.node_key,
        lambda files: compile_project(load(files)),
        complete_builds=rebuild,
    )
    return FoldLoop(workspace.log, state, engine, workspace.clock)


def _checkpoint(workspace: Workspace) -> None:
    workspace.log.checkpoint()


def _report(text: str) -> None:
    os.write(2, f"journeyfold work: {text}\n".encode())
