"""`journeyfold identity`: who is who; what links people, what keeps them apart, and who may be one.

Groups and commands that stand in files of their own are added at the end.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.identity_audit import audit, verify
from journeyfold.cli.identity_evidence import evidence
from journeyfold.cli.output import count, json_option, print_json, print_table, progress_bar
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import rfc3339

if TYPE_CHECKING:
    from journeyfold.identity.explain import Identity
    from journeyfold.identity.review import Answer, Ran

ANSWERS: tuple[Answer, ...] = ("same", "different", "unsure")


@click.group(epilog="Example: journeyfold identity resolve user_id:42")
def identity() -> None:
    """See who is who; give evidence; compare records that share no identifier."""


@identity.command(epilog="Example: journeyfold identity resolve user_id:42")
@click.argument("person", metavar="PERSON")
@click.option("--as-of", type=click.IntRange(0), metavar="OFFSET", help="As it was at this record.")
@project_option
@data_option
@json_option
def resolve(
    person: str, as_of: int | None, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Show who PERSON is: the id, every identifier, and the links that hold or would hold them.

    PERSON is an id (p_…), a former one too, or kind:value.
    """
    require_data(require_project(directory), data)
    found = runtime().identity(directory, data, lambda asks: asks.resolve(person, as_of))
    if as_json:
        print_json(found)
        return
    _tell(found)


@identity.command("link-records", epilog="Example: journeyfold identity link-records --full")
@click.option("--full", is_flag=True, help="Learn anew and compare everything.")
@project_option
@data_option
@json_option
def link_records(full: bool, directory: Path, data: Path | None, as_json: bool) -> None:
    """Compare people and imported records that share no identifier, and propose who may be one.

    What is compared, and how, stands under `linkage:` in identity.yaml. Without --full only new
    records are compared, under the model of the last full run.
    """
    require_data(require_project(directory), data)
    with progress_bar() as progress:
        told = runtime().identity(
            directory, data, lambda asks: asks.link_records(full=full, progress=progress)
        )
    if as_json:
        print_json(told)
        return
    _tell_run(told)


@identity.command(
    epilog="Example: journeyfold identity review 3f0c9a51d2be48f0a7e64a4f5d0b6c11 same"
)
@click.argument("pair", required=False, metavar="[PAIR]")
@click.argument("answer", required=False, type=click.Choice(ANSWERS), metavar="[ANSWER]")
@click.option(
    "--by", default="command line", show_default=True, metavar="NAME", help="Who says so."
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="N",
    help="Pairs at most.",
)
@project_option
@data_option
@json_option
def review(
    pair: str | None, answer: str | None, by: str, limit: int, directory: Path, data: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """List pairs that wait for somebody, the strongest first; or say what PAIR is.

    ANSWER is same, different or unsure.
    """
    require_data(require_project(directory), data)
    if pair is not None:
        said: Answer | None = next((each for each in ANSWERS if each == answer), None)
        if said is None:
            raise UsageError(f"say what {pair} is: {', '.join(ANSWERS)}")
        offset = _answer(directory, data, pair, said, by)
        if as_json:
            print_json({"pair": pair, "answer": answer, "offset": offset})
        else:
            click.echo(f"{answer}, said by record {offset}")
        return
    queue = runtime().identity(directory, data, lambda asks: asks.queue(limit))
    if as_json:
        print_json(queue)
        return
    if not queue.pairs:
        click.echo("No pair waits. `journeyfold identity link-records` looks for some.")
        return
    rows = [(row.id, row.a, row.b, row.weight, ", ".join(row.said)) for row in queue.pairs]
    print_table("", ("pair", "one", "other", "weight", "said"), rows, whole="pair")
    rest = f"; {queue.unlisted} more found no room" if queue.unlisted else ""
    click.echo(f"{count(queue.open, 'pair')} {'waits' if queue.open == 1 else 'wait'}{rest}.")


def _answer(directory: Path, data: Path | None, pair: str, said: Answer, by: str) -> int:
    return runtime().identity(directory, data, lambda asks: asks.answer(pair, said, by))


def _tell(found: Identity) -> None:
    click.echo(found.person)
    rows = [(node.kind, node.value, rfc3339(node.first_us)[:19]) for node in found.nodes]
    print_table("", ("kind", "value", "first seen"), rows)
    links = [
        (f"{link.a[0]}:{link.a[1]}", f"{link.b[0]}:{link.b[1]}", link.method, link.id, link.reason)
        for link in (*found.accepted, *found.suppressed)
    ]
    if links:
        print_table("", ("one", "other", "by", "evidence", "refused"), links, whole="evidence")


def _tell_run(told: Ran) -> None:
    new = "every record" if told.mode == "full" else "new records"
    click.echo(
        f"model {told.model}: {new} of {count(told.rows, 'record')} compared, "
        f"{count(told.pairs, 'pair')} scored in {told.seconds:.1f} s"
    )
    click.echo(
        f"{told.review} to review, {told.auto} automatic, {told.known} one person already, "
        f"{told.refused} kept apart by a verdict, {told.implied} that follow from others, "
        f"{told.dropped} dropped"
    )
    if told.unlisted:
        click.echo(f"{told.unlisted} more are worth a look and found no room in the queue")
    if told.left_out:
        click.echo(f"{count(told.left_out, 'identifier')} left out: objected, or erased")
    for each in told.skipped:
        click.echo(f"not looked at, too many share a value: {each}")


identity.add_command(evidence)
identity.add_command(audit)
identity.add_command(verify)
