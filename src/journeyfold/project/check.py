"""`journeyfold check`: does everything a project says fit together?

`load` has seen to the shape of each file; here references are followed and conditions typed.
All findings come at once, sorted by place; hints are among them and stop nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.errors import Problem, ProjectError
from journeyfold.project.cleaning import cleaning_problems
from journeyfold.project.conditions import type_conditions
from journeyfold.project.definition_check import definition_problems
from journeyfold.project.destination_check import destination_problems
from journeyfold.project.load import load, sorted_problems
from journeyfold.project.model import Project
from journeyfold.project.pull_check import pull_problems
from journeyfold.project.quality_check import quality_problems
from journeyfold.project.references import reference_problems
from journeyfold.project.registry import registry_problems
from journeyfold.project.scenario_check import scenario_problems
from journeyfold.project.scopes import event_types, trait_type
from journeyfold.project.source_check import source_problems
from journeyfold.project.stock_check import stock_problems
from journeyfold.project.taxonomies import taxonomy_problems
from journeyfold.project.template_check import template_problems
from journeyfold.quality.registry import load_registry


def check(project: Project) -> list[Problem]:
    """Every problem and hint of a loaded project, sorted by file, line and column."""
    registry = load_registry(project.schemas)
    conditions = type_conditions(project, registry)
    problems = [*project.hints, *conditions.problems]
    events = event_types(registry)
    problems += reference_problems(project, events)
    problems += definition_problems(project, events, trait_type(registry))
    problems += source_problems(project, events)
    problems += pull_problems(project)
    problems += registry_problems(project)
    problems += stock_problems(project)
    problems += cleaning_problems(project, events, trait_type(registry))
    problems += taxonomy_problems(project)
    problems += destination_problems(project)
    problems += template_problems(project)
    people = conditions.bound.scope if conditions.bound else None
    problems += quality_problems(project, registry, people)
    problems += scenario_problems(project)
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
