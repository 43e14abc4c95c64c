"""The journeys of a project: their conditions typed, their names followed, their engine put up.

`journey` knows nothing of segments, traits or consent; what its gates ask of a person is answered
here, from the same readers the conditions use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from journeyfold.core.condition import Place
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import (
    ANY,
    BOOL,
    FLOAT,
    NUMBERS,
    STRING,
    TIMESTAMP,
    Scope,
    Type,
    object_of,
)
from journeyfold.core.condition_typed import Typed
from journeyfold.core.condition_types import check as check_condition
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.journey.check import findings
from journeyfold.journey.conditions import Asked, Path, condition_id, conditions_of
from journeyfold.journey.control import ASKED
from journeyfold.journey.definition import Journey
from journeyfold.journey.program import version_of
from journeyfold.journey.step import Send, Step
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.reached import misdirected, unstaged


def journey_conditions(
    project: Project, scope: Scope
) -> Iterator[tuple[str, str, Path, Typed | ProjectError]]:
    """(condition id, journey, path in its file, its type or what is wrong with it)."""
    for name, journey in project.journeys.items():
        version, entry, kept = version_of(journey), _entry_type(journey, scope), _kept(journey)
        for asked in conditions_of(journey):
            placed = _placed(scope, asked, entry, kept)
            found: Typed | ProjectError
            try:
                found = _typed(asked, placed)
            except ProjectError as error:
                found = error
            yield condition_id(name, version, asked.path), name, asked.path, found


def journey_problems(project: Project, event_names: Iterable[str]) -> Iterator[Problem]:
    """What is wrong with the steps, and every name that names nothing."""
    events = sorted(event_names)
    for name, journey in project.journeys.items():
        for finding in findings(journey):
            yield project.problem(
                "journey", name, finding.path, finding.code, finding.message, finding.suggestion
            )
        for path, what, word, known in _names(project, journey, events):
            if word not in known:
                message = f"unknown {what} '{word}'"
                yield project.problem(
                    "journey", name, path, "P130", message, did_you_mean(word, known)
                )
        for path, message, advice in unstaged(project.lifecycles, journey):
            yield project.problem("journey", name, path, "P167", message, advice)
        for path, message, advice in misdirected(project.destinations, journey):
            yield project.problem("journey", name, path, "P166", message, advice)


def _typed(asked: Asked, scope: Scope) -> Typed:
    parsed = parse(asked.text, Place("journey"))
    if asked.expect in (BOOL, TIMESTAMP):
        return check_condition(parsed, scope, asked.expect)
    typed = check_condition(parsed, scope, None)
    if asked.expect == FLOAT and typed.type.name not in NUMBERS:
        problem = parsed.problem(
            parsed.node, "J110", f"a value is a number, this is {typed.type}",
            "cast it: as_float(...)" if typed.type == ANY else "",
        )  # fmt: skip
        raise ProjectError([problem])
    return typed


def _placed(scope: Scope, asked: Asked, entry: Type, kept: Type) -> Scope:
    """`properties` are there where a record is, `entry` where an instance is (J2, J4)."""
    has_record = asked.event is not None
    if asked.has_entry:
        place = "step_record" if has_record else "step"
    else:
        place = "record" if has_record else "segment"
    properties = scope.events.get(asked.event or "", Type("object", fields=()))
    if asked.event == ASKED:  # whatever the caller of the API says
        properties = Type("object")
    return msgspec.structs.replace(
        scope, place=place, properties=properties, entry=entry, vars=kept
    )


def _kept(journey: Journey) -> Type:
    """What its steps save: any value under the names they save it by."""
    saved = [step.decide.save for step in journey.steps if step.decide is not None]
    saved += [
        step.webhook.reply.save
        for step in journey.steps
        if step.webhook is not None and step.webhook.reply is not None
    ]
    return object_of(dict.fromkeys(saved, ANY))


def _entry_type(journey: Journey, scope: Scope) -> Type:
    """Properties all entry events declare alike; what they disagree on is `any`."""
    found: dict[str, Type] = {}
    for entry in journey.entry:
        declared = scope.events.get(entry.event or "")
        for key, kind in (declared.fields or ()) if declared is not None else ():
            found[key] = kind if found.get(key, kind) == kind else ANY
    properties = object_of(found)
    return object_of(
        {"id": STRING, "name": STRING, "occurred": TIMESTAMP, "properties": properties}
    )


_Named = tuple[Path, str, str, Iterable[str]]


def _names(project: Project, journey: Journey, events: list[str]) -> Iterator[_Named]:
    yield from _of_entries(project, journey, events)
    purposes = project.settings.privacy.known
    if journey.policy.purpose is not None:
        yield ("policy", "purpose"), "purpose", journey.policy.purpose, purposes
    caps = project.settings.contact.messages
    for at, cap in enumerate(journey.policy.caps):
        yield ("policy", "caps", at), "cap", cap, caps
    for at, each in enumerate(journey.exit):
        if each.event is not None:
            yield ("exit", at, "event"), "event", each.event, events
    if journey.goal is not None:
        yield ("goal", "event"), "event", journey.goal.event, events
    for at, step in enumerate(journey.steps):
        yield from _of_step(project, step, ("steps", at), events)


def _of_step(project: Project, step: Step, path: Path, events: list[str]) -> Iterator[_Named]:
    if step.wait_for is not None:
        for index, awaited in enumerate(step.wait_for.events):
            yield (*path, "wait_for", "any", index, "event"), "event", awaited.event, events
        if step.wait_for.reset_on is not None:
            yield (*path, "wait_for", "reset_on"), "event", step.wait_for.reset_on, events
    if step.decide is not None:
        where = (*path, "decide", "placement")
        yield where, "placement", step.decide.placement, project.placements
    if step.send is not None:
        yield from _of_send(project, step.send, (*path, "send"))
    if step.webhook is not None:
        where, named = (*path, "webhook"), step.webhook
        yield (*where, "destination"), "destination", named.destination, project.destinations
        if named.payload is not None:
            known = sorted(name.removesuffix(".liquid") for name in project.templates)
            yield (*where, "payload"), "template", named.payload, known


def _of_send(project: Project, send: Send, path: Path) -> Iterator[_Named]:
    if send.destination is not None:
        yield (*path, "destination"), "destination", send.destination, project.destinations
    if send.purpose is not None:
        yield (*path, "purpose"), "purpose", send.purpose, project.settings.privacy.known
    for index, cap in enumerate(send.caps or ()):
        yield (*path, "caps", index), "cap", cap, project.settings.contact.messages
    if send.by_stage:
        lifecycle = send.by_stage.get("lifecycle") or ""
        yield (*path, "by_stage", "lifecycle"), "lifecycle", lifecycle, project.lifecycles
    for where, template in _templates(send.template, send.by_stage):
        yield (*path, *where), "template", template, project.messages


def _templates(
    template: str | None, by_stage: Mapping[str, str | None]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if template is not None:
        yield ("template",), template
    for stage, named in by_stage.items():
        if stage != "lifecycle" and named is not None:
            yield ("by_stage", stage), named


def _of_entries(project: Project, journey: Journey, events: list[str]) -> Iterator[_Named]:
    for at, entry in enumerate(journey.entry):
        if entry.event is not None:
            yield ("entry", at, "event"), "event", entry.event, events
        if entry.segment is not None:
            yield ("entry", at, "segment", "id"), "segment", entry.segment.id, project.segments
        if entry.stage is not None:
            path = ("entry", at, "stage", "lifecycle")
            yield path, "lifecycle", entry.stage.lifecycle, project.lifecycles
            lifecycle = project.lifecycles.get(entry.stage.lifecycle)
            if lifecycle is not None:
                stages = [lifecycle.initial, *(stage.stage for stage in lifecycle.stages)]
                yield ("entry", at, "stage", "to"), "stage", entry.stage.to, stages
        if entry.schedule is not None:
            path = ("entry", at, "schedule", "audience")
            yield path, "segment", entry.schedule.audience, project.segments
