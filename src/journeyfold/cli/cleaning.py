"""`journeyfold quality cleaning`: what declared cleaning did to the values of each source."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import json_option, print_json, print_table


@click.command(epilog="Example: journeyfold quality cleaning --json")
@project_option
@data_option
@json_option
def cleaning(directory: Path, data: Path | None, as_json: bool) -> None:
    """Count the values that cleaning changed and those it could not read, by source and field.

    Records keep what was sent; `journeyfold why` and the page of a person show both.
    """
    require_data(require_project(directory), data)
    told = runtime().quality_cleaning(directory, data)
    if as_json:
        print_json({"fields": told})
        return
    if not told:
        click.echo("Nothing was cleaned: no source declares `clean`, or none of its values came.")
        return
    rows = [
        (each.source, each.field, each.cleaner or "as sent", each.seen, each.changed, each.failed)
        for each in told
    ]
    print_table("", ("source", "field", "cleaner", "values", "changed", "failed"), rows)
