"""`journeyfold journey`: what a journey would do, before anybody is in it; the commands on those
that run stand in `cli/steering.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.journey_report import report
from journeyfold.cli.output import json_option, print_json, progress_bar
from journeyfold.cli.steering import COMMANDS
from journeyfold.core.errors import UsageError

if TYPE_CHECKING:
    from journeyfold.project.reports import Simulation
    from journeyfold.project.scenario import Travelled


@click.group(epilog="Example: journeyfold journey simulate cart --events events.yaml")
def journey() -> None:
    """List journeys, steer those that run, and play one in virtual time."""


for command in (*COMMANDS, report):
    journey.add_command(command)


@journey.command(
    epilog="Example: journeyfold journey simulate cart --people 1000 --from 2026-03-01T00:00:00Z"
)
@click.argument("name", metavar="JOURNEY")
@click.option(
    "--events", "events", metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A list of events, written as under `given` in tests/*.yaml; or records as `export "
    "events` writes them, when the name ends in .ndjson or .jsonl.",
)  # fmt: skip
@click.option(
    "--people", "people", type=click.IntRange(1, 1_000_000), metavar="N",
    help="Invented shoppers, the same every time, who visit the shop template's pages.",
)  # fmt: skip
@click.option(
    "--as-of", "as_of", type=click.IntRange(0), metavar="OFFSET",
    help="Recorded events of the log up to this record.",
)  # fmt: skip
@click.option(
    "--from", "since", metavar="INSTANT",
    help="Where the lines begin, and --until is counted from. Invented people begin to live then: "
    "today, where it is not said.",
)  # fmt: skip
@click.option(
    "--until", "until", default="90d", show_default=True, metavar="SPAN",
    help="How long time goes on after --from, or after the last event.",
)  # fmt: skip
@project_option
@data_option
@json_option
def simulate(
    directory: Path, data: Path | None, name: str, events: Path | None, people: int | None,
    as_of: int | None, since: str | None, until: str, as_json: bool,
) -> None:  # fmt: skip
    """Play events through JOURNEY and print what happens to whom, and when.

    The events are those of FILE, of invented people, or else of the log. The engine, the waits,
    the gates and the caps are the real ones; nothing is sent and nothing is recorded.
    """
    from journeyfold.core.instant import duration_us, instant_us, rfc3339
    from journeyfold.project.reports import Simulation

    if sum(each is not None for each in (events, people, as_of)) > 1:
        raise UsageError("one of --events, --people and --as-of says whose events are played")
    then_us, from_us = duration_us(until), instant_us(since) if since else None
    if then_us is None:
        raise UsageError(f"--until: '{until}' is no span; write it like 30d")
    if since and from_us is None:
        raise UsageError(f"--from: '{since}' is no instant; write it like 2026-03-01T00:00:00Z")
    asked = Simulation(name, then_us, from_us, events, people, as_of)
    lines = _lines(directory, data, asked)
    if as_json:
        print_json({"journey": name, "lines": lines})
        return
    for line in lines:
        click.echo(f"{rfc3339(line.at_us)}  {line.person}  {line.place}  {line.what}")
    if not lines:
        click.echo(f"nobody entered {name}")


def _lines(directory: Path, data: Path | None, asked: Simulation) -> list[Travelled]:
    from journeyfold.project.check import load_checked
    from journeyfold.project.load import read_directory
    from journeyfold.project.nearest import did_you_mean
    from journeyfold.project.simulation import simulate as played

    project, events = load_checked(read_directory(require_project(directory))), asked.events
    if asked.journey not in project.journeys:
        hint = did_you_mean(asked.journey, project.journeys) or "journeys/ has none"
        raise UsageError(f"there is no journey '{asked.journey}'; {hint}")
    if events is not None and events.suffix not in {".ndjson", ".jsonl"}:
        found = played(
            project, asked.journey, events.name, events.read_text("utf-8"), asked.then_us,
            runtime().rehearsal,
        )  # fmt: skip
        return [line for line in found if line.at_us >= (asked.from_us or 0)]
    if events is None and asked.people is None:
        require_data(directory, data)
    with progress_bar() as progress:
        return runtime().simulate(directory, data, project=project, asked=asked, progress=progress)
