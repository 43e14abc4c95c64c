"""From step to step: what an instance does until it waits or ends (journeys E30-E54).

`enter` reaches a step and goes on from it as far as it can at this instant; `leave` is called
when what it waited for has come. An instance that takes more than a thousand steps at one instant
ends as `runaway` (E7).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from journeyfold.core import localtime
from journeyfold.core.chance import draw_64
from journeyfold.core.effect import Effect, Say
from journeyfold.core.event import Json
from journeyfold.core.profile import Assignment, Instance, Passage, Profile
from journeyfold.journey.act import (
    call,
    delivery,
    effect_uuid,
    message_of,
    tell_refusal,
    tell_skipped,
    webhook_key,
)
from journeyfold.journey.limits import Limits
from journeyfold.journey.program import END, Program, length_us
from journeyfold.journey.step import Split, Step, Wait
from journeyfold.journey.turn import Turn

STEPS_AT_ONCE = 1_000
PAUSED = "paused"  # what holds a run at a step that it has reached and not begun (E62)
_BUCKETS = 10_000


class Decider(Protocol):
    """Decides a placement for a person inside the fold (E42)."""

    def __call__(
        self, profile: Profile, placement: str, key: str, now_us: int
    ) -> tuple[Json, list[Effect]]: ...


class Walk:
    """The steps of all programs, over what they need of the rest of the project."""

    def __init__(
        self, limits: Limits, decide: Decider, paused: Collection[str] = frozenset()
    ) -> None:
        self._limits, self._decide, self._paused = limits, decide, paused
        self.reader = limits.reader
        self._steps: Mapping[str, Callable[[Turn, Program, Instance, Step], str | None]] = {
            "wait": self._wait, "wait_for": self._wait_for, "branch": self._branch,
            "split": self._split, "send": self._send, "decide": self._decided,
            "update": self._update, "webhook": self._webhook, "goto": self._goto,
        }  # fmt: skip

    def enter(self, turn: Turn, program: Program, instance: Instance, step: str) -> None:
        """Go to a step and on; END ends the instance as completed."""
        for _ in range(STEPS_AT_ONCE):
            if step == END:
                self.end(turn, program, instance, "completed")
                return
            turn.moved(program, instance, step)
            instance.step, instance.at_us, instance.at_offset = step, turn.now_us, turn.offset
            instance.visits[step] = instance.visits.get(step, 0) + 1
            instance.due_us, instance.held = 0, ""
            definition = program.steps[step]
            if definition.exits is not None:
                self.end(turn, program, instance, definition.exits)
                return
            target = self._steps[program.kinds[step]](turn, program, instance, definition)
            if target is None or instance.ended_us:
                return
            instance.steps += 1
            step = target
        self.end(turn, program, instance, "runaway")

    def leave(self, turn: Turn, program: Program, instance: Instance, target: str) -> None:
        """What the step waited for has come; in a paused journey the next is reached, not begun."""
        instance.steps += 1
        if program.id in self._paused and target != END:
            instance.step, instance.at_us, instance.at_offset = target, turn.now_us, turn.offset
            instance.due_us, instance.held = 0, PAUSED
            turn.note(program, target, "held: the journey is paused")
            return
        self.enter(turn, program, instance, target)

    def resume(
        self, turn: Turn, program: Program, instance: Instance, *, skips_expired: bool
    ) -> None:
        """Go on where a pause held somebody; waits that came after count from now on (E62).

        `skips_expired`: what was to be sent is as old as it would be without the pause.
        """
        overdue_us = instance.at_us if instance.held == PAUSED else instance.due_us
        if not 0 < overdue_us <= turn.now_us:
            return
        turn.overdue_us = overdue_us if skips_expired else 0
        if instance.held == PAUSED:
            self.enter(turn, program, instance, instance.step)
        else:
            self.due(turn, program, instance)
        turn.overdue_us = 0

    def due(self, turn: Turn, program: Program, instance: Instance) -> None:
        """The instant a step waited for has come; in a paused journey it stays due."""
        if program.id in self._paused:
            return
        step = program.steps[instance.step]
        if step.send is not None:  # held back until now
            target = self._send(turn, program, instance, step)
            if target is not None:
                self.leave(turn, program, instance, target)
        elif step.wait_for is not None:
            turn.note(program, step.id, "timed out")
            target = step.wait_for.on_timeout or program.after[step.id]
            self.leave(turn, program, instance, target)
        elif step.webhook is not None:
            turn.note(program, step.id, "no answer")
            self.fail(turn, program, instance, step, step.webhook.on_fail)
        else:
            self.leave(turn, program, instance, program.after[step.id])

    def recount(self, turn: Turn, program: Program, instance: Instance) -> None:
        """A wait for local time or for a date of a trait is due when they say now (E33, E34)."""
        step = program.steps[instance.step]
        if step.wait is not None and not instance.held and step.wait.length is None:
            self.count_anew(turn, program, instance)

    def count_anew(self, turn: Turn, program: Program, instance: Instance) -> None:
        """The due of the step, from the instant it was reached; one that has passed is due now."""
        step = program.steps[instance.step]
        if instance.held:
            return
        if step.wait is not None:
            counted = self._due_us(turn, program, instance, step.wait, instance.at_us)
            if counted is None:
                instance.due_us = 0
                target = self._missing(turn, program, instance, step)
                if target is not None:
                    self.leave(turn, program, instance, target)
                return
            instance.due_us = counted
        elif step.wait_for is not None:
            instance.due_us = instance.at_us + length_us(step.wait_for.timeout)
        elif step.webhook is not None and step.webhook.reply is not None:
            instance.due_us = instance.at_us + length_us(step.webhook.reply.timeout)
        if 0 < instance.due_us <= turn.now_us:
            self.due(turn, program, instance)

    def fail(
        self, turn: Turn, program: Program, instance: Instance, step: Step, on_fail: str
    ) -> None:
        """What the step handed over has failed: end, or go where `on_fail` says."""
        if on_fail == "exit":
            self.end(turn, program, instance, "failed")
        else:
            target = program.after[step.id] if on_fail == "continue" else on_fail
            self.leave(turn, program, instance, target)

    def reset(self, turn: Turn, program: Program, instance: Instance) -> None:
        """Moves the one due of a `wait_for`; there is no second timer (E35)."""
        step = program.steps[instance.step]
        assert step.wait_for is not None
        instance.due_us = turn.now_us + length_us(step.wait_for.timeout)
        turn.note_until(program, step.id, "waits anew until", instance.due_us)

    def exit(
        self, turn: Turn, program: Program, instance: Instance, reason: str, *, late: bool = False
    ) -> None:
        """By a rule: messages that are under way are not sent any more (E51)."""
        instance.is_exited = True
        self.end(turn, program, instance, reason, late=late)

    def end(
        self, turn: Turn, program: Program, instance: Instance, reason: str, *, late: bool = False
    ) -> None:
        """Dues and holds are dropped at once (E20). `late`: it had ended before it began (E22)."""
        instance.ended_us, instance.reason = turn.now_us, reason
        instance.due_us, instance.held = 0, ""
        passage = passage_of(turn.profile, instance.journey, instance.key)
        passage.ended_us = turn.now_us
        turn.note(program, instance.step, f"exit {reason}")
        turn.emit(
            program, "journey.exited", f"{instance.id}/exited",
            instance=instance.id, key=instance.key, step=instance.step, reason=reason,
            **({"late": True} if late else {}),
        )  # fmt: skip

    # -- waits ----------------------------------------------------------------------------------

    def _wait(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        assert step.wait is not None
        due_us = self._due_us(turn, program, instance, step.wait, turn.now_us)
        if due_us is None:
            return self._missing(turn, program, instance, step)
        if due_us <= turn.now_us:
            return program.after[step.id]
        instance.due_us = due_us
        turn.note_until(program, step.id, "waits until", due_us)
        return None

    def _missing(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        """There is no date to wait for (E34)."""
        assert step.wait is not None
        if step.wait.on_missing == "exit":
            self.end(turn, program, instance, "missing")
            return None
        if step.wait.on_missing == "wait":
            turn.note(program, step.id, f"waits for {step.wait.at}")
            return None
        turn.note(program, step.id, f"skipped: {step.wait.at} is not known")
        return program.after[step.id]

    def _due_us(
        self, turn: Turn, program: Program, instance: Instance, wait: Wait, since_us: int
    ) -> int | None:
        """When the wait is over, counted from the instant the step was reached (E5)."""
        if wait.length is not None:
            return since_us + length_us(wait.length)
        if wait.at is not None:
            path = ("steps", program.places[instance.step], "wait", "at")
            at_us, _ = program.ask(path, turn.looks_at(instance), turn.now_us)
            return at_us + length_us(wait.offset) if isinstance(at_us, int) else None
        zone = self._limits.reader.zone(turn.profile)
        if wait.local_days is not None:
            return localtime.plus_days(since_us, wait.local_days, zone)
        if wait.local_months is not None:
            return localtime.plus_months(since_us, wait.local_months, zone)
        minutes = localtime.minutes_of(wait.until or "")
        assert minutes is not None, "a wait has one form, and its time of day was checked"
        goes = wait.if_past == "go"
        if instance.visits.get(instance.step, 0) > 1 and not goes:
            since_us += 1  # a circle that comes back at 09:00 waits for the next one
        return localtime.next_wall(since_us, minutes, zone, wait.days, if_past_go=goes)

    def _wait_for(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        assert step.wait_for is not None
        instance.due_us = turn.now_us + length_us(step.wait_for.timeout)
        turn.note_until(program, step.id, "waits for an event until", instance.due_us)
        return None

    # -- ways -----------------------------------------------------------------------------------

    def _branch(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        view, at = turn.looks_at(instance), program.places[step.id]
        for index, way in enumerate(step.branch or ()):
            if way.otherwise is not None:
                return way.otherwise
            if program.holds(("steps", at, "branch", index, "if"), view, turn.now_us):
                turn.note(program, step.id, f"if {way.when}")
                return way.goto
        return program.after[step.id]

    def _split(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        assert step.split is not None
        arm = self._arm(turn, program, instance, step, step.split)
        if instance.arms.get(step.id) != arm and not is_crossed(turn.profile, step.split):
            instance.arms[step.id] = arm
            turn.emit(
                program, "journey.assigned", f"{instance.id}/{step.id}/assigned",
                instance=instance.id, step=step.id, salt=step.split.salt, arm=arm,
                is_held_out=instance.is_held_out,
            )  # fmt: skip
        turn.note(program, step.id, f"arm {arm}")
        return step.split.arms[arm].goto or program.after[step.id]

    def _arm(
        self, turn: Turn, program: Program, instance: Instance, step: Step, split: Split
    ) -> str:
        if split.by == "person":
            return _arm_of_person(turn, program, instance, split)
        unit = instance.key
        if split.by != "key":
            path = ("steps", program.places[step.id], "split", "by")
            value, _ = program.ask(path, turn.looks_at(instance), turn.now_us)
            unit = str(value)
        return instance.arms.get(step.id) or _drawn(split, unit)[0]

    def _goto(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        assert step.goto is not None
        if step.max is not None and instance.visits[step.id] > step.max:
            turn.note(program, step.id, f"{step.max} times, goes on")
            return program.behind[step.id]
        return step.goto

    # -- acts -----------------------------------------------------------------------------------

    def _send(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        assert step.send is not None
        message = message_of(turn, program, instance, step, step.send)
        refused = self._limits.refusal(message, turn.profile, turn.now_us)
        if refused is None:
            turn.deliver(delivery(turn, program, instance, step, message))
            place = f"{program.id}/{step.id}"
            self._limits.take_slot(message, turn.profile, place, turn.now_us)
            turn.note(program, step.id, f"sends {step.send.template or 'by stage'}")
            return program.after[step.id]
        tell_refusal(turn, program, instance, step, message, refused)
        if refused.until_us:
            instance.due_us, instance.held = refused.until_us, refused.gate
            return None
        return program.after[step.id]

    def _decided(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        assert step.decide is not None
        visit = instance.visits[step.id]
        key = effect_uuid(program.id, instance.id, step.id, visit, "decide")
        chosen, effects = self._decide(turn.profile, step.decide.placement, key, turn.now_us)
        turn.effects += effects
        instance.vars[step.decide.save] = chosen
        shown = chosen.get("offer") if isinstance(chosen, dict) else None
        turn.note(program, step.id, f"decides {shown or 'nothing'}")
        if chosen is None and step.decide.on_none is not None:
            return step.decide.on_none
        return program.after[step.id]

    def _update(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        """Writes no state: the event comes back through the log like any other (E41)."""
        assert step.update is not None
        visit = instance.visits[step.id]
        turn.say(
            Say(
                effect_uuid(program.id, instance.id, step.id, visit, "update"),
                "Identify", "identify", turn.profile.person, turn.now_us,
                traits=step.update.traits,
            )
        )  # fmt: skip
        turn.note(program, step.id, f"updates {', '.join(step.update.traits)}")
        return program.after[step.id]

    def _webhook(self, turn: Turn, program: Program, instance: Instance, step: Step) -> str | None:
        assert step.webhook is not None
        if instance.is_held_out:
            key = webhook_key(program, instance, step)
            tell_skipped(turn, program, instance, step, key, "holdout")
            return program.after[step.id]
        turn.deliver(call(turn, program, instance, step, step.webhook))
        turn.note(program, step.id, f"calls {step.webhook.destination}")
        if step.webhook.reply is None:
            return program.after[step.id]
        instance.due_us = turn.now_us + length_us(step.webhook.reply.timeout)
        return None


def passage_of(profile: Profile, journey: str, key: str) -> Passage:
    """Theirs to change, new if they have none."""
    return profile.passages.setdefault(passage_name(journey, key), Passage())


def passage_name(journey: str, key: str) -> str:
    return f"{journey}/{key}"


def is_crossed(profile: Profile, split: Split) -> bool:
    """Whether a person was made of two who had been drawn differently (E70)."""
    held = profile.assignments.get(f"split/{split.salt}") if split.by == "person" else None
    return held is not None and held.is_crossed


def _arm_of_person(turn: Turn, program: Program, instance: Instance, split: Split) -> str:
    """Sticky over re-entry, merge and changed weights (E40)."""
    name = f"split/{split.salt}"
    held = turn.profile.assignments.get(name)
    if held is not None and held.arm in split.arms:
        return held.arm
    arm, bucket = _drawn(split, turn.profile.person)
    turn.profile.assignments[name] = Assignment(
        arm, bucket, program.version, turn.now_us, instance.owner
    )
    return arm


def _drawn(split: Split, unit: str) -> tuple[str, int]:
    """(arm, bucket of 10,000): arms in the order of the file share the buckets by weight."""
    bucket = (draw_64("assign", split.salt, unit) * _BUCKETS) >> 64
    upto = 0
    for name, arm in split.arms.items():
        upto += arm.weight * _BUCKETS // 100
        if bucket < upto:
            return name, bucket
    raise AssertionError("the weights of a split sum to 100")
