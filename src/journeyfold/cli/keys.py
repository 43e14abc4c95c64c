"""`journeyfold keys`: who may write, and who may read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_project, require_source
from journeyfold.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from journeyfold.project.reports import KeyRow


@click.group(epilog="Example: journeyfold keys create --kind pub --source shop_web")
def keys() -> None:
    """Create, list, rotate and revoke API keys."""


@keys.command(epilog="Example: journeyfold keys create --kind srv --source shop_server --json")
@click.option(
    "--kind",
    type=click.Choice(["pub", "srv", "adm"]),
    required=True,
    help="pub: browsers and apps, may only write. srv: servers, may also read. adm: may all, and erase.",
)
@click.option("--source", required=True, metavar="NAME", help="The source it writes to.")
@click.option("--expires", metavar="SPAN", help="Stops working after this span, e.g. 90d.")
@project_option
@data_option
@json_option
def create(
    kind: str, source: str, expires: str | None, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Create a key. It is shown once: only a hash of it is kept."""
    require_source(require_project(directory), source)
    made = runtime().keys_create(directory, data, kind=kind, source=source, expires=expires)
    _show_new(made, as_json)


@keys.command("list", epilog="Example: journeyfold keys list")
@project_option
@data_option
@json_option
def list_(directory: Path, data: Path | None, as_json: bool) -> None:
    """List keys and when each was last used, to the minute; never their secrets."""
    rows = runtime().keys_list(require_project(directory), data)
    if as_json:
        print_json({"keys": rows})
        return
    print_table(
        "",
        ("id", "kind", "source", "state", "created", "last used"),
        [
            (
                row.id,
                row.kind,
                row.source,
                row.state,
                _day(row.created_us),
                _day(row.last_used_us),
            )
            for row in rows
        ],
    )


@keys.command(epilog="Example: journeyfold keys rotate 7hKq2MbX0a")
@click.argument("key_id")
@project_option
@data_option
@json_option
def rotate(key_id: str, directory: Path, data: Path | None, as_json: bool) -> None:
    """Create a successor of KEY_ID; the old key works for another 24 hours."""
    _show_new(runtime().keys_rotate(require_project(directory), data, key_id=key_id), as_json)


@keys.command(epilog="Example: journeyfold keys revoke 7hKq2MbX0a")
@click.argument("key_id")
@project_option
@data_option
@json_option
def revoke(key_id: str, directory: Path, data: Path | None, as_json: bool) -> None:
    """Make KEY_ID useless, within 5 seconds everywhere."""
    row = runtime().keys_revoke(require_project(directory), data, key_id=key_id)
    if as_json:
        print_json(row)
    else:
        click.echo(f"{row.id} is revoked.")


def _show_new(row: KeyRow, as_json: bool) -> None:
    if as_json:
        print_json(row)
        return
    click.echo(row.key)
    click.echo(f"Keep it: it is not shown again. Id {row.id}, source {row.source}.", err=True)


def _day(us: int) -> str:
    from journeyfold.core.instant import rfc3339

    return rfc3339(us)[:16].replace("T", " ") if us else "-"
