"""The journeys of one person, moved on by a record or by time (journeys section 3).

A function of what is known and what comes: no clock, no chance, no I/O. What is due before a
record is settled first, each at its own instant, so a worker that was late changes when messages
leave and never which path a person took (E1). Within a record: exits, goals, waiting instances,
entries (E3); among journeys: priority, then id, then key (E4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, assert_never

from journeyfold.core.aggregate import NEVER
from journeyfold.core.effect import Emit
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import DAY_US
from journeyfold.core.profile import Instance, Profile
from journeyfold.journey.act import sends_so_far
from journeyfold.journey.arrive import Arrivals, causes_of
from journeyfold.journey.control import LIVE, Controls, action_of
from journeyfold.journey.definition import Exit
from journeyfold.journey.enter import Entering
from journeyfold.journey.line import take_crossed, told_lines
from journeyfold.journey.migrate import migrate
from journeyfold.journey.outcome import RESULTS, hear, is_own
from journeyfold.journey.precede import heard_since, remember
from journeyfold.journey.program import (
    LATE_KEPT_US,
    Program,
    Versions,
)
from journeyfold.journey.turn import Turn
from journeyfold.journey.walk import PAUSED, Walk, is_crossed

MICRO = 1_000_000
UNDER_WAY_US = DAY_US  # how long a message may be on its way: API retries end after it (A4)


class _Held(NamedTuple):
    instance: Instance
    program: Program


class Journeys:
    """All journeys of one project version. `live` are those that may be entered."""

    def __init__(
        self,
        versions: Versions,
        live: Mapping[str, Program],
        walk: Walk,
        controls: Controls = MappingProxyType({}),
    ) -> None:
        self._versions, self._live, self._walk = versions, live, walk
        self._controls = controls
        self._arrivals = Arrivals(
            live, Entering(walk, versions, controls, self._has_ended), walk.reader
        )
        self._listens = frozenset(name for each in versions.values() for name in each.events)

    def concerns(self, event: Event, moves: Sequence[Emit]) -> bool:
        """Whether this could let anybody in who is in no journey and waits for none."""
        return self._arrivals.concerns(event, moves)

    def hears(self, profile: Profile, event: Event, moves: Sequence[Emit]) -> bool:
        """Whether a record that changed nothing of the person but what is counted of their events
        can matter to a run of theirs.
        """
        touched = {f"event:{event.name}", *map(_path_of, moves)}
        versions = self._versions
        return any(
            not touched.isdisjoint(versions[each.journey, each.version].hears)
            for each in profile.journeys
        )

    def record(self, turn: Turn, moves: Iterable[Emit]) -> None:
        """Handle a record after its facts and memberships; `moves` are what those emitted."""
        profile, record = turn.profile, turn.record
        assert record is not None, "a record is handled here, time in `time`"
        if profile.journeys:
            self._running(turn, record.event)
        if profile.pending and record.event.traits:
            self._arrivals.recount(turn)
        self._arrivals.come_in(
            turn, [("event", record.event.name), *causes_of(moves)], record.event
        )
        if record.event.name in self._arrivals.ends:
            remember(profile, record.event, turn.now_us)
        self._close(turn)

    def moved(self, turn: Turn, moves: Iterable[Emit]) -> None:
        """Memberships that changed by the passing of time end and start journeys too (E20)."""
        if turn.profile.journeys:
            self._exit_by_condition(turn)
        self._arrivals.come_in(turn, causes_of(moves), None)
        self._close(turn)

    def cross(self, turn: Turn) -> None:
        """Of two people with two arms of a draw one was made: no analysis counts their runs for
        either arm (E70).
        """
        for instance in turn.profile.journeys:
            program = self._versions[instance.journey, instance.version]
            for step, arm in list(instance.arms.items()):
                split = program.steps[step].split if step in program.steps else None
                if split is None or not is_crossed(turn.profile, split):
                    continue
                del instance.arms[step]
                lines = told_lines(take_crossed(instance, step, arm))
                turn.emit(
                    program, "journey.crossed", f"{instance.id}/{step}/crossed",
                    instance=instance.id, step=step, salt=split.salt, arm=arm,
                    is_held_out=instance.is_held_out, has_goal=bool(instance.goal_us),
                    value_micros=instance.goal_micros, lines=lines,
                )  # fmt: skip

    def end_surplus(self, turn: Turn, instances: Iterable[Instance]) -> None:
        """Of two runs that became one person's, the one that did not get as far (E70)."""
        for each in instances:
            program = self._versions[each.journey, each.version]
            self._walk.end(turn, program, each, "merged")

    def end_all(self, turn: Turn, reason: str) -> None:
        for each, program in self._held(turn.profile):
            self._walk.end(turn, program, each, reason)

    def time(self, turn: Turn) -> None:
        """Settle what is due exactly at `turn.now_us`, in the order of E1."""
        profile = turn.profile
        due = [each for each in profile.journeys if 0 < self._due_us(each) <= turn.now_us]
        for instance in sorted(due, key=lambda one: (one.journey, one.key, one.id)):
            if not instance.ended_us:
                self._due(turn, instance)
        self._arrivals.come_due(turn)
        self._close(turn)

    def steer(self, turn: Turn, event: Event) -> None:
        """What a command on a journey does to those who are in it (E61, E62)."""
        journey, action = event.properties["journey"], action_of(event)
        skips = event.properties.get("catch_up") == "skip-expired"
        for instance, program in self._held(turn.profile):
            if instance.journey != journey:
                continue
            match action:
                case "resume":
                    self._walk.resume(turn, program, instance, skips_expired=skips)
                case "stop":
                    self._walk.exit(turn, program, instance, "stopped")
                case "migrate":
                    self._go_over(turn, program, instance)
                case "pause" | "drain":
                    pass
                case _:
                    assert_never(action)
        self._close(turn)

    def published(self, turn: Turn) -> None:
        """New versions are in force: those that say so take over who is in older ones."""
        for instance, program in self._held(turn.profile):
            live = self._live.get(instance.journey)
            if live is not None and live.definition.on_publish == "migrate":
                self._go_over(turn, program, instance)
        self._close(turn)

    def rezoned(self, turn: Turn) -> None:
        """The person's zone, or what the tz database says of it, may have changed (E33)."""
        self._arrivals.recount(turn)
        for instance, program in self._held(turn.profile):
            self._walk.recount(turn, program, instance)
        self._close(turn)

    def _go_over(self, turn: Turn, program: Program, instance: Instance) -> None:
        live = self._live.get(instance.journey)
        if live is not None and live.version != program.version:
            migrate(turn, program, live, instance, self._walk)

    # -- running instances ----------------------------------------------------------------------

    def _running(self, turn: Turn, event: Event) -> None:
        listens = event.name in self._listens
        is_result = event.name in RESULTS and is_own(event)
        self._exit_by_condition(turn)
        if listens:
            self._exit_by_event(turn, event)
            self._goals(turn, event)
            self._waiting(turn, event)
        if is_result:
            for instance, program in self._held(turn.profile):
                hear(turn, program, instance, self._walk)
        if event.traits:
            for instance, program in self._held(turn.profile):
                self._walk.recount(turn, program, instance)

    def _held(self, profile: Profile) -> list[_Held]:
        """Running instances in order of turn (E4)."""
        found = [
            _Held(each, self._versions[each.journey, each.version])
            for each in profile.journeys
            if not each.ended_us
        ]
        found.sort(key=lambda one: (-one.program.priority, one.instance.journey, one.instance.key))
        return found

    def _exit_by_condition(self, turn: Turn) -> None:
        for instance, program in self._held(turn.profile):
            self._ends(turn, program, instance)

    def _ends(self, turn: Turn, program: Program, instance: Instance) -> bool:
        """Whether the condition of an exit holds; the instance has ended then."""
        for path, each in program.whens:
            if program.holds(path, turn.looks_at(instance), turn.now_us):
                self._walk.exit(turn, program, instance, each.reason or "exit")
                return True
        return False

    def _exit_by_event(self, turn: Turn, event: Event) -> None:
        for instance, program in self._held(turn.profile):
            self._ends_by(turn, program, instance, event)

    def _ends_by(
        self, turn: Turn, program: Program, instance: Instance, event: Event, *, late: bool = False
    ) -> None:
        for at, each in program.exits:
            if (
                each.event == event.name
                and _counts(event, instance, each, program, turn.now_us)
                and program.holds(("exit", at, "where"), turn.looks_at(instance), turn.now_us)
            ):
                self._walk.exit(turn, program, instance, each.reason or event.name, late=late)
                return

    def _has_ended(self, turn: Turn, program: Program, instance: Instance) -> bool:
        """Whether what ends a run was heard before its entry; its goal counts, too (E22)."""
        if not turn.profile.heard or turn.record is None or not instance.entry["name"]:
            return False
        view = turn.view
        now = view.event
        for event in heard_since(turn.profile, _entered(instance), turn.now_us):
            view.event = event
            if not instance.ended_us:
                self._ends_by(turn, program, instance, event, late=True)
            self._goal(turn, program, instance, event)
        view.event = now
        return bool(instance.ended_us)

    def _goals(self, turn: Turn, event: Event) -> None:
        for instance in turn.profile.journeys:
            program = self._versions[instance.journey, instance.version]
            self._goal(turn, program, instance, event)

    def _goal(self, turn: Turn, program: Program, instance: Instance, event: Event) -> None:
        goal = program.definition.goal
        if goal is None or goal.event != event.name or instance.goal_us:
            return
        if instance.ended_us and instance.reason != "goal" and not goal.after_exit:
            return
        since_us = _entered(instance)
        if not since_us <= event.occurred_us <= since_us + program.goal_us:
            return
        if program.holds(("goal", "where"), turn.looks_at(instance), turn.now_us):
            self._reached(turn, program, instance, event)

    def _reached(self, turn: Turn, program: Program, instance: Instance, event: Event) -> None:
        goal = program.definition.goal
        assert goal is not None
        instance.goal_us = event.occurred_us
        value: Json = None
        if goal.value is not None:
            value, _ = program.ask(("goal", "value"), turn.looks_at(instance), turn.now_us)
        micros = round(value * MICRO) if isinstance(value, int | float) else 0
        instance.goal_micros = micros
        turn.note(program, instance.step, "goal")
        turn.emit(
            program, "journey.goal", f"{instance.id}/goal",
            instance=instance.id, key=instance.key, event=event.id, value_micros=micros,
            is_held_out=instance.is_held_out, arms=dict(instance.arms),
            sends=sends_so_far(program, instance), lines=told_lines(instance.lines),
        )  # fmt: skip
        if goal.exits and not instance.ended_us:
            self._walk.exit(turn, program, instance, "goal")

    def _waiting(self, turn: Turn, event: Event) -> None:
        record = turn.record
        assert record is not None
        for instance, program in self._held(turn.profile):
            step = program.steps[instance.step]
            if (
                step.wait_for is None
                or instance.at_offset >= record.offset
                or (instance.held == PAUSED)
            ):
                continue
            if step.wait_for.since == "step" and event.occurred_us < instance.at_us:
                continue
            if step.wait_for.since == "entry" and event.occurred_us < _entered(instance):
                continue
            self._heard(turn, program, instance, event)

    def _heard(self, turn: Turn, program: Program, instance: Instance, event: Event) -> None:
        """The first that matches in the order of the file wins (E35)."""
        step = program.steps[instance.step]
        assert step.wait_for is not None
        by_machine = event.properties.get("machine") is True
        for at, awaited in enumerate(step.wait_for.events):
            path = ("steps", program.places[step.id], "wait_for", "any", at, "where")
            if awaited.event != event.name or (by_machine and not awaited.machine):
                continue
            if program.holds(path, turn.looks_at(instance), turn.now_us):
                turn.note(program, step.id, f"heard {event.name}")
                self._walk.leave(turn, program, instance, awaited.goto or program.after[step.id])
                return
        if step.wait_for.reset_on == event.name:
            self._walk.reset(turn, program, instance)

    # -- time -----------------------------------------------------------------------------------

    def _exits_us(self, turn: Turn, instance: Instance) -> int:
        """When the condition of an exit may come true without a record; 0 = never."""
        program, soonest = self._versions[instance.journey, instance.version], NEVER
        for path, _ in program.whens:
            soonest = min(soonest, program.ask(path, turn.looks_at(instance), turn.now_us)[1])
        return 0 if soonest == NEVER else soonest

    def _due(self, turn: Turn, instance: Instance) -> None:
        program = self._versions[instance.journey, instance.version]
        if self._ends(turn, program, instance):
            return
        if 0 < instance.until_us <= turn.now_us:
            self._walk.exit(turn, program, instance, program.age_reason)
        elif 0 < instance.due_us <= turn.now_us:
            self._walk.due(turn, program, instance)

    def _close(self, turn: Turn) -> None:
        """Forget what nobody can hear of any more; say when to look again."""
        profile = turn.profile
        pending_us = min((each.due_us for each in profile.pending), default=0)
        if not profile.journeys:
            profile.journeys_due_us = pending_us
            return
        kept = []
        for each in profile.journeys:
            if each.ended_us:
                program = self._versions[each.journey, each.version]
                each.until_us = _forgotten_us(each, program)
                each.due_us = each.exits_us = 0
                if each.until_us <= turn.now_us:
                    continue
            else:
                each.exits_us = self._exits_us(turn, each)
            kept.append(each)
        if len(kept) < len(profile.journeys):
            profile.journeys = kept
        dues = (pending_us, *map(self._due_us, kept))
        profile.journeys_due_us = min(filter(None, dues), default=0)

    def _due_us(self, instance: Instance) -> int:
        """The next instant at which an instance has to be looked at; 0 = never. A pause holds the
        due of its step; its age and its exits go on.
        """
        soonest = instance.due_us
        if soonest and self._controls.get(instance.journey, LIVE).status == "paused":
            soonest = 0
        for other_us in (instance.until_us, instance.exits_us):
            if other_us and not 0 < soonest <= other_us:
                soonest = other_us
        return soonest


def _path_of(move: Emit) -> str:
    """As `condition_compile.inputs_of` names what has changed."""
    told = move.properties
    is_stage = move.name == "stage.changed"
    return f"stage:{told['lifecycle']}" if is_stage else f"segment:{told['segment']}"


def _entered(instance: Instance) -> int:
    """Event time of the entry: what windows and lateness are measured from (E5)."""
    occurred = instance.entry.get("occurred")
    return occurred if isinstance(occurred, int) else instance.entered_us


def _counts(event: Event, instance: Instance, each: Exit, program: Program, now_us: int) -> bool:
    """An event that arrives late counts if it happened after the entry did (E21)."""
    if event.occurred_us < _entered(instance):
        return False
    return each.late or now_us - event.occurred_us <= program.max_event_age_us


def _forgotten_us(instance: Instance, program: Program) -> int:
    until_us = instance.ended_us
    if program.goal_us and not instance.goal_us:
        until_us = max(until_us, _entered(instance) + program.goal_us + LATE_KEPT_US)
    if instance.is_exited and not program.sends.isdisjoint(instance.visits):
        until_us = max(until_us, instance.ended_us + UNDER_WAY_US)
    return until_us
