"""`journeyfold plan`: what a changed project would have made of recorded history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from journeyfold.project.plan_report import (
        IdentityChange,
        JourneyChange,
        PlanReport,
        SegmentChange,
    )

CHANGES = 2


@click.command(epilog="Example: journeyfold plan ../shop-new --window 30d")
@click.argument("changed", type=click.Path(path_type=Path), default=None, required=False)
@click.option("--window", default="30d", show_default=True, metavar="SPAN", help="How far back.")
@project_option
@data_option
@json_option
@click.pass_context
def plan(
    ctx: click.Context,
    changed: Path | None,
    window: str,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """Replay recorded history through the project in CHANGED and print the difference.

    CHANGED is a project directory; without it the current directory is compared with the project
    in force. Exit code 0: no difference; 2: differences.
    """
    from journeyfold.core.instant import duration_us

    require_data(require_project(directory), data)
    if not duration_us(window):
        raise click.UsageError(f"--window: '{window}' is no span; write 30d or 12h.")
    with progress_bar() as progress:
        report = runtime().plan(
            directory,
            data,
            changed=require_project(changed or directory),
            window=window,
            progress=progress,
        )
    if as_json:
        print_json(report)
    else:
        _print(report)
    ctx.exit(CHANGES if report.has_changes else 0)


def _print(report: PlanReport) -> None:
    click.echo(
        f"{count(report.records, 'record')} of {report.window}, "
        f"{count(report.people, 'person', 'people')}"
    )
    for name, change in sorted(report.definitions.items()):
        click.echo(f"  {change:8} {name}")
    if report.identity is not None:
        _print_identity(report.identity)
    _print_changes("segment", report.segments)
    _print_changes("stage", report.stages)
    if report.traits:
        traits = [(each.trait, each.people, each.lost) for each in report.traits]
        print_table("", ("trait", "another value", "of them none"), traits)
    if report.decisions:
        rows = [(each.placement, each.compared, each.differ) for each in report.decisions]
        print_table("", ("placement", "decisions", "would differ"), rows)
        for decided in report.decisions:
            for example in decided.examples:
                click.echo(f"  {decided.placement}: {example}")
    for journey in report.journeys:
        _print_journey(journey)
    click.echo(f"{count(report.untouched, 'definition')} untouched")
    if not report.has_changes:
        click.echo("No difference.")


def _print_identity(told: IdentityChange) -> None:
    """Who would be one person, who would not, and under which limits."""
    for limit in told.limits:
        click.echo(f"  limit {limit}")
    click.echo(
        f"identity: {count(told.merges, 'person', 'people')} made of several, "
        f"{count(told.splits, 'person', 'people')} split; "
        f"{count(told.gained, 'identifier')} more, {told.lost} fewer"
    )
    for each in told.examples:
        click.echo(f"  {each.change}: {' | '.join(', '.join(part) for part in each.parts)}")


def _print_changes(what: str, changes: tuple[SegmentChange, ...]) -> None:
    if not changes:
        return
    rows = [(each.segment, each.before, each.after, each.entered, each.left) for each in changes]
    print_table("", (what, "before", "after", "entering", "leaving"), rows)
    for change in changes:
        for mover in change.examples:
            click.echo(f"  {mover.person} {mover.direction} {change.segment}: {mover.because}")


def _print_journey(told: JourneyChange) -> None:
    """Who would have entered, what would have left when, and what would have held it back."""
    before = "" if told.entered_before is None else f", {told.entered_before} as it is"
    click.echo(
        f"journey {told.journey} ({told.change}): {count(told.entered, 'entry', 'entries')} by "
        f"{count(told.people, 'person', 'people')}{before}; {told.held_out} held out; "
        f"{count(told.sent, 'message')}"
    )
    for example in told.examples:
        click.echo(f"  enters: {example}")
    for message in told.messages:
        click.echo(f"  sends {message.template} at {message.step}: {message.sent}")
    if told.days:
        rows = [
            (day.day, day.entered, day.sent, _gates(day.held), _gates(day.skipped))
            for day in told.days
        ]
        print_table("", ("day", "entering", "sent", "held", "skipped"), rows)
    for move in told.moves:
        goes = f"to {move.to}" if move.to else f"stays: {move.why}"
        click.echo(f"  {count(move.people, 'person', 'people')} at {move.step} {goes}")


def _gates(counts: dict[str, int]) -> str:
    return ", ".join(f"{gate} {n}" for gate, n in sorted(counts.items()))
