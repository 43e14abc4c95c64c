"""`plan` for journeys: who would have entered, what would have been sent and when, what held it.

Heard from the same retelling of history that compares segments; days are those of UTC. What is
retold are the records of the log: a trait that a new journey would have set is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from journeyfold.core.effect import Deliver, Effect, Emit
from journeyfold.core.instant import rfc3339
from journeyfold.core.profile import Profile
from journeyfold.journey.control import Move
from journeyfold.journey.migrate import moves
from journeyfold.journey.program import Program
from journeyfold.project.compile import Compiled
from journeyfold.project.plan_report import JourneyChange, JourneyDay, PlannedMessage
from journeyfold.project.pretend import is_message

EXAMPLES = 5


class JourneysTold:
    """What the fold said of journeys from `since_us` on."""

    def __init__(self, since_us: int) -> None:
        self._since_us = since_us
        self.entered: dict[str, list[tuple[int, str]]] = {}
        self.held_out: Counter[str] = Counter()
        self.messages: dict[str, Counter[tuple[str, str]]] = {}  # (step, template) → sent
        self.days: dict[str, dict[str, Counter[str]]] = {}

    def hear(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Emit) and effect.at_us >= self._since_us:
                self._emitted(effect)
            elif isinstance(effect, Deliver) and effect.due_us >= self._since_us:
                self._delivered(effect)

    def _emitted(self, emit: Emit) -> None:
        told = emit.properties
        journey = str(told.get("journey"))
        if emit.name == "journey.entered":
            self.entered.setdefault(journey, []).append((emit.at_us, emit.person))
            self.held_out[journey] += told["is_held_out"] is True
            self._count(journey, emit.at_us, "entered")
        elif emit.name in {"message.held", "message.skipped"}:
            what = emit.name.partition(".")[2]
            self._count(journey, emit.at_us, f"{what} {told['gate']}")

    def _delivered(self, deliver: Deliver) -> None:
        if is_message(deliver) and "journey" in deliver.payload:
            told, journey = deliver.payload, str(deliver.payload["journey"])
            template = str(told["template"] or "by stage")
            self.messages.setdefault(journey, Counter())[str(told["step"]), template] += 1
            self._count(journey, deliver.due_us, "sent")

    def _count(self, journey: str, at_us: int, what: str) -> None:
        self.days.setdefault(journey, {}).setdefault(rfc3339(at_us)[:10], Counter())[what] += 1


def journey_changes(
    was: JourneysTold, is_: JourneysTold, before: Compiled, after: Compiled,
    people: Mapping[str, Profile],
) -> Iterator[JourneyChange]:  # fmt: skip
    """One for every journey that is new, gone or another version; `people` as they are now."""
    for name in sorted({*before.programs, *after.programs}):
        old, new = before.programs.get(name), after.programs.get(name)
        if old is not None and new is not None and old.version == new.version:
            continue
        entered = is_.entered.get(name, [])
        days = is_.days.get(name, {})
        yield JourneyChange(
            journey=name,
            change="added" if old is None else "removed" if new is None else "changed",
            version=new.version if new is not None else "",
            entered_before=len(was.entered.get(name, [])) if old is not None else None,
            entered=len(entered),
            people=len({person for _, person in entered}),
            held_out=is_.held_out[name],
            sent=sum(is_.messages.get(name, Counter()).values()),
            examples=tuple(f"{person} at {rfc3339(at_us)}" for at_us, person in entered[:EXAMPLES]),
            messages=tuple(
                PlannedMessage(step, template, n)
                for (step, template), n in sorted(is_.messages.get(name, {}).items())
            ),
            days=tuple(_day(day, counts) for day, counts in sorted(days.items())),
            moves=tuple(_moves(old, new, people.values())) if old is not None else (),
        )


def _day(day: str, counts: Mapping[str, int]) -> JourneyDay:
    gates: dict[str, dict[str, int]] = {"held": {}, "skipped": {}}
    for what, n in sorted(counts.items()):
        kind, _, gate = what.partition(" ")
        if gate:
            gates[kind][gate] = n
    return JourneyDay(
        day, counts.get("entered", 0), counts.get("sent", 0), gates["held"], gates["skipped"]
    )


def _moves(old: Program, new: Program | None, people: Iterable[Profile]) -> list[Move]:
    """Who stands where in the version in force, and where they would go."""
    standing = Counter(
        run.step
        for profile in people
        for run in profile.journeys
        if run.journey == old.id and run.version == old.version and not run.ended_us
    )
    if new is not None and new.definition.on_publish == "migrate":
        return moves(old, new, standing)
    why = "they stay in their version" if new is not None else "they finish in their version"
    return [Move(step, standing[step], "", why) for step in old.steps if standing[step]]
