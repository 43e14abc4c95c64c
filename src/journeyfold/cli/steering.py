"""`journeyfold journey list | show | pause | resume | drain | stop | migrate`: journeys that run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table

if TYPE_CHECKING:
    from journeyfold.journey.control import Action, CatchUp
    from journeyfold.project.reports import JourneyRow


@click.command("list", epilog="Example: journeyfold journey list")
@project_option
@data_option
@json_option
def list_(directory: Path, data: Path | None, as_json: bool) -> None:
    """List the journeys of the project in force, how they stand and how many runs they have."""
    require_data(require_project(directory), data)
    rows = runtime().journey_list(directory, data)
    if as_json:
        print_json({"journeys": rows})
        return
    if not rows:
        click.echo("The project has no journeys.")
        return
    print_table(
        "", ("journey", "version", "status", "running", "title"),
        [(row.id, row.version, _standing(row), row.running, row.title) for row in rows],
    )  # fmt: skip


@click.command(epilog="Example: journeyfold journey show cart")
@click.argument("name", metavar="JOURNEY")
@project_option
@data_option
@json_option
def show(name: str, directory: Path, data: Path | None, as_json: bool) -> None:
    """Show how JOURNEY stands and how many runs are at each step of each version."""
    require_data(require_project(directory), data)
    report = runtime().journey_show(directory, data, journey=name)
    if as_json:
        print_json(report)
        return
    row = report.journey
    click.echo(f"{row.id}, version {row.version}: {_standing(row)}, {count(row.running, 'run')}")
    if report.steps:
        rows = [(each.version, each.step, each.people) for each in report.steps]
        print_table("", ("version", "step", "runs"), rows)
    if report.unknown_zone:
        people = count(report.unknown_zone, "person", "people")
        click.echo(
            f"unknown zone: {people} with a trait `timezone` that is no IANA zone; "
            "their country's or the project's is used"
        )


def _act(action: Action, sentence: str, example: str) -> click.Command:
    @click.argument("name", metavar="JOURNEY")
    @project_option
    @data_option
    @json_option
    def act(name: str, directory: Path, data: Path | None, as_json: bool) -> None:
        _tell(directory, data, name, action, "all", dry_run=False, as_json=as_json)

    act.__doc__ = sentence
    return click.command(action, epilog=f"Example: journeyfold journey {example}")(act)


@click.command(epilog="Example: journeyfold journey resume cart --catch-up skip-expired")
@click.argument("name", metavar="JOURNEY")
@click.option(
    "--catch-up", type=click.Choice(["all", "skip-expired"]), default="all", show_default=True,
    help="What was due meanwhile goes now; skip-expired: but for messages that are too old.",
)  # fmt: skip
@project_option
@data_option
@json_option
def resume(name: str, catch_up: CatchUp, directory: Path, data: Path | None, as_json: bool) -> None:
    """Go on with JOURNEY; waits that are reached now count from now."""
    _tell(directory, data, name, "resume", catch_up, dry_run=False, as_json=as_json)


@click.command(epilog="Example: journeyfold journey migrate cart --dry-run")
@click.argument("name", metavar="JOURNEY")
@click.option("--dry-run", is_flag=True, help="Only tell who would go where.")
@project_option
@data_option
@json_option
def migrate(name: str, dry_run: bool, directory: Path, data: Path | None, as_json: bool) -> None:
    """Take who is in older versions of JOURNEY over to the one in force.

    A step goes to the one that `migrate` names, else to the one of its name, if it is of the same
    kind; who stands where nothing fits stays.
    """
    _tell(directory, data, name, "migrate", "all", dry_run=dry_run, as_json=as_json)


def _tell(
    directory: Path, data: Path | None, name: str, action: Action, catch_up: CatchUp,
    *, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    require_data(require_project(directory), data)
    told = runtime().journey_act(
        directory, data, journey=name, action=action, catch_up=catch_up, dry_run=dry_run
    )
    if as_json:
        print_json(told)
        return
    for version, moves in told.moves.items():
        for move in moves:
            to = f"to {move.to}" if move.to else f"stay: {move.why}"
            click.echo(f"version {version}, {count(move.people, 'run')} at {move.step}: {to}")
    click.echo("nothing was changed" if dry_run else f"{name}: {action} is record {told.offset}")


def _standing(row: JourneyRow) -> str:
    from journeyfold.core.instant import rfc3339

    if row.status == "live":
        return row.status
    return f"{row.status} since {rfc3339(row.since_us)[:19]}Z by {row.by}"


pause = _act(
    "pause", "Let nobody enter JOURNEY and nobody take a step, until it is resumed.", "pause cart"
)
drain = _act("drain", "Let nobody enter JOURNEY; who is in it finishes.", "drain cart")
stop = _act("stop", "Let nobody enter JOURNEY; everybody in it leaves at once.", "stop cart")
COMMANDS = (list_, show, pause, resume, drain, stop, migrate)
