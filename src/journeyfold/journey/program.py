"""One version of a journey, ready to run: targets resolved, durations counted, conditions masked.

A version is the first 12 hex digits of SHA-256 over the canonical JSON of the definition, so
comments and layout make no version and two installations agree on its name (journeys E60).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

import msgspec

from journeyfold.core.condition_compile import Evaluator
from journeyfold.core.condition_eval import View
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, duration_us
from journeyfold.journey.conditions import Path, condition_id, conditions_of
from journeyfold.journey.definition import Entry, Exit, Journey
from journeyfold.journey.step import Step

AGE_US = 90 * DAY_US  # an instance without `after` ends then (E7)
LATE_KEPT_US = 7 * DAY_US  # how long an ended instance still hears of a goal that came late
END = ""  # the target behind the last step
_CANONICAL = msgspec.json.Encoder(order="sorted")


def version_of(journey: Journey) -> str:
    return sha256(_CANONICAL.encode(journey)).hexdigest()[:12]


@lru_cache(maxsize=1_000)
def length_us(text: str) -> int:
    """A duration whose shape was checked; `-3d` for the offset of a wait."""
    length = duration_us(text.removeprefix("-"))
    assert length is not None, "the pattern of Duration admits durations only"
    return -length if text.startswith("-") else length


class Program:
    """Immutable. `ask` evaluates one of its conditions for a view."""

    def __init__(self, journey: Journey, evaluator: Evaluator) -> None:
        self.definition, self.id = journey, journey.journey
        self.version = version_of(journey)
        self.steps: Mapping[str, Step] = {step.id: step for step in journey.steps}
        self.kinds = {step.id: step.kind for step in journey.steps}
        self.first = journey.steps[0].id
        following = [step.id for step in journey.steps[1:]] + [END]
        self.after = {
            step.id: step.goto or behind
            for step, behind in zip(journey.steps, following, strict=True)
        }
        self.places = {step.id: at for at, step in enumerate(journey.steps)}
        self.behind = dict(zip(self.steps, following, strict=True))
        self.sends = frozenset(step.id for step in journey.steps if step.send or step.webhook)
        self.priority = journey.policy.priority
        self.max_event_age_us = length_us(journey.max_event_age)
        ages = [length_us(each.after) for each in journey.exit if each.after is not None]
        self.age_us = min(ages, default=AGE_US)
        self.age_reason = next(
            (each.reason for each in journey.exit if each.after and each.reason), "timeout"
        )
        self.goal_us = length_us(journey.goal.within) if journey.goal else 0
        self.longest_us = self.age_us + self.goal_us + LATE_KEPT_US
        self.exits: tuple[tuple[int, Exit], ...] = tuple(enumerate(journey.exit))
        self.whens = tuple(
            (("exit", at, "when"), each) for at, each in self.exits if each.when is not None
        )  # exits by a condition, with the paths of those
        self.events = frozenset(_events(journey))
        self._run = evaluator.run
        self._asked = {
            asked.path: (name, evaluator.mask([name]))
            for asked in conditions_of(journey)
            if (name := condition_id(self.id, self.version, asked.path))
        }
        self.hears = self._inputs(evaluator.paths) | {f"event:{name}" for name in self.events}

    def _inputs(self, paths: Mapping[str, int]) -> frozenset[str]:
        """What the conditions of its exits depend on, as paths of `condition_compile.inputs_of`."""
        mask = 0
        for path, _ in self.whens:
            mask |= self._asked[path][1]
        return frozenset(path for path, of in paths.items() if of & mask)

    def ask(self, path: Path, view: View, now_us: int) -> tuple[Json, int]:
        """(value, next instant it may change by itself, or NEVER); null is false at the top."""
        name, mask = self._asked[path]
        outcome: dict[str, tuple[Json, int]] = {}
        self._run(view, now_us, mask, outcome)
        return outcome[name]

    def holds(self, path: Path, view: View, now_us: int) -> bool:
        """True as well where nothing is asked."""
        return path not in self._asked or self.ask(path, view, now_us)[0] is True


Versions = Mapping[tuple[str, str], Program]
"""(journey, version) → program: those in force and those somebody is still in."""


def key_path(at: int) -> Path:
    return ("entry", at, "key")


def entries_by(journeys: Mapping[str, Program]) -> dict[tuple[str, str], list[tuple[Program, int]]]:
    """What somebody can come in by → (program, which of its entries), in order of turn (E4)."""
    found: dict[tuple[str, str], list[tuple[Program, int]]] = {}
    for program in sorted(journeys.values(), key=lambda each: (-each.priority, each.id)):
        for at, entry in enumerate(program.definition.entry):
            found.setdefault(cause_of(entry, program.id), []).append((program, at))
    return found


def opposites(journeys: Mapping[str, Program]) -> dict[tuple[str, str], list[tuple[str, int]]]:
    """Edge of a segment → entries (journey, which) that wait for the other edge to hold."""
    found: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for program in journeys.values():
        for at, entry in enumerate(program.definition.entry):
            if entry.segment is not None and length_us(entry.segment.min_dwell):
                edge = "left" if entry.segment.edge == "entered" else "entered"
                found.setdefault((edge, entry.segment.id), []).append((program.id, at))
    return found


def cause_of(entry: Entry, journey: str) -> tuple[str, str]:
    if entry.event is not None:
        return "event", entry.event
    if entry.segment is not None:
        return entry.segment.edge, entry.segment.id
    if entry.stage is not None:
        return "stage", f"{entry.stage.lifecycle}/{entry.stage.to}"
    return "asked", journey


def _events(journey: Journey) -> set[str]:
    """Names of events a running instance listens to."""
    names = {each.event for each in journey.exit if each.event is not None}
    if journey.goal is not None:
        names.add(journey.goal.event)
    for step in journey.steps:
        if step.wait_for is not None:
            names |= {each.event for each in step.wait_for.events}
            if step.wait_for.reset_on is not None:
                names.add(step.wait_for.reset_on)
    return names
