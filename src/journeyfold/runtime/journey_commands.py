"""What `journeyfold journey` asks for; part of `runtime/commands.py`, and like it imported late."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from journeyfold.runtime.workspace import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from journeyfold.journey.control import Action, CatchUp
    from journeyfold.project.figures import JourneyFigures
    from journeyfold.project.model import Project
    from journeyfold.project.reports import (
        Explanation,
        JourneyAct,
        JourneyReport,
        JourneyRow,
        Simulation,
    )
    from journeyfold.project.scenario import Travelled

    Progress = Callable[[str, int, int | None], None]


def why_journey(
    directory: Path, data: Path | None, *, person: str, journey: str, as_of: int | None
) -> Explanation:
    from journeyfold.runtime import explaining, steering

    with (
        opened(directory, data) as workspace,
        explaining.look_at(workspace, as_of) as look,
    ):
        return steering.why_journey(workspace, look, person, journey)


def journey_list(directory: Path, data: Path | None) -> list[JourneyRow]:
    from journeyfold.runtime import steering

    with opened(directory, data) as workspace:
        return steering.listed(workspace)


def journey_show(directory: Path, data: Path | None, *, journey: str) -> JourneyReport:
    from journeyfold.runtime import steering

    with opened(directory, data) as workspace:
        return steering.shown(workspace, journey)


def journey_report(directory: Path, data: Path | None, *, journey: str) -> JourneyFigures:
    from journeyfold.runtime import steering

    with opened(directory, data) as workspace:
        return steering.reported(workspace, journey)


def journey_act(
    directory: Path, data: Path | None, *, journey: str, action: Action, catch_up: CatchUp,
    dry_run: bool,
) -> JourneyAct:  # fmt: skip
    from journeyfold.project.reports import JourneyAct
    from journeyfold.runtime import steering

    with opened(directory, data) as workspace:
        moves = steering.planned_moves(workspace, journey) if action == "migrate" else {}
        offset = -1 if dry_run else steering.control(workspace, journey, action, catch_up)
        return JourneyAct(journey, action, offset, moves)


def simulate(
    directory: Path, data: Path | None, *, project: Project, asked: Simulation, progress: Progress
) -> list[Travelled]:
    from journeyfold.runtime import simulating

    if asked.people is not None or asked.events is not None:
        return simulating.simulate(project, asked, None, progress)
    with opened(directory, data) as workspace:
        return simulating.simulate(project, asked, workspace.log, progress)
