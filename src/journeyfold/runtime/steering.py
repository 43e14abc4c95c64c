"""Journeys from the command line: how they stand, who is where in them, commands, and why.

A command is a record appended to the log; `work` folds it like any other (journeys E62).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from journeyfold.core.errors import UsageError
from journeyfold.core.event import Record
from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import Entry, StateReader
from journeyfold.core.profile import Instance, Profile
from journeyfold.journey.control import LIVE, Action, CatchUp, Move, command
from journeyfold.journey.migrate import moves
from journeyfold.journey.program import Program, version_of
from journeyfold.project.compile import compile_project
from journeyfold.project.definitions import Standing, files_at, standing_of
from journeyfold.project.figures import JourneyFigures, counted_journeys, journey_figures
from journeyfold.project.journeying import is_unknown_zone
from journeyfold.project.load import load
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.people import decode_profile
from journeyfold.project.reports import Explanation, JourneyReport, JourneyRow, Reason, StepRow
from journeyfold.runtime.explaining import Look
from journeyfold.runtime.workspace import Workspace

BY = "command line"
_TOLD = 200  # lines of a trace


def listed(workspace: Workspace) -> list[JourneyRow]:
    """Journeys of the project in force, by id."""
    project = workspace.project_in_force()
    with _reading(workspace) as (reader, standing):
        running = _running(reader)
        return [
            _row(standing, project, name, running.get(name, Counter()))
            for name in sorted(project.journeys)
        ]


def shown(workspace: Workspace, journey: str) -> JourneyReport:
    """How it stands, and how many people are at each step of each version."""
    project = workspace.project_in_force()
    _require(project, journey)
    traits = compile_project(project).traits
    with _reading(workspace) as (reader, standing):
        people = _running(reader).get(journey, Counter())
        unknown = sum(
            is_unknown_zone(traits(profile).get("timezone")) for profile in _inside(reader, journey)
        )
    steps = [StepRow(version, step, n) for (version, step), n in sorted(people.items())]
    definition = project.journeys[journey]
    order = {step.id: at for at, step in enumerate(definition.steps)}
    steps.sort(key=lambda row: (row.version, order.get(row.step, len(order))))
    return JourneyReport(_row(standing, project, journey, people), tuple(steps), unknown)


def reported(workspace: Workspace, journey: str) -> JourneyFigures:
    """What the fold has counted; also of a journey that is not in the project any more."""
    with _reading(workspace) as (reader, _):
        if journey not in counted_journeys(reader):
            _require(workspace.project_in_force(), journey)
        return journey_figures(reader, journey)


def control(workspace: Workspace, journey: str, action: Action, catch_up: CatchUp) -> int:
    """Append the command; its offset."""
    _require(workspace.project_in_force(), journey)
    now_us = workspace.clock.now_us()
    said = command(action, journey, now_us, BY, catch_up=catch_up)
    (fate,) = workspace.log.append([Entry(event=said, kind="journey")], now_us=now_us)
    return fate.offset


def planned_moves(workspace: Workspace, journey: str) -> dict[str, list[Move]]:
    """Older version → what a migration would do to the people at its steps."""
    project = workspace.project_in_force()
    _require(project, journey)
    with _reading(workspace) as (reader, standing):
        people = _running(reader).get(journey, Counter())
    new = compile_project(project).programs[journey]
    found: dict[str, list[Move]] = {}
    for old in _older(workspace, standing, journey):
        at = {step: n for (version, step), n in people.items() if version == old.version}
        if at:
            found[old.version] = moves(old, new, at)
    return found


def why_journey(workspace: Workspace, look: Look, who: str, journey: str) -> Explanation:
    """Where somebody is in a journey, since when and why, and how they came there."""
    profile = look.profile(who)
    mine = [each for each in profile.journeys if each.journey == journey]
    trace = [
        Reason(_said(record), record.appended_us, record.offset)
        for record in workspace.log.history(
            look.resolver.nodes_of(profile.person), upto=look.offset
        )
        if record.event.properties.get("journey") == journey
    ]
    if not mine and not trace:
        _require(look.compiled.project, journey)
    running = [each for each in mine if not each.ended_us]
    answer = "; ".join(_where(each) for each in running or mine[-1:]) or "never entered, or left"
    return Explanation(
        f"{profile.person} in {journey}: {answer}", tuple(trace[-_TOLD:]), look.offset
    )


def _where(instance: Instance) -> str:
    key = f" (key {instance.key})" if instance.key else ""
    if instance.ended_us:
        return f"left at {instance.step}: {instance.reason}, {rfc3339(instance.ended_us)}{key}"
    held = f", held back by {instance.held}" if instance.held else ""
    until = f", until {rfc3339(instance.due_us)}" if instance.due_us else ""
    since = rfc3339(instance.at_us)
    return f"at {instance.step} since {since}{held}{until}, version {instance.version}{key}"


_WORDS = ("step", "reason", "gate", "detail", "until", "arm", "came_from", "to")


def _said(record: Record) -> str:
    told = record.event.properties
    words = [f"{name} {told[name]}" for name in _WORDS if told.get(name)]
    return ": ".join(filter(None, (record.event.name, ", ".join(words))))


def _row(
    standing: Standing, project: Project, name: str, people: Mapping[tuple[str, str], int]
) -> JourneyRow:
    stands, definition = standing.controls.get(name, LIVE), project.journeys[name]
    return JourneyRow(
        id=name, version=version_of(definition), status=stands.status, since_us=stands.since_us,
        by=stands.by, running=sum(people.values()), title=definition.title,
    )  # fmt: skip


def _running(reader: StateReader) -> dict[str, Counter[tuple[str, str]]]:
    """Journey → (version, step) → people's runs now."""
    found: dict[str, Counter[tuple[str, str]]] = {}
    for _, raw in reader.scan("profile"):
        for each in decode_profile(raw).journeys:
            if not each.ended_us:
                found.setdefault(each.journey, Counter())[each.version, each.step] += 1
    return found


def _inside(reader: StateReader, journey: str) -> Iterator[Profile]:
    """Everybody who is in a journey."""
    for _, raw in reader.scan("profile"):
        profile = decode_profile(raw)
        if any(each.journey == journey and not each.ended_us for each in profile.journeys):
            yield profile


def _older(workspace: Workspace, standing: Standing, journey: str) -> Iterator[Program]:
    for name, pin in standing.pinned.items():
        of, _, version = name.partition("@")
        if of == journey:
            program = compile_project(load(files_at(workspace.log, pin.offset))).programs[of]
            assert program.version == version, "a pin names a project that has the version"
            yield program


def _require(project: Project, journey: str) -> None:
    if journey not in project.journeys:
        hint = did_you_mean(journey, project.journeys) or "journeys/ has none"
        raise UsageError(f"there is no journey '{journey}'; {hint}")


@contextmanager
def _reading(workspace: Workspace) -> Iterator[tuple[StateReader, Standing]]:
    """The last commit of `work`, and what it knows of definitions."""
    state = workspace.read_state()
    try:
        with state.read() as reader:
            yield reader, standing_of(reader)
    finally:
        state.close()
