"""Who is in which segment, to the instant: the last stage of the fold over one person.

Lifecycles settle first, then segments level by level, because a segment may ask for another. Only
conditions that the record can reach are evaluated; time is a record too (segments C18-C20, S1-S3).
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.core.aggregate import NEVER
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_compile import Evaluator, Outcome, compile_conditions
from journeyfold.core.condition_eval import View
from journeyfold.core.effect import Emit
from journeyfold.core.profile import Membership, Profile, StageAt
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
        slots = (*self.evaluator.names, *self.manual)
        self.slots = {name: slot for slot, name in enumerate(slots)}
        self.manual_bits = sum(1 << self.slots[name] for name in self.manual)
        self.beside_levels = self.manual_bits  # what settles before segments do
        for stages in self.stage_masks:
            self.beside_levels |= stages
        self.event_masks = {  # event name → what a record of it reaches, beside its traits
            path.removeprefix("event:"): mask
            for path, mask in self.evaluator.paths.items()
            if path.startswith("event:")
        }
        self._always = self.evaluator.all  # what a new person is to be asked in any case

    def meet_nobody(self, view: View) -> None:
        """Learn from a blank person what is false for everyone new and stays so by itself.

        Of somebody nobody has heard of, only the rest is evaluated and what their first record
        reaches. To be repeated when anything but people changes: cut points, defaults of consent.
        """
        outcome = self.evaluator.evaluate(view, 0)
        names = self.evaluator.names
        awake = {name for name in names if outcome[name] != (False, NEVER)}
        always = self.evaluator.mask(awake)
        for lifecycle, stages in zip(self.lifecycles, self.stage_masks, strict=True):
            holds = {rule.condition: outcome[rule.condition][0] is True for rule in lifecycle.rules}
            stays = not settle(Profile(person=""), lifecycle, holds, 0, "event")
            if stays and all(outcome[rule.condition][1] == NEVER for rule in lifecycle.rules):
                always &= ~stages
            else:
                always |= stages
        self._always = always

    def evaluate_person(
        self,
        profile: Profile,
        view: View,
        now_us: int,
        touched: Iterable[str] | None,
        cause: str = "event",
        *,
        is_new: bool = False,
    ) -> list[Emit]:
        """Brings memberships, stages and the wake up to this instant; returns what changed.

        `touched` None evaluates everything: after a merge, a new definition or new cut points. So
        does the first call for a person: `count(…) == 0` holds for somebody nobody has heard of.
        `is_new`: there is nothing in the profile but what `touched` names.
        """
        if touched is None:
            return self.evaluate_reached(profile, view, now_us, -1, cause)
        mask = self.reached(touched)
        return self.evaluate_reached(profile, view, now_us, mask, cause, is_new=is_new)

    def reached(self, touched: Iterable[str]) -> int:
        """The conditions that these inputs reach, as a mask."""
        mask, paths = 0, self.evaluator.paths
        for path in touched:
            mask |= self.manual_bits if path == "manual" else paths.get(path, 0)
        return mask

    def evaluate_reached(
        self,
        profile: Profile,
        view: View,
        now_us: int,
        mask: int,
        cause: str = "event",
        *,
        is_new: bool = False,
    ) -> list[Emit]:
        """As `evaluate_person`, for those who know the mask; -1 evaluates everything."""
        is_known = profile.clock_us and len(profile.dues) == len(self.slots)
        profile.clock_us = now_us
        if mask < 0 or not (is_known or is_new):
            return _Evaluation(self, profile, view, now_us, cause).everything()
        if is_new:
            profile.dues = [0] * len(self.slots)
            mask |= self._always
            for lifecycle in self.lifecycles:
                initial = lifecycle.definition.initial
                profile.stages[lifecycle.definition.id] = StageAt(initial, now_us)
        if 0 < profile.wake_us <= now_us:
            for slot, due_us in enumerate(profile.dues):
                if 0 < due_us <= now_us:
                    mask |= 1 << slot
        if mask & self.beside_levels:
            return _Evaluation(self, profile, view, now_us, cause).evaluate(mask)
        return self.evaluate_levels(profile, view, now_us, mask, cause) if mask else []

    def evaluate_levels(
        self,
        profile: Profile,
        view: View,
        now_us: int,
        mask: int,
        cause: str,
        begun: _Evaluation | None = None,
    ) -> list[Emit]:
        """Segments of a mask, and those that ask for what changed by them; then the wake."""
        dues, memberships = profile.dues, profile.memberships
        decide = self.evaluator.decide
        changed: list[str] = []
        for level in self.levels:
            if mask & level:
                decide(view, now_us, mask & level, dues, memberships, changed)
                if changed:
                    begun = begun or _Evaluation(self, profile, view, now_us, cause)
                    mask |= begun.changed(changed)
                    changed = []
        profile.wake_us = min(filter(None, dues), default=0)
        return begun.emits if begun else []

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

    __slots__ = ("cause", "dues", "emits", "now_us", "profile", "rules", "view")

    def __init__(
        self, rules: Segmentation, profile: Profile, view: View, now_us: int, cause: str
    ) -> None:
        self.rules, self.profile, self.view = rules, profile, view
        self.now_us, self.cause = now_us, cause
        self.emits: list[Emit] = []
        self.dues = profile.dues

    def everything(self) -> list[Emit]:
        self.dues = self.profile.dues = [0] * len(self.rules.slots)
        for name in sorted(self.profile.memberships.keys() - self.rules.known):
            self.leave(name, self.profile.memberships[name])
        return self.evaluate(self.rules.evaluator.all | self.rules.manual_bits)

    def evaluate(self, mask: int) -> list[Emit]:
        """Lifecycles, lists, then the levels of segments."""
        rules = self.rules
        paths, run = rules.evaluator.paths, rules.evaluator.run
        for lifecycle, stages in zip(rules.lifecycles, rules.stage_masks, strict=True):
            if mask & stages:
                outcome: Outcome = {}
                run(self.view, self.now_us, stages, outcome)
                if self.settled(lifecycle, outcome):
                    mask |= paths.get(f"stage:{lifecycle.definition.id}", 0)
        if mask & rules.manual_bits:
            for name in rules.manual:
                self.dues[rules.slots[name]] = 0
                if self.decide(name, holds=name in self.profile.manual):
                    mask |= paths.get(f"segment:{name}", 0)
        return rules.evaluate_levels(
            self.profile, self.view, self.now_us, mask, self.cause, begun=self
        )

    def changed(self, names: list[str]) -> int:
        """Conditions to look at again because a segment they ask for changed."""
        mask, memberships = 0, self.profile.memberships
        paths = self.rules.evaluator.paths
        for name in names:
            if self.decide(name, holds=name not in memberships):
                mask |= paths.get(f"segment:{name}", 0)
        return mask

    def settled(self, lifecycle: Lifecycle, outcome: Outcome) -> bool:
        dues, slots = self.dues, self.rules.slots
        holds = {}
        for name, (value, due_us) in outcome.items():
            dues[slots[name]] = due_us if due_us != NEVER else 0
            holds[name] = value is True
        moves = settle(self.profile, lifecycle, holds, self.now_us, self.cause)
        self.emits += moves
        return bool(moves)

    def decide(self, name: str, *, holds: bool) -> bool:
        held = self.profile.memberships.get(name)
        if holds == (held is not None):
            return False
        if held is None:
            self.enter(name)
            return True
        stays_until = held.since_us + self.rules.min_stay_us.get(name, 0)
        if stays_until > self.now_us:
            slot = self.rules.slots[name]
            self.dues[slot] = min(self.dues[slot] or stays_until, stays_until)
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
