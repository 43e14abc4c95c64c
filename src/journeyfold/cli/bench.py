"""`journeyfold bench`: the numbers we promise, measured here."""

from __future__ import annotations

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.output import json_option, print_json, print_table, progress_bar


@click.command(epilog="Example: journeyfold bench collect --json")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--quick", is_flag=True, help="Smaller and shorter, as for CI; the figures say so.")
@json_option
def bench(names: tuple[str, ...], quick: bool, as_json: bool) -> None:
    """Run benchmarks (all, or NAMES of scripts or figures); each takes less than a minute.

    With --json one object a figure, one a line.
    """
    with progress_bar() as progress:
        figures = runtime().bench(names, quick=quick, progress=progress)
    if as_json:
        for figure in figures:
            print_json(figure)
        return
    rows = [
        (
            figure.name,
            figure.value,
            figure.unit,
            figure.goal,
            figure.ratio,
            {True: "reached", False: "missed", None: "-"}[figure.is_reached],
        )
        for figure in figures
    ]
    print_table("", ("figure", "value", "unit", "goal", "ratio", ""), rows)
