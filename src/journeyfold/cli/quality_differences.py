"""`journeyfold quality differences`: all records in which two systems differ."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, progress_bar


@click.command(epilog="Example: journeyfold quality differences same-customers > differing.txt")
@click.argument("rule")
@project_option
@data_option
@json_option
def differences(rule: str, directory: Path, data: Path | None, as_json: bool) -> None:
    """List everything in which the two sides of RULE, which reconciles, differ now.

    A line a group or key: missing on which side, or which values stand where. Runs of the rules
    keep the first 20. Nothing is stored.
    """
    require_data(require_project(directory), data)
    with progress_bar() as progress:
        found = runtime().quality_differences(directory, data, rule=rule, progress=progress)
    if as_json:
        print_json({"differences": found})
        return
    for each in found:
        click.echo(each)
    click.echo(count(len(found), "difference"), err=True)
