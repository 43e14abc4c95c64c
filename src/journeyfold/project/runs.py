"""The runs of people through journeys, told by what the fold emits: for those who watch it.

A profile forgets a run that has ended and can hear of its goal no more; a scenario asks for it.
"""

from __future__ import annotations

import msgspec

from journeyfold.core.effect import Emit
from journeyfold.core.profile import Profile
from journeyfold.project.scenario import SeenRun


class _Run(msgspec.Struct):
    person: str
    journey: str
    entry: int  # the how many-th of this person and journey
    held_out: bool
    step: str = ""
    ended: str = ""
    goal: bool = False


class Runs:
    """`note` every emitted fact in its order; `of` somebody, by journey, the newest run."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}

    def note(self, emit: Emit) -> None:
        told = emit.properties
        if emit.name == "journey.entered":
            journey = str(told["journey"])
            before = [
                run for run in self._runs.values() if (run.person, run.journey) == (emit.person, journey)
            ]  # fmt: skip
            self._runs[str(told["instance"])] = _Run(
                emit.person, journey, len(before) + 1, told["is_held_out"] is True
            )
        elif emit.name in {"person.merged", "person.reanchored"}:
            for each in self._runs.values():
                each.person = emit.person if each.person == told["from"] else each.person
        elif (run := self._runs.get(str(told.get("instance")))) is not None:
            self._moved(run, emit)

    def of(self, profile: Profile) -> dict[str, SeenRun]:
        steps = {run.id: run.step for run in profile.journeys}
        return {
            run.journey: SeenRun(
                steps.get(instance, run.step), run.ended, run.entry, run.held_out, run.goal
            )
            for instance, run in self._runs.items()
            if run.person == profile.person
        }

    def _moved(self, run: _Run, emit: Emit) -> None:
        if emit.name == "journey.exited":
            run.step, run.ended = str(emit.properties["step"]), str(emit.properties["reason"])
        elif emit.name == "journey.goal":
            run.goal = True
