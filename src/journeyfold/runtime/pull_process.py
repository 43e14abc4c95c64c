"""The `pull` process: what the project in force pulls, until it is told to stop (ADR 30).

`up` starts it with the first project that pulls anything. It appends beside `serve` and taps `work`,
which folds; so a large import costs the fold nothing but its records.
"""

from __future__ import annotations

import os
import threading

from journeyfold.project.model import Project
from journeyfold.runtime.followed import Followed
from journeyfold.runtime.notify import Notifier
from journeyfold.runtime.pull_plan import followed, scheduled
from journeyfold.runtime.pull_standing import StandingsFile, read_standings
from journeyfold.runtime.pulled_imports import ScheduledImport
from journeyfold.runtime.pulling import Pull, Pulling
from journeyfold.runtime.standing_process import run_until_stopped
from journeyfold.runtime.workspace import Place, Workspace

LOOK_S = 0.5


def run_pull(place: Place) -> int:
    """Returns the exit code."""
    return run_until_stopped(place, _pull, _report)


def _pull(workspace: Workspace, stop: threading.Event) -> None:
    run = workspace.place.run
    pulling = Pulling(workspace.clock, _report, read_standings(run))
    fold, file = Notifier(run, "work"), StandingsFile(run)
    version = -1
    try:
        while not stop.is_set():
            newest = workspace.activated()
            if newest != version:
                version = newest
                pulling.take_over(_pulls(workspace, workspace.project_in_force(), fold))
            pulling.require_going()
            file.write(pulling.standings)
            stop.wait(LOOK_S)
    finally:
        pulling.stop()
        file.write(pulling.standings)
        file.close()
        fold.close()


def _pulls(workspace: Workspace, project: Project, fold: Notifier) -> list[Pull]:
    imports = [ScheduledImport(workspace, project, name, fold.send) for name in scheduled(project)]
    return [
        *imports,
        *(Followed(workspace, project, name, fold.send) for name in followed(project)),
    ]


def _report(text: str) -> None:
    os.write(2, f"journeyfold pull: {text}\n".encode())
