"""`journeyfold import`: a file or table becomes events, each row accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_project, require_source
from journeyfold.cli.output import json_option, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from journeyfold.project.reports import ImportReport


@click.command("import", epilog="Example: journeyfold import shop_orders")
@click.argument("source")
@click.option("--dry-run", is_flag=True, help="Map and count, but append nothing.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Stop after N rows.")
@click.option("--from", "since", metavar="CURSOR", help="Begin here instead of where it stood.")
@click.option("--force", is_flag=True, help="Go on though many of the first rows are bad.")
@project_option
@data_option
@json_option
def import_(
    source: str,
    dry_run: bool,
    limit: int | None,
    since: str | None,
    force: bool,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """Read SOURCE (an import under sources/) and append what it maps to.

    Importing again appends nothing new. Ends with the counts: every row and every event has a
    fate.
    """
    require_source(require_project(directory), source, "import")
    with progress_bar() as progress:
        report = runtime().import_source(
            directory,
            data,
            source,
            dry_run=dry_run,
            limit=limit,
            since=since,
            force=force,
            progress=progress,
        )
    if as_json:
        print_json(report)
    else:
        _print(report)


def _print(report: ImportReport) -> None:
    dry = " (dry run: nothing was appended)" if report.dry_run else ""
    click.echo(f"{report.source}: {report.rows_read:,} rows in {report.seconds:.1f} s{dry}")
    rows: list[tuple[object, ...]] = [
        ("rows", "in events", report.rows_in_events),
        ("rows", "filtered", report.rows_filtered),
        ("rows", "quarantined", report.rows_quarantined),
        ("rows", "read", report.rows_read),
        ("events", "appended", report.appended),
        ("events", "duplicate", report.duplicate),
        ("events", "quarantined", report.quarantined),
        ("events", "rejected", report.rejected),
        ("events", "received", report.received),
    ]
    print_table("", ("of", "fate", "number"), rows)
    for reason, number in sorted(report.reasons.items()):
        click.echo(f"  {number:,} rows: {reason}")
    for row in report.examples:
        detail = row.detail.removeprefix(f"line {row.line}").lstrip(":, ")
        click.echo(f"  line {row.line}: {row.reason} {detail}".rstrip())
