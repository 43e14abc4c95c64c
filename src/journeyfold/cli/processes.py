"""`serve`, `work` and `pull`: what `up` starts. Not for people, hence hidden."""

from __future__ import annotations

from pathlib import Path

import click

_place = [
    click.option("--directory", type=click.Path(path_type=Path), required=True),
    click.option("--data", type=click.Path(path_type=Path), required=True),
]


@click.command(hidden=True, epilog="Started by: journeyfold up")
@_place[0]
@_place[1]
@click.pass_context
def work(ctx: click.Context, directory: Path, data: Path) -> None:
    """Fold the log, let time pass, deliver."""
    from journeyfold.runtime.work import run_work
    from journeyfold.runtime.workspace import Place

    ctx.exit(run_work(Place(directory, data)))


@click.command(hidden=True, epilog="Started by: journeyfold up")
@_place[0]
@_place[1]
@click.pass_context
def pull(ctx: click.Context, directory: Path, data: Path) -> None:
    """Import by schedule, follow changes."""
    from journeyfold.runtime.pull_process import run_pull
    from journeyfold.runtime.workspace import Place

    ctx.exit(run_pull(Place(directory, data)))


@click.command(hidden=True, epilog="Started by: journeyfold work")
@_place[0]
@_place[1]
@click.pass_context
def link(ctx: click.Context, directory: Path, data: Path) -> None:
    """Compare records once, by schedule."""
    from journeyfold.runtime.linking_schedule import run_link
    from journeyfold.runtime.workspace import Place

    ctx.exit(run_link(Place(directory, data)))


@click.command(hidden=True, epilog="Started by: journeyfold up")
@_place[0]
@_place[1]
@click.option("--name", default="serve-0")
@click.option("--listen-fd", type=int, required=True)
@click.pass_context
def serve(ctx: click.Context, directory: Path, data: Path, name: str, listen_fd: int) -> None:
    """Answer HTTP: collector, decisions, API and console."""
    from journeyfold.console.whole import run_serve
    from journeyfold.runtime.workspace import Place

    ctx.exit(run_serve(Place(directory, data), name, listen_fd))
