"""`journeyfold demo`: a shop with history and live traffic, in one command."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.output import json_option, progress_bar
from journeyfold.cli.up import announce


@click.command(epilog="Example: journeyfold demo --data-file online_retail.parquet")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    show_default="demo-shop, or demo-orders with --data-file",
    help="Where the shop lives; an existing one continues where it was.",
)
@click.option(
    "--data-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A real order log (the UCI online retail file) instead of simulated shoppers.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option(
    "--people",
    type=click.IntRange(1, 1_000_000),
    default=2_000,
    show_default=True,
    help="Simulated shoppers.",
)
@json_option
@click.pass_context
def demo(
    ctx: click.Context,
    directory: Path | None,
    data_file: Path | None,
    port: int,
    people: int,
    as_json: bool,
) -> None:
    """Make a shop, load 60 days of its history, and run it with live traffic."""
    from journeyfold.core.errors import UsageError

    if data_file is not None and not data_file.is_file():
        raise UsageError(f"--data-file: there is no file {data_file}")
    with progress_bar() as progress:
        code = runtime().demo(
            directory or Path("demo-orders" if data_file else "demo-shop"),
            data_file=data_file,
            port=port,
            people=people,
            progress=progress,
            ready=announce(progress, as_json),
        )
    ctx.exit(code)
