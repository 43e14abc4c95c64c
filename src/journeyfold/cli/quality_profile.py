"""`journeyfold quality profile`: what the columns of a file, or the fields of an event, hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table

if TYPE_CHECKING:
    from journeyfold.quality.profile import ColumnProfile, Share


@click.command(epilog="Example: journeyfold quality profile customers.csv")
@click.argument("of", metavar="FILE|EVENT")
@project_option
@data_option
@json_option
def profile(of: str, directory: Path, data: Path | None, as_json: bool) -> None:
    """Show type, gaps, spread and formats of every column of FILE (csv, ndjson, parquet, also
    .gz), or of every field of the newest records of EVENT.

    Texts are masked, unless a column has a few that come often.
    """
    from journeyfold.quality.profile import FileProfile

    path = Path(of)
    if path.suffix or path.is_file():
        found = runtime().profile_file(path)
    else:
        require_data(require_project(directory), data)
        found = FileProfile(tuple(runtime().profile_event(directory, data, name=of)))
    if as_json:
        print_json(found)
        return
    columns = found.columns
    rows = [
        (
            each.name, each.type, each.nulls + each.blank, each.distinct,
            f"{each.least} to {each.greatest}" if each.least else "", _shown(each),
        )
        for each in columns
    ]  # fmt: skip
    print_table("", ("column", "type", "empty", "distinct", "spread", "holds"), rows)
    for each in columns:
        _notes(each)
    if found.unfit:
        click.echo(
            f"{count(found.unfit, 'line')} left out, not written as the first line says: "
            f"{', '.join(map(str, found.unfit_lines))}{' …' if found.unfit > 5 else ''}; "
            "an import puts them into quarantine"
        )


def _shown(column: ColumnProfile) -> str:
    return _list(column.values or column.formats) or ", ".join(column.examples)


def _list(shares: tuple[Share, ...]) -> str:
    return ", ".join(f"{each.name} {each.share:.1%}" for each in shares)


def _notes(column: ColumnProfile) -> None:
    if column.trimmed:
        click.echo(f"{column.name}: {column.trimmed} values have blanks around them; clean: text")
    if column.is_ambiguous:
        click.echo(
            f"{column.name}: no value is above 12 in either place, so day and month cannot be "
            "told apart; declare the format"
        )
    elif column.day_first or column.month_first:
        click.echo(
            f"{column.name}: day first fits {column.day_first:.1%}, "
            f"month first {column.month_first:.1%}"
        )
