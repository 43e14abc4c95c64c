"""Who is in which segment, to the instant: the last stage of the fold over one person.

Lifecycles settle first, then segments level by level, because a segment may ask for another. Only
conditions that the record can reach are evaluated; time is a record too (segments C18-C20, S1-S3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from journeyfold.core.aggregate import NEVER
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_compile import Evaluator, Outcome, compile_conditions
from journeyfold.core.condition_eval import View
from journeyfold.core.effect import Emit
from journeyfold.core.profile import Membership, Profile
from journeyfold.segment.bind import Bound
from journeyfold.segment.definition import LifecycleDefinition, SegmentDefinition
from journeyfold.segment.lifecycle import Lifecycle, StageRule, settle


class Segmentation:
    """The stored segments and lifecycles of one project, compiled.

    `touched` are paths of `condition_compile.inputs_of` that a record changed; `manual` is one
    of them when lists did.
    """

    def __init__(
        self,
        bound: Bound,
        segments: Iterable[SegmentDefinition],
        lifecycles: Iterable[LifecycleDefinition],
        keys: AggregateKeys,
    ) -> None:
        self.lifecycles = [_lifecycle(bound, definition) for definition in lifecycles]
        named = {
            rule.condition: typed
            for lifecycle in self.lifecycles
            for rule, (_, typed) in zip(
                lifecycle.rules, bound.lifecycles[lifecycle.definition.id], strict=True
            )
        }
        self.evaluator: Evaluator = compile_conditions({**named, **bound.segments}, keys)
        mask = self.evaluator.mask
        self.stage_masks = [
            mask(rule.condition for rule in lifecycle.rules) for lifecycle in self.lifecycles
        ]
        self.levels = [mask(level) for level in bound.levels]
        kept = [segment for segment in segments if segment.kind in {"rule", "manual"}]
        self.manual = [segment.id for segment in kept if segment.kind == "manual"]
        self.known = frozenset(segment.id for segment in kept)
        self.min_stay_us = {s.id: s.min_stay_us for s in kept if s.min_stay_us}
        stays = mask(name for name in self.min_stay_us if name in bound.segments)
        self.clock = self.evaluator.paths.get("clock", 0) | stays

    def evaluate_person(
        self,
        profile: Profile,
        view: View,
        now_us: int,
        touched: Iterable[str] | None,
        cause: str = "event",
    ) -> list[Emit]:
        """Brings memberships, stages and the wake up to this instant; returns what changed.

        `touched` None evaluates everything: after a merge, a new definition or new cut points. So
        does the first call for a person: `count(…) == 0` holds for somebody nobody has heard of.
        """
        evaluation = _Evaluation(self, profile, view, now_us, cause)
        first, profile.clock_us = profile.clock_us == 0, now_us
        if touched is None or first:
            evaluation.everything()
        else:
            touched = tuple(touched)
            evaluation.reached(self.evaluator.reached(touched), manual="manual" in touched)
        return evaluation.emits

    def advance(self, profile: Profile, view: View, upto_us: int) -> list[Emit]:
        """Lets time pass up to, not including, `upto_us`: each change at its own instant (C20)."""
        emits: list[Emit] = []
        while 0 < profile.wake_us < upto_us:
            at_us = profile.wake_us
            emits += self.evaluate_person(profile, view, at_us, (), "time")
            assert profile.wake_us == 0 or profile.wake_us > at_us, "a wake lies in the future"
        return emits


class _Evaluation:
    """One instant of one person."""

    def __init__(
        self, rules: Segmentation, profile: Profile, view: View, now_us: int, cause: str
    ) -> None:
        self.rules, self.profile, self.view = rules, profile, view
        self.now_us, self.cause = now_us, cause
        self.emits: list[Emit] = []
        self.wake_us = NEVER

    def everything(self) -> None:
        for name in sorted(self.profile.memberships.keys() - self.rules.known):
            self.leave(name, self.profile.memberships[name])
        self.evaluate(self.rules.evaluator.all, manual=True)

    def reached(self, mask: int, *, manual: bool) -> None:
        wake_us = self.profile.wake_us
        if 0 < wake_us <= self.now_us:
            mask |= self.rules.clock
        elif wake_us:
            self.wake_us = wake_us
        if mask or manual or 0 < wake_us <= self.now_us:
            self.evaluate(mask, manual=manual)

    def evaluate(self, mask: int, *, manual: bool) -> None:
        paths, run = self.rules.evaluator.paths, self.rules.evaluator.run
        for lifecycle, stages in zip(self.rules.lifecycles, self.rules.stage_masks, strict=True):
            if mask & stages:
                outcome: Outcome = {}
                run(self.view, self.now_us, stages, outcome)
                if self.settled(lifecycle, outcome):
                    mask |= paths.get(f"stage:{lifecycle.definition.id}", 0)
        if manual:
            for name in self.rules.manual:
                if self.decide(name, holds=name in self.profile.manual):
                    mask |= paths.get(f"segment:{name}", 0)
        for level in self.rules.levels:
            if mask & level:
                outcome = {}
                run(self.view, self.now_us, mask & level, outcome)
                mask |= self.decided(outcome, paths)
        self.profile.wake_us = 0 if self.wake_us == NEVER else self.wake_us

    def settled(self, lifecycle: Lifecycle, outcome: Outcome) -> bool:
        holds = {name: value is True for name, (value, _) in outcome.items()}
        self.wake_us = min(self.wake_us, *(due for _, due in outcome.values()))
        moves = settle(self.profile, lifecycle, holds, self.now_us, self.cause)
        self.emits += moves
        return bool(moves)

    def decided(self, outcome: Outcome, paths: Mapping[str, int]) -> int:
        """Conditions to look at again because a segment they ask for changed."""
        mask, wake_us = 0, self.wake_us
        memberships = self.profile.memberships
        for name, (value, due) in outcome.items():
            if due != NEVER:
                wake_us = min(wake_us, due)
            if value is not (name in memberships) and self.decide(name, holds=value is True):
                mask |= paths.get(f"segment:{name}", 0)
        self.wake_us = min(self.wake_us, wake_us)
        return mask

    def decide(self, name: str, *, holds: bool) -> bool:
        held = self.profile.memberships.get(name)
        if holds == (held is not None):
            return False
        if held is None:
            self.enter(name)
            return True
        stays_until = held.since_us + self.rules.min_stay_us.get(name, 0)
        if stays_until > self.now_us:
            self.wake_us = min(self.wake_us, stays_until)
            return False
        self.leave(name, held)
        return True

    def enter(self, name: str) -> None:
        self.profile.memberships[name] = Membership(self.now_us, self.cause)
        self.emits.append(self.emit("entered", name, self.now_us))

    def leave(self, name: str, held: Membership) -> None:
        del self.profile.memberships[name]
        self.emits.append(self.emit("left", name, held.since_us))

    def emit(self, direction: str, name: str, since_us: int) -> Emit:
        """Keyed by segment, person, instant and direction (segments S1)."""
        person = self.profile.person
        return Emit(
            key=f"segment/{name}/{person}/{self.now_us}/{direction}",
            name=f"segment.{direction}",
            person=person,
            at_us=self.now_us,
            properties={"segment": name, "since_us": since_us, "cause": self.cause},
        )


def _lifecycle(bound: Bound, definition: LifecycleDefinition) -> Lifecycle:
    rules = tuple(
        StageRule(stage, f"{definition.id}/{stage.stage}", typed.text)
        for stage, typed in bound.lifecycles[definition.id]
    )
    return Lifecycle(definition, rules)
