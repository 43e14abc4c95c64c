"""People of an older version who go over to the new one (journeys E61).

A step goes to the one `migrate` names, else to the one of its own name. It must be of the same
kind: who waits goes on waiting, and the due is counted anew from the instant they reached the step.
Who stands where no step of the new version fits stays in the version they are in.
"""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.profile import Instance
from journeyfold.journey.control import Move
from journeyfold.journey.program import Program
from journeyfold.journey.turn import Turn
from journeyfold.journey.walk import Walk


def moves(old: Program, new: Program, people: Mapping[str, int]) -> list[Move]:
    """For everybody at a step of the old version, in its order; `people` are those per step."""
    found = []
    for step in old.steps:
        if people.get(step):
            to, why = target_of(old, new, step)
            found.append(Move(step, people[step], to, why))
    return found


def target_of(old: Program, new: Program, step: str) -> tuple[str, str]:
    """(the step of the new version or nothing, why there is none)."""
    to = new.definition.migrate.get(step, step)
    if to not in new.steps:
        return "", f"the new version has no step '{to}', and `migrate` names no other"
    was, becomes = old.steps[step].kind, new.steps[to].kind
    if was != becomes:
        return "", f"'{to}' is a {becomes}, not a {was}"
    return to, ""


def migrate(turn: Turn, old: Program, new: Program, instance: Instance, walk: Walk) -> None:
    """Take one running instance over, if its step has a place in the new version."""
    to, why = target_of(old, new, instance.step)
    if not to:
        turn.note(old, instance.step, f"stays in version {old.version}: {why}")
        return
    came_from = instance.step
    named = new.definition.migrate
    instance.version, instance.step = new.version, to
    instance.visits = _renamed(instance.visits, named)
    instance.arms = {named.get(step, step): arm for step, arm in instance.arms.items()}
    instance.lines = {named.get(step, step): line for step, line in instance.lines.items()}
    instance.until_us = instance.entered_us + new.age_us
    turn.note(new, to, f"moves from version {old.version}")
    turn.emit(
        new, "journey.moved", f"{instance.id}/moved/{old.version}/{new.version}/{turn.now_us}",
        instance=instance.id, came_from=old.version, step=came_from, to=to,
    )  # fmt: skip
    walk.count_anew(turn, new, instance)


def _renamed(visits: Mapping[str, int], named: Mapping[str, str]) -> dict[str, int]:
    """Two steps that become one were visited as often as the one that was visited more."""
    found: dict[str, int] = {}
    for step, times in visits.items():
        name = named.get(step, step)
        found[name] = max(found.get(name, 0), times)
    return found
