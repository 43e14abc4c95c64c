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
from journeyfold.sources.mapping import MappingError
from journeyfold.sources.payload import payload_mapping


def check(project: Project) -> list[Problem]:
    """Every problem and hint of a loaded project, sorted by file, line and column."""
    registry = load_registry(project.schemas)
    problems = [*project.hints, *type_conditions(project, registry).problems]
    problems += reference_problems(project, event_types(registry))
    problems += scenario_problems(project)
    for name, source in project.sources.items():
        unread = list(_mapping_problems(project, name, source))
        problems += unread or _payload_problems(project, name, source)
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


def _payload_problems(project: Project, name: str, source: Source) -> Iterator[Problem]:
    """A webhook's mapping knows its types without a file: every key of a payload is `any`."""
    if source.kind != "webhook":
        return
    document = project.documents[project.places["source", name].file]
    try:
        payload_mapping(source)
    except MappingError as error:
        yield document.problem(("fields",), "P116", str(error))
    except ProjectError as error:
        for problem in error.problems:
            found = (path for path, text in _expressions(source) if text == problem.text)
            yield document.problem(
                next(found, ("map",)), problem.code, problem.message,
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
