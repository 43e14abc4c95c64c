"""`journeyfold taxonomy misses`: values that stand in no list, with the terms most like them."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import json_option, print_json, print_table


@click.group(epilog="Example: journeyfold taxonomy misses")
def taxonomy() -> None:
    """See which values no taxonomy knows."""


@taxonomy.command(epilog="Example: journeyfold taxonomy misses --json")
@project_option
@data_option
@json_option
def misses(directory: Path, data: Path | None, as_json: bool) -> None:
    """List values that no term or synonym stands for, most frequent first, with up to three terms
    that are like them.

    Nothing is mapped by likeness: write the synonym into taxonomies/NAME.yaml, and history is
    cleaned again.
    """
    require_data(require_project(directory), data)
    found = runtime().taxonomy_misses(directory, data)
    if as_json:
        print_json({"misses": found})
        return
    if not found:
        click.echo(
            "Every value of a field that is cleaned by a taxonomy stands in it;"
            " fields whose source says no `clean: {taxonomy: NAME}` are not looked at."
        )
        return
    rows = [
        (
            each.taxonomy, f"{each.source} {each.field}", each.value, each.seen,
            ", ".join(f"{near.value} ({near.likeness:.0f})" for near in each.nearest) or "none",
        )
        for each in found
    ]  # fmt: skip
    print_table("", ("taxonomy", "field", "value", "times", "like it"), rows)
