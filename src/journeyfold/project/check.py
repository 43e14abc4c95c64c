"""`journeyfold check`: does everything a project says fit together?

`load` has seen to the shape of each file; here references are followed and conditions typed.
All findings come at once, sorted by place; hints are among them and stop nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from journeyfold.core.condition_parse import parse
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.project.conditions import type_conditions
from journeyfold.project.document import Path
from journeyfold.project.load import load, sorted_problems
from journeyfold.project.model import Project
from journeyfold.project.references import reference_problems
from journeyfold.project.scenario_check import scenario_problems
from journeyfold.project.scopes import event_types
from journeyfold.quality.registry import load_registry
from journeyfold.sources.inventory import Source


def check(project: Project) -> list[Problem]:
    """Every problem and hint of a loaded project, sorted by file, line and column."""
    registry = load_registry(project.schemas)
    problems = [*project.hints, *type_conditions(project, registry).problems]
    problems += reference_problems(project, event_types(registry))
    problems += scenario_problems(project)
    for name, source in project.sources.items():
        problems += _mapping_problems(project, name, source)
    return sorted_problems(problems)


def load_checked(files: Mapping[str, str]) -> Project:
    """The project, when nothing is wrong with it.

    Raises:
        ProjectError: with every problem; hints alone raise nothing.

    """
    project = load(files)
    errors = [problem for problem in check(project) if problem.severity == "error"]
    if errors:
        raise ProjectError(errors)
    return project


def _mapping_problems(project: Project, name: str, source: Source) -> Iterator[Problem]:
    """Expressions of a mapping that do not parse. Their types need the file's columns (C41)."""
    place = project.places["source", name]
    document = project.documents[place.file]
    for path, text in _expressions(source):
        try:
            parse(text)
        except ProjectError as error:
            for problem in error.problems:
                yield document.problem(
                    path, problem.code, problem.message,
                    suggestion=problem.suggestion, inside=problem.column - 1,
                )  # fmt: skip


def _expressions(source: Source) -> Iterator[tuple[Path, str]]:
    for index, branch in enumerate(source.map):
        if branch.when is not None:
            yield ("map", index, "when"), branch.when
    fields = source.fields
    if fields is None:
        return
    if fields.occurred is not None:
        yield ("fields", "occurred"), fields.occurred
    for part in ("identifiers", "properties", "traits", "context"):
        yield from _field_texts(getattr(fields, part), ("fields", part))


def _field_texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _field_texts(inner, (*path, key))
