"""`journeyfold up`: the platform, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_project
from journeyfold.cli.output import json_option, print_json, progress_bar

if TYPE_CHECKING:
    from journeyfold.cli.output import Bars
    from journeyfold.project.reports import Ready


@click.command(epilog="Example: journeyfold up --port 8080")
@click.option(
    "--host", metavar="ADDRESS", help="Where to listen; default: server.host (this machine)."
)
@click.option(
    "--port", type=click.IntRange(1, 65535), metavar="N", help="Default: server.port (8080)."
)
@click.option("--workers", type=click.IntRange(1, 64), metavar="N", help="Serving processes.")
@project_option
@data_option
@json_option
@click.pass_context
def up(
    ctx: click.Context,
    host: str | None,
    port: int | None,
    workers: int | None,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """Run the platform: collector, fold, decisions and console.

    Files of the project are watched: a change that passes `check` is taken over at once, a broken
    one is shown and refused. Ctrl-C stops it; what was acknowledged stays.
    """
    require_project(directory)
    with progress_bar() as progress:
        code = runtime().up(
            directory,
            data,
            host=host,
            port=port,
            workers=workers,
            progress=progress,
            ready=announce(progress, as_json),
        )
    ctx.exit(code)


def announce(bars: Bars, as_json: bool) -> Callable[[Ready], None]:
    """What to call once the platform is ready: the bars have done their work."""

    def tell(ready: Ready) -> None:
        bars.close()
        if as_json:
            print_json(ready)
        else:
            say_ready(ready)

    return tell


def say_ready(ready: Ready) -> None:
    """What a newcomer needs next, in the order it is needed."""
    for notice in ready.notices:
        click.echo(notice, err=True)
    click.echo(f"journeyfold is ready on {ready.url}")
    click.echo(f"  console    {ready.console_url}")
    for name, value in (
        ("sign in", ready.sign_in),
        ("write key", ready.write_key),
        ("server key", ready.server_key),
    ):
        if value:
            click.echo(f"  {name:10} {value}")
    if ready.example:
        click.echo(f"\nAsk for a decision:\n{ready.example}")
    click.echo("\nCtrl-C stops it.")
