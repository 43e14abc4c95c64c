"""`journeyfold sync list | show | run`: audiences that are kept in step elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table

if TYPE_CHECKING:
    from journeyfold.project.reports import SyncPreview, SyncRow

_COUNTS = (
    "added", "changed", "removed", "withdrawn", "unchanged", "no_key", "duplicates", "waiting",
    "lost",
)  # fmt: skip


@click.group(epilog="Example: journeyfold sync list")
def sync() -> None:
    """List audiences that destinations are given, look at them and run them."""


@sync.command("list", epilog="Example: journeyfold sync list")
@project_option
@data_option
@json_option
def list_(directory: Path, data: Path | None, as_json: bool) -> None:
    """List the syncs of the project in force and how they stand."""
    require_data(require_project(directory), data)
    rows = runtime().sync_list(directory, data)
    if as_json:
        print_json({"syncs": rows})
        return
    if not rows:
        click.echo("No destination has a sync.")
        return
    print_table(
        "", ("sync", "from", "mode", "every", "rows", "last run", "stands"),
        [(row.id, row.audience, row.mode, row.every, row.rows, _instant(row.ran_us), _stands(row))
         for row in rows],
    )  # fmt: skip


@sync.command(epilog="Example: journeyfold sync show crm.vip")
@click.argument("name", metavar="SYNC")
@project_option
@data_option
@json_option
def show(name: str, directory: Path, data: Path | None, as_json: bool) -> None:
    """Show what the last run of SYNC found; it is called DESTINATION.ID, or ID alone."""
    require_data(require_project(directory), data)
    row = runtime().sync_show(directory, data, sync=name)
    if as_json:
        print_json(row)
        return
    click.echo(f"{row.id}: {row.audience}, {row.mode}, every {row.every}; {_stands(row)}")
    click.echo(f"{count(row.rows, 'row')} acknowledged; last run {_instant(row.ran_us)}")
    if row.stopped_us:
        click.echo("Too many rows are gone: look at `--dry-run`, then run it with --confirm.")
    if row.told:
        print_table("", ("of the last run", "rows"), _counted(row.told))


@sync.command(epilog="Example: journeyfold sync run crm.vip --dry-run")
@click.argument("name", metavar="SYNC")
@click.option("--dry-run", "dry_run", is_flag=True, help="Say what would be sent; send nothing.")
@click.option(
    "--confirm", "confirm", is_flag=True,
    help="Remove the rows that are gone, however many they are.",
)  # fmt: skip
@project_option
@data_option
@json_option
def run(
    name: str, dry_run: bool, confirm: bool, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Run SYNC now and not at its time.

    The platform takes it up at once, or when it is started. A sync that has stopped because too
    many rows would vanish goes on with --confirm.
    """
    require_data(require_project(directory), data)
    if dry_run:
        preview = runtime().sync_preview(directory, data, sync=name)
        _print_preview(preview, as_json=as_json)
        return
    offset = runtime().sync_run(directory, data, sync=name, confirm=confirm)
    if as_json:
        print_json({"sync": name, "offset": offset})
    else:
        click.echo(f"Asked (record {offset}); see `journeyfold sync show {name}`.")


def _print_preview(preview: SyncPreview, *, as_json: bool) -> None:
    if as_json:
        print_json(preview)
        return
    print_table("", (f"{preview.sync} would", "rows"), _counted(preview.counts))
    if preview.is_stopped:
        click.echo("It would stop: too many rows are gone. Go on with --confirm.")
    if preview.changes:
        rows = [(each.change, each.key, each.person) for each in preview.changes]
        print_table("", ("change", "key", "person"), rows)


def _counted(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(name.replace("_", " "), counts[name]) for name in _COUNTS if name in counts]


def _stands(row: SyncRow) -> str:
    if row.asked_us:
        return "asked for"
    if row.stopped_us:
        return "stopped"
    return "goes" if row.ran_us else "not run yet"


def _instant(at_us: int) -> str:
    from journeyfold.core.instant import rfc3339

    return rfc3339(at_us - at_us % 1_000_000) if at_us else "never"
