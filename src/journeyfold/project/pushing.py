"""Placements that are decided in open pages when a segment is entered (decisions W4)."""

from __future__ import annotations

from journeyfold.core.effect import Deliver, Emit
from journeyfold.project.model import Project

PUSH = "stream"  # the destination of a trigger: open pages of the person


def pushes_of(project: Project) -> dict[str, list[str]]:
    """Segment → placements that entering it triggers."""
    found: dict[str, list[str]] = {}
    for name, placement in project.placements.items():
        if placement.push and placement.trigger is not None:
            found.setdefault(placement.trigger.entered, []).append(name)
    return found


def push_of(emit: Emit, placement: str) -> Deliver:
    return Deliver(
        key=f"push/{placement}/{emit.key}", destination=PUSH, person=emit.person,
        due_us=emit.at_us, purpose="personalization",
        payload={"placement": placement, "segment": emit.properties["segment"]},
    )  # fmt: skip
