"""`journeyfold erase`: forget a person. Says what goes, asks for the word, and is audited."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table
from journeyfold.core.errors import UsageError

if TYPE_CHECKING:
    from journeyfold.project.erasure import Going

WORD = "erase"


@click.command(epilog='Example: journeyfold erase email:ann@example.org --reason "letter of 3 May"')
@click.argument("person", metavar="PERSON")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it goes into the audit.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@click.option(
    "--confirm", metavar="WORD", default="", help=f"`{WORD}`, for a script that cannot be asked."
)
@project_option
@data_option
@json_option
def erase(
    person: str, reason: str, dry_run: bool, confirm: str, directory: Path, data: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Forget PERSON: an id (p_…) or kind:value, with everything known under all their identifiers.

    Profile, segments, journeys, timers, waiting messages and links of identity go; a keyed hash
    stays, so that nothing of before comes back. Records in the log are not rewritten.
    """
    require_data(require_project(directory), data)
    going = runtime().erasing(directory, data, person=person)
    if not as_json:
        _tell(going)
    if dry_run:
        if as_json:
            print_json({"going": going, "offset": None})
        return
    said = confirm or ("" if as_json else click.prompt(f"type '{WORD}' to go on", default=""))
    if said != WORD:
        raise UsageError(f"nothing was erased; say --confirm {WORD}, or type it when asked")
    offset = runtime().erase(directory, data, going=going, reason=reason)
    if as_json:
        print_json({"going": going, "offset": offset})
    else:
        click.echo(f"asked for by record {offset}; the running platform forgets within a second")


def _tell(going: Going) -> None:
    click.echo(f"{going.person} is to be forgotten. What goes:")
    rows = [
        ("identifiers", ", ".join(f"{kind}:{value}" for kind, value in going.identifiers)),
        ("traits", ", ".join(going.traits)),
        ("segments", ", ".join(going.segments)),
        ("journeys", ", ".join(going.journeys)),
        ("waiting", count(going.waiting, "message or call", "messages and calls")),
        ("sent", f"what is remembered of {count(going.sent, 'message')}"),
    ]
    print_table("", ("what", "which"), [(name, text or "-") for name, text in rows])
    click.echo(f"{count(going.records, 'record')} of theirs stay in the log.")
