"""`journeyfold backup`: a copy that another machine can start from."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, progress_bar


@click.command(epilog="Example: journeyfold backup /backups/shop-2026-11-22")
@click.argument("to", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@project_option
@data_option
@json_option
def backup(to: Path, directory: Path, data: Path | None, as_json: bool) -> None:
    """Copy the data to DIR as of one commit, and verify the copy. The platform may run.

    DIR must be new or empty. The state is not copied: it is rebuilt from the log. Nor is the root
    key: keep it somewhere else, for without it the copy cannot be read.
    """
    require_data(require_project(directory), data)
    with progress_bar() as progress:
        report = runtime().backup(directory, data, to=to, progress=progress)
    if as_json:
        print_json(report)
        return
    click.echo(f"{count(report.records, 'record')} in {report.path} ({report.bytes:,} bytes)")
    click.echo(f"The root key is not in it; keep {report.root_key} somewhere else.", err=True)
