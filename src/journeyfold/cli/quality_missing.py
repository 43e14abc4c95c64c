"""`journeyfold quality missing`: which features have no value, and whether that is by chance."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from journeyfold.project.prepared import Missing


@click.command(epilog="Example: journeyfold quality missing --label vip")
@click.option("--label", default="", help="A segment: does what is missing tell who is in it?")
@project_option
@data_option
@json_option
def missing(label: str, directory: Path, data: Path | None, as_json: bool) -> None:
    """Show of how many people each feature has no value, and by the month they were first seen.

    With a label: how well the gap alone tells who is in the segment. Above .55 it is not by
    chance, and a model would learn the gap instead of the value.
    """
    require_data(require_project(directory), data)
    found = runtime().quality_missing(directory, data, label=label)
    if as_json:
        print_json({"features": found})
        return
    if not found:
        click.echo("The project has no features.")
        return
    rows = [
        (
            each.feature, f"{each.missing:.1%}",
            "" if each.auc is None else f"{each.auc:.2f}",
            _so(each),
            ", ".join(f"{month} {share:.0%}" for month, share in list(each.months.items())[-3:]),
        )
        for each in found
    ]  # fmt: skip
    print_table("", ("feature", "missing", "tells", "so", "by month"), rows)
    for each in found:
        if each.refused:
            click.echo(f"{each.feature}: not prepared: {each.refused}")


def _so(found: Missing) -> str:
    if found.auc is None:
        return ""  # nobody asked, or nobody is on one of the sides
    return "by chance" if found.is_random else "not at random"
