"""`journeyfold export`: events or people as a file that other tools read."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, progress_bar

FORMS = {".parquet": "parquet", ".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


@click.command(epilog="Example: journeyfold export people --to people.parquet")
@click.argument("what", type=click.Choice(["events", "people", "decisions"]))
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; its ending says the format: .parquet, .csv, .ndjson.",
)
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
@project_option
@data_option
@json_option
def export(
    what: str, to: Path, force: bool, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Write events, people or decisions to a file."""
    require_data(require_project(directory), data)
    form = FORMS.get(to.suffix)
    if form is None:
        raise click.UsageError(f"--to: '{to.name}' must end in {', '.join(FORMS)}.")
    if to.exists() and not force:
        raise click.UsageError(f"--to: {to} exists; choose another name or add --force.")
    with progress_bar() as progress:
        report = runtime().export(directory, data, what=what, to=to, form=form, progress=progress)
    if as_json:
        print_json(report)
    else:
        click.echo(f"{count(report.rows, 'row')} in {report.path} ({report.bytes:,} bytes)")
