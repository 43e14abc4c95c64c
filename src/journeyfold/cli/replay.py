"""`journeyfold replay`: state rebuilt from the log, and compared with the live one."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, progress_bar


@click.command(epilog="Example: journeyfold replay --verify")
@click.option("--verify", is_flag=True, help="Compare every byte with the live state.")
@click.option(
    "--by",
    type=click.Choice(["appended", "occurred"]),
    default="appended",
    show_default=True,
    help="Which instant of a record is `now`; `occurred` is a reconstruction.",
)
@project_option
@data_option
@json_option
@click.pass_context
def replay(
    ctx: click.Context, verify: bool, by: str, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Rebuild state from the log beside the live one, which goes on working.

    With --verify the exit code is 0 when the bytes are equal and 1 when they are not.
    """
    require_data(require_project(directory), data)
    if verify and by == "occurred":
        raise click.UsageError("--verify compares with the live state, which is --by appended.")
    with progress_bar() as progress:
        report = runtime().replay(directory, data, verify=verify, by=by, progress=progress)
    if as_json:
        print_json(report)
    else:
        rate = report.records / report.seconds if report.seconds else 0
        click.echo(
            f"{count(report.records, 'record')}, {count(report.people, 'person', 'people')} "
            f"in {report.seconds:.1f} s ({rate:,.0f} records/s)"
        )
        if report.is_equal:
            click.echo("The rebuilt state equals the live one, byte for byte.")
        for difference in report.differences:
            click.echo(f"  differs: {difference}")
    ctx.exit(1 if report.is_equal is False else 0)
