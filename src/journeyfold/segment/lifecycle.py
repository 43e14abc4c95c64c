"""Stages of a lifecycle: the first rule that holds from here wins, until nothing moves (S3)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from journeyfold.core.effect import Emit
from journeyfold.core.profile import Profile, StageAt
from journeyfold.segment.definition import LifecycleDefinition, Stage


class StageRule(msgspec.Struct, frozen=True):
    """A stage with the id of its condition in the evaluator and its canonical text."""

    stage: Stage
    condition: str
    text: str


class Lifecycle(msgspec.Struct, frozen=True):
    definition: LifecycleDefinition
    rules: tuple[StageRule, ...]


def settle(
    profile: Profile, lifecycle: Lifecycle, holds: Mapping[str, bool], now_us: int, cause: str
) -> list[Emit]:
    """Moves the person through the stages; each at most once per instant, so it ends."""
    name = lifecycle.definition.id
    held = profile.stages.get(name)
    if held is None:
        held = profile.stages[name] = StageAt(lifecycle.definition.initial, now_us)
    visited = {held.stage}
    moves: list[Emit] = []
    while True:
        rule = _winner(lifecycle, held.stage, holds)
        if rule is None or rule.stage.stage in visited:
            return moves
        moves.append(_changed(profile.person, name, held.stage, rule, now_us, cause))
        held = profile.stages[name] = StageAt(rule.stage.stage, now_us)
        visited.add(held.stage)


def _winner(lifecycle: Lifecycle, current: str, holds: Mapping[str, bool]) -> StageRule | None:
    for rule in lifecycle.rules:
        origins = rule.stage.origins
        if (origins is None or current in origins) and holds[rule.condition]:
            return rule
    return None


def _changed(
    person: str, name: str, current: str, rule: StageRule, now_us: int, cause: str
) -> Emit:
    target = rule.stage.stage
    return Emit(
        key=f"stage/{name}/{person}/{now_us}/{target}",
        name="stage.changed",
        person=person,
        at_us=now_us,
        properties={
            "lifecycle": name,
            "from": current,
            "to": target,
            "because": rule.text,
            "cause": cause,
        },
    )
