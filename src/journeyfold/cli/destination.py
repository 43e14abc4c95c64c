"""`journeyfold destination`: where deliveries go, what holds them up, and going on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from journeyfold.runtime.outbox_view import DestinationAct, DestinationCard


@click.group(epilog="Example: journeyfold destination list")
def destination() -> None:
    """List destinations with what waits there; pause and resume them."""


@destination.command("list", epilog="Example: journeyfold destination list")
@project_option
@data_option
@json_option
def list_(directory: Path, data: Path | None, as_json: bool) -> None:
    """List destinations: their breaker, what waits there, and why one is paused."""
    require_data(require_project(directory), data)
    cards = runtime().outbox(directory, data, lambda asks: asks.destinations())
    if as_json:
        print_json({"destinations": cards})
        return
    if not cards:
        click.echo("The project has no destinations.")
        return
    rows = [(each.id, each.type, _standing(each), _waiting(each), each.reason) for each in cards]
    print_table("", ("destination", "type", "status", "rows", "reason"), rows)


def _act(verb: DestinationAct, sentence: str) -> click.Command:
    @click.argument("name", metavar="DESTINATION")
    @project_option
    @data_option
    @json_option
    def act(name: str, directory: Path, data: Path | None, as_json: bool) -> None:
        require_data(require_project(directory), data)
        done = runtime().outbox(directory, data, lambda asks: asks.destination_act(verb, name))
        if as_json:
            print_json(done)
            return
        when = "carried out" if done.is_folded else "carried out when the platform folds it"
        click.echo(f"{name}: {verb} is record {done.offset}, {when}")

    act.__doc__ = sentence
    return click.command(verb, epilog=f"Example: journeyfold destination {verb} crm")(act)


def _standing(card: DestinationCard) -> str:
    return card.status if card.breaker == "closed" else f"{card.status}, breaker {card.breaker}"


def _waiting(card: DestinationCard) -> str:
    return ", ".join(f"{number} {state}" for state, number in sorted(card.rows.items()))


destination.add_command(_act("pause", "Give DESTINATION nothing more; its rows wait."))
destination.add_command(_act("resume", "Go on with DESTINATION after it was mended."))
