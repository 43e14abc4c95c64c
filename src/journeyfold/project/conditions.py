"""Every condition of a project with its type, and every finding at its character in the file.

`segment.bind` types features, lifecycles and segments; here its findings get their places in the
YAML, whatever the quoting, and the conditions of offers and placements are typed after them
(segments C14, C15).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from journeyfold.core.condition import Place
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import Scope
from journeyfold.core.condition_typed import Typed
from journeyfold.core.condition_types import check as check_condition
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.decide.definition import gate_id, rule_id, weight_id
from journeyfold.project.document import Document, Path
from journeyfold.project.journeying import cap_id
from journeyfold.project.journeys import journey_conditions
from journeyfold.project.load import ROOT_FILE
from journeyfold.project.model import Project
from journeyfold.project.outward import outward_conditions
from journeyfold.project.scopes import project_scope
from journeyfold.quality.registry import Registry
from journeyfold.segment.bind import Bound, bind
from journeyfold.segment.definition import FeatureDefinition, LifecycleDefinition, SegmentDefinition

_SOUND = 'count("Page") >= 0 or count("Page") < 5'  # stands in for a condition already reported


class Conditions(msgspec.Struct, frozen=True):
    """`bound` is None when a feature is broken: what reads it cannot be judged.

    `decisions` has the ids of `decide.definition`, `journeys` those of `journey.conditions`,
    `outward` those of `project.outward`. Hints are among the problems.
    """

    bound: Bound | None
    decisions: dict[str, Typed]
    journeys: dict[str, Typed]
    outward: dict[str, Typed]
    problems: tuple[Problem, ...]


def type_conditions(project: Project, registry: Registry) -> Conditions:
    """A pure function of the project; what has a problem is left out of the answer."""
    scope = project_scope(project, registry)
    segments = tuple(project.segments.values())
    lifecycles = tuple(project.lifecycles.values())
    problems: list[Problem] = []
    bound: Bound | None = None
    try:
        bound = bind(project.features, segments, lifecycles, scope)
        problems += _placed(project, _hints(bound))
    except ProjectError as error:
        problems += _placed(project, error.problems)
        bound = _without_the_broken(project, scope, {each.file for each in error.problems})
    decisions: dict[str, Typed] = {}
    journeys: dict[str, Typed] = {}
    outward: dict[str, Typed] = {}
    if bound is not None:
        in_decision = msgspec.structs.replace(bound.scope, place="contextual")
        decisions = dict(_decisions(project, in_decision, problems))
        journeys = dict(_journeys(project, bound.scope, problems))
        journeys |= dict(_caps(project, bound.scope, problems))
        outward = dict(_outward(project, bound.scope, problems))
    return Conditions(bound, decisions, journeys, outward, tuple(problems))


def decision_paths(project: Project) -> Iterator[tuple[str, str, str, Path, str]]:
    """(condition id, kind, definition, path in it, text) of every condition of decide."""
    for name, offer in project.offers.items():
        for gate in ("eligibility", "applicability", "suitability"):
            text = getattr(offer, gate)
            if text is not None:
                yield gate_id(name, gate), "offer", name, (gate,), text
        for at, weight in enumerate(offer.context_weight):
            path: Path = ("context_weight", at, "when")
            yield weight_id(name, at), "offer", name, path, weight.when
    for name, placement in project.placements.items():
        for at, rule in enumerate(placement.rank.rules):
            yield rule_id(name, at), "placement", name, ("rank", "rules", at, "when"), rule.when


def _decisions(
    project: Project, scope: Scope, problems: list[Problem]
) -> Iterator[tuple[str, Typed]]:
    for condition, kind, name, path, text in decision_paths(project):
        try:
            typed = check_condition(parse(text, Place(condition)), scope)
        except ProjectError as error:
            problems += [_moved(project, kind, name, path, each) for each in error.problems]
            continue
        problems += [_moved(project, kind, name, path, each) for each in typed.hints]
        yield condition, typed


def _journeys(
    project: Project, scope: Scope, problems: list[Problem]
) -> Iterator[tuple[str, Typed]]:
    for condition, name, path, found in journey_conditions(project, scope):
        if isinstance(found, ProjectError):
            problems += [_moved(project, "journey", name, path, each) for each in found.problems]
        else:
            problems += [_moved(project, "journey", name, path, each) for each in found.hints]
            yield condition, found


def _caps(project: Project, scope: Scope, problems: list[Problem]) -> Iterator[tuple[str, Typed]]:
    """Whom a limit of messages is for (journeys E53)."""
    document = project.documents[ROOT_FILE]
    for name, rule in project.settings.contact.messages.items():
        if rule.when is None:
            continue
        path: Path = ("contact", "caps", name, "when")
        try:
            typed = check_condition(parse(rule.when, Place(cap_id(name))), scope)
        except ProjectError as error:
            problems += [_in_file(document, path, each) for each in error.problems]
            continue
        problems += [_in_file(document, path, each) for each in typed.hints]
        yield cap_id(name), typed


def _outward(
    project: Project, scope: Scope, problems: list[Problem]
) -> Iterator[tuple[str, Typed]]:
    for asked, found in outward_conditions(project, scope):
        told = found.problems if isinstance(found, ProjectError) else found.hints
        where = "destination", asked.destination, asked.path
        problems += [_moved(project, *where, each) for each in told]
        if not isinstance(found, ProjectError):
            yield asked.id, found


def _hints(bound: Bound) -> Iterator[Problem]:
    for group in (bound.features, bound.segments, bound.contextual):
        for typed in group.values():
            yield from typed.hints
    for stages in bound.lifecycles.values():
        for _, typed in stages:
            yield from typed.hints


def _without_the_broken(project: Project, scope: Scope, broken: set[str]) -> Bound | None:
    """Segments and stages that have a problem of their own must not hide those of offers."""
    segments = [
        msgspec.structs.replace(each, kind=_sound_kind(each), when=_SOUND)
        if f"segment:{each.id}" in broken
        else each
        for each in project.segments.values()
    ]
    lifecycles = [_sound_lifecycle(each, broken) for each in project.lifecycles.values()]
    try:
        return bind(project.features, segments, lifecycles, scope)
    except ProjectError:
        return None


def _sound_kind(segment: SegmentDefinition) -> str:
    return "contextual" if segment.kind == "contextual" else "rule"


def _sound_lifecycle(lifecycle: LifecycleDefinition, broken: set[str]) -> LifecycleDefinition:
    stages = tuple(
        msgspec.structs.replace(stage, when=_SOUND, origins=None)
        if f"lifecycle:{lifecycle.id}/{stage.stage}" in broken
        else stage
        for stage in lifecycle.stages
    )
    return msgspec.structs.replace(lifecycle, stages=stages)


# --- places -------------------------------------------------------------------------------------


def _placed(project: Project, problems: Iterable[Problem]) -> Iterator[Problem]:
    """Without places of its own `bind` names a definition as the file: `segment:vip`."""
    for problem in problems:
        kind, _, name = problem.file.partition(":")
        path: Path = ()
        if kind == "feature":
            path = _feature_path(project.features[name])
        elif kind == "segment":
            path = ("when",) if project.segments[name].when is not None else ()
        else:
            name, _, stage = name.partition("/")
            path = _stage_path(project.lifecycles[name], stage)
        yield _moved(project, kind, name, path, problem)


def _feature_path(definition: FeatureDefinition) -> Path:
    for key in ("value", "quintile", "recent"):
        if getattr(definition, key) is not None:
            return (key,)
    return ()


def _stage_path(lifecycle: LifecycleDefinition, stage: str) -> Path:
    for index, each in enumerate(lifecycle.stages):
        if each.stage == stage:
            return ("stages", index, "when")
    return ()


def _moved(project: Project, kind: str, name: str, path: Path, problem: Problem) -> Problem:
    place = project.places[kind, name]
    return _in_file(project.documents[place.file], (*place.path, *path), problem)


def _in_file(document: Document, whole: Path, problem: Problem) -> Problem:
    """Lines and columns count from the condition's first character; here they become the file's."""
    text = document.at(whole)
    inside = _offset(text, problem) if isinstance(text, str) else None
    return document.problem(
        whole, problem.code, problem.message,
        suggestion=problem.suggestion, severity=problem.severity, inside=inside,
    )  # fmt: skip


def _offset(text: str, problem: Problem) -> int:
    start = 0
    for _ in range(problem.line - 1):
        start = text.find("\n", start) + 1
    return start + problem.column - 1
