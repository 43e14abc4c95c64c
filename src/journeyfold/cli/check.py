"""`journeyfold check`: everything that is wrong in a project, each at its place."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.directory import project_option, require_project
from journeyfold.cli.output import count, json_option, print_json, print_problems


@click.command(epilog="Example: journeyfold check --json")
@project_option
@json_option
@click.pass_context
def check(ctx: click.Context, directory: Path, as_json: bool) -> None:
    """Read every file of the project, follow every reference and type every condition.

    Exit code 0 when nothing is wrong (hints are allowed), 78 otherwise.
    """
    from journeyfold.core.errors import ProjectError
    from journeyfold.project.check import check as find_problems
    from journeyfold.project.load import load, read_directory
    from journeyfold.project.places import places_problems
    from journeyfold.project.table_files import table_file_problems

    project = None
    try:
        project = load(read_directory(require_project(directory)))
        problems = [*find_problems(project), *places_problems(project, directory)]
        problems += table_file_problems(project, directory)
    except ProjectError as error:
        problems = list(error.problems)
    errors = [problem for problem in problems if problem.severity == "error"]
    if as_json:
        print_json(
            {"ok": not errors, "hash": project.hash if project else None, "problems": problems}
        )
    else:
        print_problems(problems)
        click.echo(_summary(project, len(errors), len(problems) - len(errors)))
    ctx.exit(ProjectError.exit_code if errors else 0)


def _summary(project: object, errors: int, hints: int) -> str:
    from journeyfold.project.model import Project

    hinted = f", {count(hints, 'hint')}" if hints else ""
    if errors or not isinstance(project, Project):
        return f"{count(errors, 'problem')}{hinted}"
    parts = (
        count(len(project.sources), "source"),
        count(len(project.schemas), "schema"),
        count(len(project.features), "feature"),
        count(len(project.segments), "segment"),
        count(len(project.offers), "offer"),
        count(len(project.placements), "placement"),
        count(len(project.journeys), "journey"),
        count(len(project.messages), "message"),
        count(sum(len(scenarios) for scenarios in project.tests.values()), "scenario"),
    )
    return f"{project.name}: {', '.join(parts)}; no problems{hinted} ({project.hash[:12]})"
