"""The conditions of a journey: which text stands where, and what it may look at (journeys J2).

An id names a condition in the evaluator; a path leads to it in the YAML.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from journeyfold.core.condition_scope import ANY, BOOL, FLOAT, TIMESTAMP, Type
from journeyfold.journey.control import ASKED
from journeyfold.journey.definition import Journey
from journeyfold.journey.step import Step

Path = tuple[str | int, ...]


class Asked(msgspec.Struct, frozen=True):
    """`event` is the record's name where one is there, so that its properties have types.

    `has_entry`: an instance is there, so `entry` and `vars` may be read.
    """

    path: Path
    text: str
    expect: Type
    event: str | None = None
    has_entry: bool = True


def condition_id(journey: str, version: str, path: Path) -> str:
    return f"journey/{journey}@{version}/" + "/".join(str(part) for part in path)


def conditions_of(journey: Journey) -> Iterator[Asked]:
    """Every condition and expression of a journey, in the order of the file."""
    for at, entry in enumerate(journey.entry):
        event = ASKED if entry.api else entry.event
        if entry.where is not None:
            path: Path = ("entry", at, "where")
            yield Asked(path, entry.where, BOOL, event, has_entry=False)
        if entry.key is not None:
            yield Asked(("entry", at, "key"), entry.key, ANY, event, has_entry=False)
    if journey.filter is not None:
        yield Asked(("filter",), journey.filter, BOOL, has_entry=False)
    for at, each in enumerate(journey.exit):
        if each.where is not None:
            yield Asked(("exit", at, "where"), each.where, BOOL, each.event)
        if each.when is not None:
            yield Asked(("exit", at, "when"), each.when, BOOL)
    if journey.goal is not None:
        if journey.goal.where is not None:
            yield Asked(("goal", "where"), journey.goal.where, BOOL, journey.goal.event)
        if journey.goal.value is not None:
            yield Asked(("goal", "value"), journey.goal.value, FLOAT, journey.goal.event)
    for at, step in enumerate(journey.steps):
        yield from _of_step(step, ("steps", at))


def _of_step(step: Step, path: Path) -> Iterator[Asked]:
    if step.wait is not None and step.wait.at is not None:
        yield Asked((*path, "wait", "at"), step.wait.at, TIMESTAMP)
    if step.wait_for is not None:
        for at, awaited in enumerate(step.wait_for.events):
            if awaited.where is not None:
                where: Path = (*path, "wait_for", "any", at, "where")
                yield Asked(where, awaited.where, BOOL, awaited.event)
    for at, way in enumerate(step.branch or ()):
        if way.when is not None:
            yield Asked((*path, "branch", at, "if"), way.when, BOOL)
    if step.split is not None and step.split.by.startswith("traits."):
        yield Asked((*path, "split", "by"), step.split.by, ANY)
    if step.send is not None:
        for name, text in step.send.vars.items():
            yield Asked((*path, "send", "vars", name), text, ANY)
