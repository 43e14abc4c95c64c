"""`journeyfold quality run | show`: rules about recorded data, and what they found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table, progress_bar

if TYPE_CHECKING:
    from journeyfold.project.quality_report import QualityReport, RuleLine

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    del ctx, param
    if value is not None and not _DAY.fullmatch(value):
        raise click.BadParameter(f"'{value}' is no day; write 2026-11-01")
    return value


@click.command(epilog='Example: journeyfold quality run --dataset "events/Order Completed"')
@click.option("--dataset", help="Only the rules about this dataset.")
@click.option("--since", callback=_day, help="Only days from this one on (UTC).")
@project_option
@data_option
@json_option
@click.pass_context
def run(
    ctx: click.Context, dataset: str | None, since: str | None, directory: Path,
    data: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Run the rules of quality/ over what is recorded.

    Every UTC day and source is judged by itself, and what the days come to together decides: the
    command ends with 1 when a rule fails or cannot be run. Alerts are opened and closed as after
    the night's run.
    """
    require_data(require_project(directory), data)
    with progress_bar() as progress:
        report = runtime().quality_run(
            directory, data, dataset=dataset or "", since=since or "", progress=progress,
            report=lambda text: click.echo(text, err=True),
        )  # fmt: skip
    why = f"nothing is of {since} or later" if since else "quality/ holds no rule"
    _print(report, f"No rule has been run: {why}.", as_json=as_json)
    if any(line.status in {"fail", "error"} for line in report.rules):
        ctx.exit(1)


@click.command(epilog="Example: journeyfold quality show --json")
@click.option("--dataset", help="Only the rules about this dataset.")
@project_option
@data_option
@json_option
def show(dataset: str | None, directory: Path, data: Path | None, as_json: bool) -> None:
    """Show what the last runs found, the scores, and how fresh every source is."""
    require_data(require_project(directory), data)
    report = runtime().quality_show(directory, data, dataset=dataset or "")
    empty = "No rule has been run; `journeyfold quality run` runs those of quality/."
    _print(report, empty, as_json=as_json)


def _print(report: QualityReport, empty: str, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
        return
    if not report.rules:
        click.echo(empty)
    else:
        print_table(
            "", ("dataset", "rule", "source", "n", "bad", "value", "status"),
            [(each.dataset, each.rule, each.source, each.n, each.bad, _share(each.value), each.status)
             for each in report.rules],
        )  # fmt: skip
    for each in report.rules:
        if each.status in {"fail", "error"}:
            shown = ", ".join(each.samples[:3]) or "no sample"
            of = f" of {each.source}" if each.source not in {"", each.dataset} else ""
            when = _kept(each) if each.status == "error" else _when(each.worst_day)
            click.echo(f"{each.rule}{of}: {each.detail or shown}{when}")
            if each.dimension == "reconciliation":  # whose purpose is to say what differs
                for sample in each.samples:
                    click.echo(f"  {sample}")
    if report.scores:
        print_table(
            "", ("source", "score", "dimensions", "rules", "coverage"),
            [(each.source, _share(each.score), _dimensions(each.dimensions), each.rules,
              _share(each.coverage)) for each in report.scores],
        )  # fmt: skip
    if report.freshness:
        print_table(
            "", ("source", "state", "told"),
            [(each.source, each.state, each.told) for each in report.freshness],
        )  # fmt: skip
    if not report.ledger_gap:
        click.echo("The ledger balances: received = appended + duplicate + quarantined + rejected.")
    else:
        click.echo(
            f"The ledger does not balance: {count(report.ledger_gap, 'message')} unaccounted."
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.5f}".rstrip("0").rstrip(".")


def _dimensions(told: dict[str, float]) -> str:
    return ", ".join(f"{name} {_share(value)}" for name, value in told.items())


def _kept(line: RuleLine) -> str:
    return f" (cannot be run; the figures are of {line.newest_day})" if line.n else ""


def _when(day: str) -> str:
    return f" (worst on {day})" if day else ""
