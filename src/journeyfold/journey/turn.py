"""One person at one instant: what the steps of a journey read and what they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from journeyfold.core.condition_eval import View
from journeyfold.core.effect import Deliver, Effect, Emit, Moved, Say
from journeyfold.core.event import Json, Record
from journeyfold.core.instant import rfc3339
from journeyfold.core.profile import Instance, Profile
from journeyfold.journey.line import draw_line
from journeyfold.journey.program import Program


class Trace(NamedTuple):
    """A line of `journey simulate`: what happened to whom, where."""

    at_us: int
    person: str
    place: str  # journey/step
    what: str


class Turn:
    """Effects are gathered in order. `record` is None when only time has passed; `owner` is the
    hex node of its owner. `overdue_us` is when what happens now should have happened, if a pause
    held it and its messages are as old as they would be without. `happened_us` is when what brings
    this about took place: history that is imported is as old as it is.
    """

    __slots__ = (
        "effects", "happened_us", "now_us", "overdue_us", "owner", "profile", "record", "trace",
        "view",
    )  # fmt: skip

    def __init__(
        self,
        profile: Profile,
        view: View,
        now_us: int,
        record: Record | None = None,
        trace: Callable[[Trace], None] | None = None,
        owner: str = "",
    ) -> None:
        self.profile, self.view, self.now_us, self.record = profile, view, now_us, record
        self.effects: list[Effect] = []
        self.trace, self.owner, self.overdue_us = trace, owner, 0
        self.happened_us = record.event.occurred_us if record is not None else now_us

    @property
    def offset(self) -> int:
        return self.record.offset if self.record is not None else self.profile.seen

    def looks_at(self, instance: Instance) -> View:
        """The view with this instance's `entry` and `vars`."""
        self.view.entry, self.view.vars = instance.entry, instance.vars
        return self.view

    def emit(self, program: Program, name: str, effect: str, **properties: Json) -> None:
        told: dict[str, Json] = {"journey": program.id, "version": program.version, **properties}
        self.effects.append(Emit(effect, name, self.profile.person, self.now_us, told))

    def deliver(self, deliver: Deliver) -> None:
        self.effects.append(deliver)

    def say(self, say: Say) -> None:
        self.effects.append(say)

    def moved(self, program: Program, run: Instance, to: str) -> None:
        """Said before the run takes the step; for the counts of the report."""
        is_first, line = to not in run.visits, None
        if is_first and program.steps[to].send is not None:
            line = draw_line(run, program.steps[to], self.view)
        self.effects.append(
            Moved(program.id, program.version, run.step, to, run.is_held_out, is_first, line)
        )

    def note_until(self, program: Program, step: str, what: str, until_us: int) -> None:
        if self.trace is not None:  # writing an instant costs more than many a step
            self.note(program, step, f"{what} {rfc3339(until_us)}")

    def note(self, program: Program, step: str, what: str) -> None:
        if self.trace is not None:
            place = f"{program.id}/{step}" if step else program.id
            self.trace(Trace(self.now_us, self.profile.person, place, what))
