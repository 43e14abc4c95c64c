"""`journeyfold outbox`: what waits to be delivered, what failed and why, and sending it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table
from journeyfold.core.errors import UsageError

if TYPE_CHECKING:
    from journeyfold.runtime.outbox_view import Act

F = TypeVar("F", bound=Callable[..., object])
STATES = ("pending", "leased", "unknown", "dead")


def _filters(command: F) -> F:
    """The options that say which rows."""
    options = (
        click.option("--destination", default="", metavar="ID", help="Of this destination."),
        click.option(
            "--state", type=click.Choice(STATES), default=None, help="In this state."
        ),
        click.option("--journey", default="", metavar="ID", help="Of this journey."),
        click.option("--reason", default="", metavar="TEXT", help="Whose reason holds TEXT."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(epilog="Example: journeyfold outbox list --state dead")
def outbox() -> None:
    """List what waits to be delivered; retry, resend or drop it."""


@outbox.command("list", epilog="Example: journeyfold outbox list --destination crm --state dead")
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@_filters
@click.option("--limit", default=100, show_default=True, metavar="N", help="Rows at most.")
@project_option
@data_option
@json_option
def list_(
    keys: tuple[str, ...],
    destination: str,
    state: str | None,
    journey: str,
    reason: str,
    limit: int,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """List rows with their attempts and why they wait, and count all of them by state."""
    require_data(require_project(directory), data)
    words = {
        "destination": destination, "state": state or "", "journey": journey, "reason": reason,
    }  # fmt: skip
    told = runtime().outbox(
        directory, data, lambda asks: asks.listed(asks.filter(keys, **words), limit)
    )
    if as_json:
        print_json(told)
        return
    if not told.counts:
        click.echo("Nothing waits.")
        return
    rows = [
        (row.key, row.destination, row.state, row.attempt, row.journey, row.reason)
        for row in told.rows
    ]
    print_table("", ("key", "destination", "state", "attempts", "journey", "reason"), rows)
    click.echo(", ".join(f"{number} {name}" for name, number in sorted(told.counts.items())))


def _act(verb: Act, sentence: str, example: str) -> click.Command:
    @click.argument("keys", nargs=-1, metavar="[KEY]...")
    @_filters
    @click.option("--all", "every", is_flag=True, help="Every row, where nothing else is said.")
    @click.option("--dry-run", is_flag=True, help="Only count.")
    @project_option
    @data_option
    @json_option
    def act(
        keys: tuple[str, ...],
        destination: str,
        state: str | None,
        journey: str,
        reason: str,
        every: bool,
        dry_run: bool,
        directory: Path,
        data: Path | None,
        as_json: bool,
    ) -> None:
        if not (keys or destination or state or journey or reason or every):
            raise UsageError("say which rows, or --all for every one")
        require_data(require_project(directory), data)
        words = {
            "destination": destination, "state": state or "", "journey": journey,
            "reason": reason,
        }  # fmt: skip
        done = runtime().outbox(
            directory, data,
            lambda asks: asks.act(verb, asks.filter(keys, **words), dry_run=dry_run),
        )  # fmt: skip
        if as_json:
            print_json(done)
            return
        click.echo(f"{verb}: {count(done.rows, 'row')}{_when(done.offset, done.is_folded)}")

    act.__doc__ = sentence
    return click.command(verb, epilog=f"Example: journeyfold outbox {example}")(act)


def _when(offset: int, is_folded: bool) -> str:
    if offset < 0:
        return ", nothing was changed"
    return "" if is_folded else f"; carried out when the platform folds record {offset}"


outbox.add_command(
    _act(
        "retry", "Send dead rows again, from their first attempt; what waits goes at once.",
        "retry --destination crm --reason 503",
    )
)  # fmt: skip
outbox.add_command(
    _act(
        "resend", "Send again, those too of which nobody knows whether they arrived.",
        "resend --state unknown --journey cart",
    )
)  # fmt: skip
outbox.add_command(
    _act("drop", "Give rows up: they are never sent.", "drop --state dead --journey cart")
)
