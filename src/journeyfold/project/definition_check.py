"""Names inside identity, features, segments, lifecycles and placements that no condition reads.

Conditions have their own checker (`conditions.py`) and references between definitions theirs
(`references.py`); here are goals, objectives, ids, first stages and triggers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import ANY, FLOAT, INT, Scope, Type
from journeyfold.core.condition_types import check
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.decide.definition import Placement
from journeyfold.identity.blocked import BLOCKED
from journeyfold.identity.countries import COUNTRIES
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)


def definition_problems(
    project: Project, events: dict[str, Type], traits: Type
) -> Iterator[Problem]:
    """`events` are the types of properties by event, `traits` those of the identify schemas."""
    yield from _of_ids(project)
    yield from _of_identity(project)
    yield from _of_segments(project, sorted(events))
    yield from _of_stages(project)
    yield from _of_trait_policies(project, traits)
    for name, placement in project.placements.items():
        yield from _of_trigger(project, name, placement)
        yield from _of_objective(project, name, placement, events)


def _of_ids(project: Project) -> Iterator[Problem]:
    """Ids stand in addresses, in commands and in `why`."""
    ids: Iterable[tuple[str, str]] = [
        *(("segment", name) for name in project.segments),
        *(("lifecycle", name) for name in project.lifecycles),
    ]
    for kind, name in ids:
        if not _ID.fullmatch(name):
            better = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-") or "vip"
            yield project.problem(
                kind, name, ("id",), "P113",
                f"'{name}' is no id: letters, digits, `-` and `_`, at most 64",
                f"write '{better}'",
            )  # fmt: skip


def _of_identity(project: Project) -> Iterator[Problem]:
    """Either would have no effect, and nobody would hear of it."""
    rules = project.identity
    if rules.region is not None and rules.region not in COUNTRIES:
        yield project.documents["identity.yaml"].problem(
            ("region",), "P130", f"unknown country '{rules.region}'",
            suggestion="write two capital letters, as DE",
        )  # fmt: skip
    for position, value in enumerate(rules.unblock):
        if value not in BLOCKED:
            yield project.documents["identity.yaml"].problem(
                ("unblock", position), "P130", f"'{value}' is not blocked by default",
                suggestion=did_you_mean(value, BLOCKED),
            )  # fmt: skip


def _of_segments(project: Project, events: list[str]) -> Iterator[Problem]:
    kinds = [rule.name for rule in project.identity.kinds]
    for name, segment in project.segments.items():
        if segment.goal is not None and segment.goal.event not in events:
            yield project.problem(
                "segment", name, ("goal", "event"), "P130",
                f"unknown event '{segment.goal.event}'", did_you_mean(segment.goal.event, events),
            )  # fmt: skip
        if segment.identifier is not None and segment.identifier not in kinds:
            yield project.problem(
                "segment", name, ("identifier",), "P130",
                f"unknown kind of identifier '{segment.identifier}'",
                did_you_mean(segment.identifier, kinds),
            )  # fmt: skip


def _of_stages(project: Project) -> Iterator[Problem]:
    """A first stage without a rule is legal, and most often a slip."""
    for name, lifecycle in project.lifecycles.items():
        stages = [stage.stage for stage in lifecycle.stages]
        if lifecycle.initial not in stages:
            place = project.places["lifecycle", name]
            yield project.documents[place.file].problem(
                (*place.path, "initial"), "P130",
                f"nobody comes back to '{lifecycle.initial}': it is none of the stages",
                suggestion=did_you_mean(lifecycle.initial, stages), severity="hint",
            )  # fmt: skip


def _of_trait_policies(project: Project, traits: Type) -> Iterator[Problem]:
    """A trait that no schema declares may arrive all the same."""
    declared = traits.keys()
    for name in project.traits if declared else ():
        if name not in declared:
            place = project.places["trait", name]
            yield project.documents[place.file].problem(
                place.path, "P130", f"no schema declares the trait '{name}'",
                suggestion=did_you_mean(name, declared), on_key=True, severity="hint",
            )  # fmt: skip


def _of_trigger(project: Project, name: str, placement: Placement) -> Iterator[Problem]:
    if placement.trigger is not None and not placement.push:
        yield project.problem(
            "placement", name, ("trigger",), "P114",
            "a trigger tells pages to decide, which this placement does not allow",
            "add `push: true`",
        )  # fmt: skip


def _of_objective(
    project: Project, name: str, placement: Placement, events: dict[str, Type]
) -> Iterator[Problem]:
    """What a success is worth: a number in the properties of its event."""
    objective = placement.objective
    if objective is None or objective.value is None or objective.event not in events:
        return
    place = project.places["placement", name]
    document = project.documents[place.file]
    path = (*place.path, "objective", "value")
    scope = Scope(place="where", properties=events[objective.event])
    try:
        typed = check(parse(objective.value), scope, None)
    except ProjectError as error:
        for problem in error.problems:
            yield document.problem(
                path, problem.code, problem.message,
                suggestion=problem.suggestion, inside=problem.column - 1,
            )  # fmt: skip
        return
    if typed.expr.type not in {INT, FLOAT, ANY}:  # of `any`, numbers count
        yield document.problem(
            path, "J110", f"a value is a number, {objective.value} is {typed.expr.type}"
        )
