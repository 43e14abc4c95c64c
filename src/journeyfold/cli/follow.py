"""`journeyfold follow`: the changes of a database become events, as they are committed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.directory import data_option, project_option, require_project, require_source
from journeyfold.cli.output import json_option, print_json

if TYPE_CHECKING:
    from journeyfold.runtime.follow_command import FollowReport


@click.command(epilog="Example: journeyfold follow crm --once")
@click.argument("source")
@click.option("--once", is_flag=True, help="Stop when there is nothing more to read.")
@click.option(
    "--resnapshot", is_flag=True,
    help="Read every row once more first, with a new slot; the platform does it if it runs.",
)  # fmt: skip
@project_option
@data_option
@json_option
def follow(
    source: str, once: bool, resnapshot: bool, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Read the changes of SOURCE (of kind cdc under sources/) and append what they map to.

    `journeyfold up` does this by itself. Without it, this command goes on until Ctrl-C, and folds
    what it read at its end.
    """
    require_source(require_project(directory), source, "cdc")
    from journeyfold.runtime.follow_command import follow as run
    from journeyfold.runtime.workspace import place_of

    report = run(
        place_of(directory, data), source, once=once, resnapshot=resnapshot,
        say=lambda text: click.echo(text, err=True),
    )  # fmt: skip
    if as_json:
        print_json(report)
    else:
        _print(report)


def _print(report: FollowReport) -> None:
    if report.is_left_to_platform:
        click.echo(f"{report.source}: the platform runs here and reads every row once more")
        return
    click.echo(
        f"{report.source}: {report.appended:,} appended, {report.duplicate:,} duplicate, "
        f"{report.quarantined:,} quarantined, {report.rejected:,} rejected, "
        f"{report.filtered:,} filtered; read up to "
        f"{report.position}"
    )
