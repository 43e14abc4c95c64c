"""`journeyfold test`: the project's own scenarios, played through the fold in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import project_option, require_project
from journeyfold.cli.output import count, json_option, print_json, print_problems
from journeyfold.core.errors import UsageError

if TYPE_CHECKING:
    from journeyfold.project.rehearsal import Outcome


@click.command(epilog='Example: journeyfold test --only "abandoned cart"')
@project_option
@click.option("--only", metavar="TEXT", help="Only scenarios whose name contains TEXT.")
@json_option
@click.pass_context
def test(ctx: click.Context, directory: Path, only: str | None, as_json: bool) -> None:
    """Play the scenarios of tests/*.yaml and compare with what they expect.

    Exit code 0 when all pass, 1 when one fails, 64 when --only names none.
    """
    from journeyfold.project.check import load_checked
    from journeyfold.project.load import read_directory
    from journeyfold.project.rehearsal import rehearse

    project = load_checked(read_directory(require_project(directory)))
    outcomes = [
        outcome
        for outcome in rehearse(project, runtime().rehearsal)
        if only is None or only in outcome.name
    ]
    if only is not None and not outcomes:
        raise UsageError(f"no scenario of tests/ has '{only}' in its name; nothing was played")
    failed = [outcome for outcome in outcomes if outcome.failures]
    if as_json:
        print_json({"ok": not failed, "scenarios": outcomes})
    else:
        _print(outcomes)
        passed = len(outcomes) - len(failed)
        click.echo(f"{count(passed, 'scenario')} passed, {len(failed)} failed")
    ctx.exit(1 if failed else 0)


def _print(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        mark = (
            click.style("failed", fg="red") if outcome.failures else click.style("ok", fg="green")
        )
        click.echo(f"{mark}  {outcome.name}")
        print_problems(outcome.failures)
