"""What stands for `vars` in a preview: a message shown outside of a run has none of its own.

Each name that a send of the message gives, or that a step before it saves, stands for itself in
brackets; what a decision or an answer saves is an object without fields. Nothing is guessed, so
nobody takes it for what a person would read.
"""

from __future__ import annotations

from collections.abc import Iterator

from journeyfold.core.event import Json
from journeyfold.journey.definition import Journey
from journeyfold.journey.step import Send
from journeyfold.project.model import Project


def stands_for_vars(project: Project, template: str) -> dict[str, Json]:
    """Empty for a message that no journey sends."""
    found: dict[str, Json] = {}
    for _, journey in sorted(project.journeys.items()):
        sends = [step.send for step in journey.steps if step.send is not None]
        meant = [send for send in sends if template in templates_of(send)]
        if meant:
            found |= {name: {} for name in _saved(journey)}
            found |= {name: f"[{name}]" for send in meant for name in send.vars}
    return found


def templates_of(send: Send) -> set[str]:
    """The one it names, or those it picks from by stage."""
    by_stage = {each for stage, each in send.by_stage.items() if stage != "lifecycle" and each}
    return by_stage | ({send.template} if send.template else set())


def _saved(journey: Journey) -> Iterator[str]:
    for step in journey.steps:
        if step.decide is not None:
            yield step.decide.save
        if step.webhook is not None and step.webhook.reply is not None:
            yield step.webhook.reply.save
