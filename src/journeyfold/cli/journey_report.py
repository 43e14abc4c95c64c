"""`journeyfold journey report`: what became of a journey, in counts and with its lift."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import json_option, print_json, print_table

if TYPE_CHECKING:
    from journeyfold.journey.report import Interval, Lift, Side
    from journeyfold.project.figures import MessageFigures, VersionFigures


@click.command(epilog="Example: journeyfold journey report abandoned-cart")
@click.argument("name", metavar="JOURNEY")
@click.option("--version", "version", default="", metavar="HEX", help="Of this version only.")
@project_option
@data_option
@json_option
def report(directory: Path, data: Path | None, name: str, version: str, as_json: bool) -> None:
    """Show what became of JOURNEY: people per step, why they left, messages, arms and the lift.

    Opens and clicks count once a message; those of machines stand apart. The lift compares those
    who were treated with those held out, with intervals at 95 %.
    """
    from journeyfold.core.errors import UsageError
    from journeyfold.project.nearest import did_you_mean

    require_data(require_project(directory), data)
    found = runtime().journey_report(directory, data, journey=name)
    if as_json:
        print_json(found)
        return
    if version and version not in found.versions:
        hint = did_you_mean(version, found.versions) or "nobody has entered any"
        raise UsageError(f"{name} has no version {version}; {hint}")
    _print(found.versions[version] if version else found.total)
    if found.stage_moves and not version:
        print_table(
            "Moves to another stage",
            ("days", "lifecycle", "from", "to", "treated", "held out", "difference"),
            [
                (move.days, move.lifecycle, move.came_from, move.to, _of(move.lift.treated),
                 _of(move.lift.held_out), _percent(move.lift.difference))
                for move in found.stage_moves
            ],
        )  # fmt: skip


def _print(told: VersionFigures) -> None:
    click.echo(f"entered {told.entered}, running {told.running}, goals {told.goals}")
    for title, counts in (("ended", told.ended), ("refused", told.refused)):
        if counts:
            click.echo(f"{title}: {_counts(counts)}")
    for line in lift_lines(told.lift):
        click.echo(line)
    if told.steps:
        print_table(
            "Steps", ("step", "reached", "waiting", "passed", "dropped", "held", "skipped"),
            [
                (name, step.reached, step.waiting, step.passed, _counts(step.dropped),
                 _counts(step.held), _counts(step.skipped))
                for name, step in told.steps.items()
            ],
        )  # fmt: skip
    if told.arms:
        print_table(
            "Arms", ("step", "arm", "people", "goals", "rate", "difference to the held out"),
            [
                (each.step, each.arm, each.lift.treated.people, each.lift.treated.goals,
                 _percent(each.lift.treated_rate), _percent(each.lift.difference))
                for each in told.arms
            ],
        )  # fmt: skip
    for message in told.messages:
        click.echo(_message(message))
        if message.lift is not None and message.lift.held_out.people:
            click.echo(f"  {_compared(message.lift)}")


def _message(one: MessageFigures) -> str:
    """What is nothing is left out, but for what was sent."""
    counts = {
        "delivered": one.delivered, "opened": one.opened, "opened by machine": one.opened_by_machine,
        "clicked": one.clicked, "clicked by machine": one.clicked_by_machine,
        "bounced": one.bounced, "complained": one.complained, "unsubscribed": one.unsubscribed,
        "failed": one.failed, "unknown": one.unknown, "goals": one.goals,
    }  # fmt: skip
    told = ", ".join(f"{what} {n}" for what, n in counts.items() if n)
    value = f", worth {one.value_micros / 1_000_000:.2f}" if one.value_micros else ""
    arm = f" [{one.arm}]" if one.arm else ""
    return f"{one.step}: {one.template}{arm}: sent {one.sent}{', ' if told else ''}{told}{value}"


def _compared(lift: Lift) -> str:
    """Of one message and variant, beside those held out who came to it in the same way."""
    verdict = "" if lift.difference.is_clear else "; chance alone could do it"
    return (
        f"treated {_of(lift.treated)}, held out {_of(lift.held_out)}: "
        f"difference {_percent(lift.difference)}{verdict}"
    )


def _of(side: Side) -> str:
    return f"{side.goals} of {side.people}"


def lift_lines(lift: Lift) -> Iterator[str]:
    """What treating people changed, in sentences; nothing where nobody is held out."""
    if not lift.held_out.people or not lift.treated.people:
        return
    yield (f"treated  {lift.treated.goals} of {lift.treated.people}  {_percent(lift.treated_rate)}")
    yield (
        f"held out {lift.held_out.goals} of {lift.held_out.people}  {_percent(lift.held_out_rate)}"
    )
    verdict = "" if lift.difference.is_clear else "; chance alone could do it"
    yield f"difference {_percent(lift.difference)}{verdict}"
    yield f"ratio {_number(lift.ratio)}, value per person {_number(lift.value_difference)} more"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))


def _percent(interval: Interval) -> str:
    if interval.estimate is None:
        return "unknown"
    low, high = interval.low, interval.high
    shown = f"{100 * interval.estimate:.1f} %"
    return (
        shown if low is None or high is None else f"{shown} ({100 * low:.1f} to {100 * high:.1f})"
    )


def _number(interval: Interval) -> str:
    shown = [
        f"{value:.2f}" if value is not None else "?"
        for value in (interval.estimate, interval.low, interval.high)
    ]
    return f"{shown[0]} ({shown[1]} to {shown[2]})"
