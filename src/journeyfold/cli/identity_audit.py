"""`journeyfold identity audit` and `verify`: can who is who be trusted?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_table

if TYPE_CHECKING:
    from journeyfold.identity.scoring import Labelled
    from journeyfold.project.identity_report import IdentityReport


@click.command(epilog="Example: journeyfold identity audit --labels known-people.csv")
@click.option(
    "--labels", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="CSV with the columns identifier (kind:value) and person: who is who in truth.",
)  # fmt: skip
@click.option("--keep", is_flag=True, help="Keep the report in the log, as the schedule does.")
@project_option
@data_option
@json_option
def audit(
    labels: Path | None, keep: bool, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Look over who is who: sizes, limits, bridges, hubs, refused links, changes, and alerts.

    With labels it also says how good the people are: precision and recall of pairs, B-cubed, people
    found exactly, over- and under-merged.
    """
    require_data(require_project(directory), data)
    told = runtime().identity_audit(directory, data, lambda asks: asks.audit(labels, keep=keep))
    if as_json:
        print_json(told)
        return
    _tell(told.report)
    if told.labels is not None:
        _tell_labels(told.labels)
    if told.kept is not None:
        click.echo(f"kept as record {told.kept}")


@click.command(epilog="Example: journeyfold identity verify")
@project_option
@data_option
@json_option
def verify(directory: Path, data: Path | None, as_json: bool) -> None:
    """Recompute every component on the slow path and compare it with what is stored."""
    require_data(require_project(directory), data)
    told = runtime().identity_audit(directory, data, lambda asks: asks.verify())
    if as_json:
        print_json(told)
    else:
        for each in told.differing:
            click.echo(each)
        click.echo(
            f"{count(told.identifiers, 'identifier')}, {count(told.links, 'link')}, "
            f"{count(told.components, 'component')}: {count(told.differences, 'difference')}"
        )
    if told.differences:
        raise click.exceptions.Exit(1)


def _tell(told: IdentityReport) -> None:
    found = told.audit
    click.echo(
        f"{count(found.people, 'person', 'people')} of {count(found.identifiers, 'identifier')}, "
        f"as of record {told.offset}"
    )
    print_table("Sizes", ("identifiers from", "people"), list(found.sizes.items()))
    density = "" if found.density is None else f", density {found.density:.2f}"
    click.echo(f"99 % have at most {found.size_p99}, the largest {found.size_max}{density}")
    click.echo(
        f"limit conflicts {len(found.conflicts)}, bridges {found.bridges}, "
        f"joined by one link {found.on_one_link}, hubs {found.hubs}"
    )
    odd = told.disagreements
    click.echo(f"contradictions {len(odd.found)} in {odd.looked_at} of {odd.people} looked at")
    if found.suppressed:
        print_table("Refused links", ("reason", "links"), list(found.suppressed.items()))
    days = told.churn
    click.echo(
        f"last day: {count(days.merges.counts[-1], 'merge')}, {count(days.splits.counts[-1], 'split')}, "
        f"{count(days.aliases.counts[-1], 'identifier')} under another id"
    )
    if told.since is not None:
        then = told.since
        kept = "" if then.stability is None else f", {100 * then.stability:.1f} % keep their id"
        click.echo(
            f"since record {then.offset}: {then.merged} merged, {then.split} split, "
            f"{then.unchanged} unchanged{kept}"
        )
    _tell_sample(told)
    for alert in told.alerts:
        click.echo(f"! {alert.text}")


def _tell_sample(told: IdentityReport) -> None:
    sample = told.sample
    if sample.right is None or sample.low is None or sample.high is None:
        click.echo(f"no link was judged yet; {count(len(told.to_judge), 'link')} drawn to be")
    else:
        click.echo(
            f"right links: {100 * sample.right:.1f} % ({100 * sample.low:.1f} to "
            f"{100 * sample.high:.1f}), judged on strata with {100 * sample.covered:.0f} % of them"
        )
    queue = told.queue
    kappa = "" if queue.kappa is None else f", reviewers agree with kappa {queue.kappa:.2f}"
    click.echo(
        f"{count(queue.open, 'pair')} to review, the oldest for {queue.oldest_days:.0f} days{kappa}"
    )


def _tell_labels(told: Labelled) -> None:
    rows = [
        ("pairs", told.precision, told.recall, told.f1),
        ("B-cubed", told.b_cubed_precision, told.b_cubed_recall, told.b_cubed_f1),
    ]
    print_table(
        "Against the labels", ("", "precision", "recall", "F1"),
        [(name, f"{p:.4f}", f"{r:.4f}", f"{f:.4f}") for name, p, r, f in rows],
    )  # fmt: skip
    click.echo(
        f"{count(told.records, 'identifier')}, {told.people} people for {told.true_people}: "
        f"{100 * told.exact:.1f} % exact, {100 * told.over_merged:.1f} % over-merged, "
        f"{100 * told.under_merged:.1f} % under-merged, merge distance {told.merge_distance}"
    )
