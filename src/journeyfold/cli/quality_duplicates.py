"""`journeyfold quality duplicates`: values that are nearly the same, as a list to review."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table


@click.command(epilog="Example: journeyfold quality duplicates products.csv --column name")
@click.argument("of", metavar="FILE|EVENT")
@click.option(
    "--column", required=True, help="A column of the file, or properties.NAME of the event."
)
@click.option(
    "--threshold", type=click.FloatRange(0.8, 1.0), default=0.92, show_default=True,
    help="How alike two values are at least, of 1.",
)  # fmt: skip
@click.option("--most", type=click.IntRange(1), default=50, show_default=True, help="Pairs shown.")
@project_option
@data_option
@json_option
def duplicates(
    of: str, column: str, threshold: float, most: int, directory: Path, data: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """List values of a column of FILE, or of a field of the newest records of EVENT, that are
    nearly the same: products, companies, cities.

    Nothing is changed. Which of two is meant can be written into a taxonomy. People are compared
    by the linkage of `journeyfold identity`.
    """
    path = Path(of)
    if path.suffix or path.is_file():
        found = runtime().near_in_file(path, column=column, threshold=threshold)
    else:
        require_data(require_project(directory), data)
        found = runtime().near_in_event(directory, data, name=of, field=column, threshold=threshold)
    if as_json:
        print_json(found)
        return
    click.echo(
        f"{count(found.values, 'value')}, {count(found.compared, 'comparison')}, "
        f"{count(len(found.pairs), 'pair')} nearly the same"
    )
    rows = [(pair.one, pair.other, pair.score, *pair.times) for pair in found.pairs[:most]]
    if rows:
        print_table("", ("value", "other", "alike", "times", "times "), rows)
    if found.cut:
        click.echo(
            f"{count(found.cut, 'value')} not compared: more than 500 begin with the same letters"
        )
