"""`journeyfold quarantine`: what was well formed but did not fit, and its second chance."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import (
    console,
    count,
    json_option,
    print_json,
    print_table,
    progress_bar,
)

source_option = click.option("--source", metavar="NAME", help="Only messages of this source.")
code_option = click.option("--code", metavar="CODE", help="Only messages with this reason.")
event_option = click.option("--event", "name", metavar="NAME", help="Only this event.")
place_option = click.option(
    "--at", "pointer", metavar="POINTER", help="Only this place, as `reasons` says it."
)
_NO_SUCH = "Nothing of this is in quarantine; `journeyfold quarantine reasons` shows what is."


@click.group(epilog="Example: journeyfold quarantine list --source shop_web")
def quarantine() -> None:
    """Group, show, fix and replay what did not fit the tracking plan."""


@quarantine.command("list", epilog="Example: journeyfold quarantine list --code schema")
@source_option
@code_option
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@project_option
@data_option
@json_option
def list_(
    source: str | None,
    code: str | None,
    limit: int,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """List what is held, and records the fold could not take; newest first."""
    from journeyfold.core.instant import rfc3339

    require_data(require_project(directory), data)
    held = runtime().quarantine_list(directory, data, source=source, code=code, limit=limit)
    if as_json:
        print_json(held)
        return
    if not held.items and not held.parked:
        click.echo(_NO_SUCH if source or code else "Nothing is in quarantine.")
        return
    rows = [
        (item.id, rfc3339(item.received_us)[:19], item.source, item.name, item.code, item.pointer)
        for item in held.items
    ]
    if rows:
        print_table("", ("id", "received", "source", "event", "reason", "where"), rows)
    parked = [
        (each.offset, each.source, each.name, each.code, each.person or "everybody", each.detail)
        for each in held.parked
    ]
    if parked:
        print_table("", ("record", "source", "event", "reason", "not for", "error"), parked)


@quarantine.command(epilog="Example: journeyfold quarantine reasons")
@project_option
@data_option
@json_option
def reasons(directory: Path, data: Path | None, as_json: bool) -> None:
    """Count what is held by reason and place, most first."""
    from journeyfold.runtime.quarantine_work import waiting
    from journeyfold.runtime.workspace import opened

    require_data(require_project(directory), data)
    with opened(directory, data) as workspace:
        groups = waiting(workspace.log)
    if as_json:
        print_json(groups)
        return
    if not groups:
        click.echo("Nothing is in quarantine.")
        return
    rows = [
        (each.messages, each.code, each.pointer, each.name, each.source, each.schema)
        for each in groups
    ]
    print_table("", ("waiting", "reason", "where", "event", "source", "schema"), rows)


@quarantine.command(epilog="Example: journeyfold quarantine preview --code schema")
@source_option
@code_option
@event_option
@place_option
@project_option
@data_option
@json_option
def preview(
    source: str | None,
    code: str | None,
    name: str | None,
    pointer: str | None,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """Say how much would pass under the project as its files are now. Changes nothing.

    Edit a schema, a mapping or a plan, and see what it does before it is in force.
    """
    from journeyfold.cli.output import print_problems
    from journeyfold.core.errors import ProjectError
    from journeyfold.runtime.quarantine_asks import preview_on_disk
    from journeyfold.runtime.quarantine_work import Choice

    require_data(require_project(directory), data)
    choice = Choice(source or "", code or "", name or "", pointer or "")
    done = preview_on_disk(directory, data, choice)
    if as_json:
        print_json(done)
        return
    if done.problems:
        print_problems(done.problems)
        raise ProjectError(done.problems)
    if not done.tried:
        click.echo(_NO_SUCH if choice != Choice() else "Nothing is in quarantine.")
        return
    where = "the project in force" if done.is_in_force else "the project on disk"
    click.echo(f"With {where} {done.fits:,} of {count(done.tried, 'message')} would pass")
    if done.duplicate:
        click.echo(f"  {done.duplicate:,} are in the log already")
    for reason, number in sorted(done.still.items()):
        click.echo(f"  {number:,} would stay: {reason}")


@quarantine.command(epilog="Example: journeyfold quarantine drop --source crm --code bad_row --yes")
@source_option
@code_option
@event_option
@place_option
@click.option("--yes", is_flag=True, help="Do it; without, say only how many it would be.")
@project_option
@data_option
@json_option
def drop(
    source: str | None,
    code: str | None,
    name: str | None,
    pointer: str | None,
    yes: bool,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """Give messages up: their contents are removed for good."""
    from journeyfold.core.errors import UsageError
    from journeyfold.runtime.quarantine_work import Choice, chosen_by
    from journeyfold.runtime.quarantine_work import drop as give_up
    from journeyfold.runtime.workspace import opened

    choice = Choice(source or "", code or "", name or "", pointer or "")
    if choice == Choice():
        raise UsageError("say which: --source, --code, --event or --at")
    require_data(require_project(directory), data)
    with opened(directory, data) as workspace:
        dropped = give_up(workspace.log, choice) if yes else 0
        meant = dropped if yes else sum(1 for _ in chosen_by(workspace.log, choice))
    if as_json:
        print_json({"meant": meant, "dropped": dropped})
    elif not meant:
        click.echo(_NO_SUCH)
    elif yes:
        click.echo(f"{count(dropped, 'message')} dropped")
    else:
        click.echo(f"{count(meant, 'message')} would be dropped for good; add --yes")


@quarantine.command(epilog="Example: journeyfold quarantine show 17")
@click.argument("item", type=int)
@project_option
@data_option
@json_option
def show(item: int, directory: Path, data: Path | None, as_json: bool) -> None:
    """Show one message as it is held, with the reason."""
    require_data(require_project(directory), data)
    held = runtime().quarantine_show(directory, data, item=item)
    if as_json:
        print_json(held)
        return
    click.echo(f"{held.name} of {held.source}: {held.code} at {held.pointer or '/'}")
    click.echo(held.detail)
    import msgspec

    console().print_json(msgspec.json.encode(held.message).decode())


@quarantine.command(epilog="Example: journeyfold quarantine replay --source shop_web --dry-run")
@click.argument("items", type=int, nargs=-1)
@source_option
@code_option
@click.option("--dry-run", is_flag=True, help="Say what would happen, by reason; change nothing.")
@project_option
@data_option
@json_option
def replay(
    items: tuple[int, ...],
    source: str | None,
    code: str | None,
    dry_run: bool,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """Try again what is held (all, or ITEMS), under today's plan. Safe to repeat.

    Records the fold could not take are folded again, too: `work` folds the whole log beside the
    state, about a minute per million records, while profiles stay as they are.
    """
    require_data(require_project(directory), data)
    with progress_bar() as progress:
        done = runtime().quarantine_replay(
            directory,
            data,
            source=source,
            code=code,
            items=items,
            dry_run=dry_run,
            progress=progress,
        )
    if as_json:
        print_json(done)
        return
    would = "would be " if dry_run else ""
    click.echo(
        f"{count(done.tried, 'message')} tried: {done.appended} {would}appended, "
        f"{done.duplicate} duplicate, {done.rejected} rejected"
    )
    for reason, number in sorted(done.still.items()):
        click.echo(f"  {number} still held: {reason}")
    if done.parked:
        told = "would be folded again" if dry_run else "are folded again while the platform runs"
        click.echo(f"{count(done.parked, 'record')} the fold could not take: they {told}")
