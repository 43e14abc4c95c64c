"""`journeyfold sources`: who sends what, how fresh, for which stage of the journey."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.directory import data_option, project_option, require_project
from journeyfold.cli.output import json_option, print_json, print_table
from journeyfold.core.instant import rfc3339

if TYPE_CHECKING:
    from journeyfold.project.stocktaking import Stock, Stocked


@click.group(epilog="Example: journeyfold sources list")
def sources() -> None:
    """Show the inventory of sources, and which stages they inform."""


@sources.command("list", epilog="Example: journeyfold sources list")
@project_option
@data_option
@json_option
def list_(directory: Path, data: Path | None, as_json: bool) -> None:
    """List sources with owner, rhythm, measured freshness and quality."""
    from journeyfold.runtime.stock import stock_on_disk

    stock = stock_on_disk(require_project(directory), data)
    if as_json:
        print_json(stock)
        return
    headings = ("source", "data", "owner", "update", "state", "30 days", "score")
    print_table("", headings, [_row(each) for each in stock.sources])
    for field in stock.unused:
        click.echo(f"nobody uses {field.field} of {field.source}")
    for gap in stock.gaps:
        click.echo(f"no source informs {gap}")


@sources.command(epilog="Example: journeyfold sources matrix --format csv")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table",
    show_default=True,
)  # fmt: skip
@project_option
@data_option
def matrix(form: str, directory: Path, data: Path | None) -> None:
    """Show sources by journey stage, gaps marked; as csv also every field with its use."""
    from journeyfold.runtime.stock import stock_on_disk

    stock = stock_on_disk(require_project(directory), data)
    if form == "json":
        print_json(stock)
    elif form == "csv":
        click.echo(_csv(stock), nl=False)
    else:
        stages = [each.stage for each in stock.stages]
        rows = [
            (
                each.declared.source,
                *("x" if stage in each.declared.stages else "" for stage in stages),
            )
            for each in stock.sources
        ]
        gaps = ("gap", *("gap" if each.is_gap else "" for each in stock.stages))
        print_table("", ("source", *stages), [*rows, gaps] if stock.gaps else rows)


@sources.command(epilog="Example: journeyfold sources pulls")
@project_option
@data_option
@json_option
def pulls(directory: Path, data: Path | None, as_json: bool) -> None:
    """Show imports that run by themselves and databases that are followed: runs, rows, problems."""
    from journeyfold.runtime.pull_standing import read_standings
    from journeyfold.runtime.workspace import place_of

    standings = read_standings(place_of(require_project(directory), data).run)
    if as_json:
        print_json(list(standings.values()))
        return
    if not standings:
        click.echo("nothing is pulled: no source has a `schedule`, or the platform never ran")
        return
    headings = ("source", "state", "last run", "next run", "rows", "new", "quarantined")
    print_table(
        "", headings,
        [
            (
                each.source, each.state, _clock(each.started_us), _clock(each.next_us),
                each.rows, each.appended, each.quarantined,
            )
            for each in standings.values()
        ],
    )  # fmt: skip
    for each in standings.values():
        if each.problem:
            click.echo(f"{each.source}: {each.problem}")
        if each.refused:
            click.echo(f"{each.source}: {each.rejected} rejected: {each.refused}")


def _clock(at_us: int) -> str:
    return rfc3339(at_us)[:16].replace("T", " ") if at_us else "-"


def _row(each: Stocked) -> tuple[object, ...]:
    declared, observed = each.declared, each.observed
    score = None if observed.score is None else round(observed.score, 3)
    return (
        declared.source, declared.data, declared.owner, declared.update, observed.state,
        sum(observed.days), score,
    )  # fmt: skip


def _csv(stock: Stock) -> str:
    """A line a field; a source that declares none has one line. Cells never begin a formula."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    stages = [each.stage for each in stock.stages]
    out.writerow(
        ["source", "data", "owner", "field", "tag", "classes", "origin", "purposes", "used_by",
         "state", *stages]
    )  # fmt: skip
    for each in stock.sources:
        declared = each.declared
        marks = ["x" if stage in declared.stages else "" for stage in stages]
        for field in declared.fields or (None,):
            told = (
                [field.field, field.tag, " ".join(field.classes), field.origin,
                 " ".join(field.purposes), " ".join(field.used_by)]
                if field else [""] * 6
            )  # fmt: skip
            line = [declared.source, declared.data, declared.owner, *told, each.observed.state]
            out.writerow([_plain(cell) for cell in [*line, *marks]])
    return text.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t"} else cell
