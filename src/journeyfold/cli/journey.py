"""`journeyfold journey`: what a journey would do, before anybody is in it; the commands on those
that run stand in `cli/steering.py`.
"""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import project_option, require_project
from journeyfold.cli.output import json_option, print_json
from journeyfold.cli.steering import COMMANDS
from journeyfold.core.errors import UsageError


@click.group(epilog="Example: journeyfold journey simulate cart --events events.yaml")
def journey() -> None:
    """List journeys, steer those that run, and play one in virtual time."""


for command in COMMANDS:
    journey.add_command(command)


@journey.command(
    epilog="Example: journeyfold journey simulate cart --events events.yaml --until 30d"
)
@click.argument("name", metavar="JOURNEY")
@click.option(
    "--events", "events", required=True, metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A list of events, written as under `given` in tests/*.yaml.",
)  # fmt: skip
@click.option(
    "--until", "until", default="90d", show_default=True, metavar="SPAN",
    help="How long time goes on after the last event.",
)  # fmt: skip
@project_option
@json_option
def simulate(directory: Path, name: str, events: Path, until: str, as_json: bool) -> None:
    """Play the events of FILE through JOURNEY and print what happens to whom, and when.

    The engine, the waits, the gates and the caps are the real ones; nothing is sent and nothing
    is recorded.
    """
    from journeyfold.core.instant import duration_us, rfc3339
    from journeyfold.project.check import load_checked
    from journeyfold.project.load import read_directory
    from journeyfold.project.nearest import did_you_mean
    from journeyfold.project.simulation import simulate as played

    then_us = duration_us(until)
    if then_us is None:
        raise UsageError(f"--until: '{until}' is no span; write it like 30d")
    project = load_checked(read_directory(require_project(directory)))
    if name not in project.journeys:
        hint = did_you_mean(name, project.journeys) or "journeys/ has none"
        raise UsageError(f"there is no journey '{name}'; {hint}")
    lines = played(
        project, name, events.name, events.read_text("utf-8"), then_us, runtime().rehearsal
    )
    if as_json:
        print_json({"journey": name, "lines": lines})
        return
    for line in lines:
        click.echo(f"{rfc3339(line.at_us)}  {line.person}  {line.place}  {line.what}")
    if not lines:
        click.echo(f"nobody entered {name}")
