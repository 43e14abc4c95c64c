"""`serve`, `work`, `pull` and `link`: what `up` starts. Not for people, hence hidden."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from journeyfold.runtime.workspace import Place


def _process(started_by: str) -> Callable[[Callable[..., int]], click.Command]:
    """A command that runs as a process of its own in the place it is given, and ends as it does."""

    def command(run: Callable[..., int]) -> click.Command:
        @click.pass_context
        def run_it(ctx: click.Context, /, directory: Path, data: Path, **options: object) -> None:
            from journeyfold.runtime.workspace import Place

            ctx.exit(run(Place(directory, data), **options))

        directory, data = (
            click.Option([name], type=click.Path(path_type=Path), required=True)
            for name in ("--directory", "--data")
        )
        options = getattr(run, "__click_params__", [])
        return click.Command(
            run.__name__, callback=run_it, params=[directory, data, *reversed(options)],
            help=run.__doc__, epilog=f"Started by: journeyfold {started_by}", hidden=True,
        )  # fmt: skip

    return command


@_process(started_by="up")
def work(place: Place) -> int:
    """Fold the log, let time pass, deliver."""
    from journeyfold.runtime.work import run_work

    return run_work(place)


@_process(started_by="up")
def pull(place: Place) -> int:
    """Import by schedule, follow changes."""
    from journeyfold.runtime.pull_process import run_pull

    return run_pull(place)


@_process(started_by="work")
def link(place: Place) -> int:
    """Compare records once, by schedule."""
    from journeyfold.runtime.linking_schedule import run_link

    return run_link(place)


@_process(started_by="up")
@click.option("--name", default="serve-0")
@click.option("--listen-fd", type=int, required=True)
def serve(place: Place, name: str, listen_fd: int) -> int:
    """Answer HTTP: collector, decisions, API and console."""
    from journeyfold.console.whole import run_serve

    return run_serve(place, name, listen_fd)
