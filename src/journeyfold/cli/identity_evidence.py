"""`journeyfold identity evidence`: say that two are one, or never, or that evidence was wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json
from journeyfold.core.errors import UsageError

if TYPE_CHECKING:
    from journeyfold.identity.evidence import Verdict
    from journeyfold.runtime.evidence_desk import Holding

F = TypeVar("F", bound=Callable[..., object])
METHODS = ("event", "alias", "import", "review", "linkage")


def _common(command: F) -> F:
    options = (
        click.option("--dry-run", is_flag=True, help="Only tell what would change."),
        project_option, data_option, json_option,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(epilog="Example: journeyfold identity evidence link user_id:42 email:a@example.com")
def evidence() -> None:
    """Give evidence: link, cannot, retract, block. It is a record, and can be retracted."""


@evidence.command(epilog="Example: journeyfold identity evidence link user_id:42 customer_id:7")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@_common
def link(a: str, b: str, dry_run: bool, directory: Path, data: Path | None, as_json: bool) -> None:
    """A and B are one person. Of one kind, both values count once for its limit."""
    _give(directory, data, lambda: _pair("link", a, b), dry_run=dry_run, as_json=as_json)


@evidence.command(epilog="Example: journeyfold identity evidence cannot user_id:42 user_id:43")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@_common
def cannot(
    a: str, b: str, dry_run: bool, directory: Path, data: Path | None, as_json: bool
) -> None:
    """A and B are never one person; if they are, they are parted at once."""
    _give(directory, data, lambda: _pair("cannot_link", a, b), dry_run=dry_run, as_json=as_json)


@evidence.command(epilog="Example: journeyfold identity evidence retract --batch 4f1c09aa-1042")
@click.argument("evidence_id", required=False, metavar="[ID]")
@click.option("--batch", metavar="TEXT", help="Every link of this import run or model.")
@click.option("--source", metavar="NAME", help="Every link of this source.")
@click.option("--method", type=click.Choice(METHODS), help="Every link made this way.")
@_common
def retract(
    evidence_id: str | None, batch: str | None, source: str | None, method: str | None,
    dry_run: bool, directory: Path, data: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Take evidence back: the one with ID, or all links that every option given fits.

    Links to come are meant, too. A retract can be retracted by its own id.
    """

    def verdict() -> Verdict:
        import msgspec

        from journeyfold.identity.evidence import Selector, Verdict

        chosen = [each for each in (batch, source, method) if each is not None]
        if (evidence_id is None) == (not chosen):
            raise UsageError("say either the id of evidence, or --batch, --source or --method")
        if evidence_id is not None:
            return Verdict("retract", target=evidence_id)
        told = {"batch": batch, "source": source, "method": method}
        return Verdict("retract", selector=msgspec.convert(told, Selector))

    _give(directory, data, verdict, dry_run=dry_run, as_json=as_json)


@evidence.command(epilog="Example: journeyfold identity evidence block email '^till@'")
@click.argument("kind", metavar="KIND")
@click.argument("pattern", metavar="PATTERN")
@_common
def block(
    kind: str, pattern: str, dry_run: bool, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Values of KIND in which PATTERN is found name nobody, in the past too."""

    def verdict() -> Verdict:
        from journeyfold.identity.evidence import Verdict

        try:
            return Verdict("block", kind=kind, pattern=pattern)
        except ValueError as error:
            raise UsageError(str(error)) from error

    _give(directory, data, verdict, dry_run=dry_run, as_json=as_json)


def _pair(verdict: str, a: str, b: str) -> Verdict:
    from journeyfold.identity.evidence import Verdict
    from journeyfold.runtime.evidence_desk import claim_of

    one, other = claim_of(a), claim_of(b)
    if verdict == "cannot_link":
        return Verdict("cannot_link", one, other)
    return Verdict("link", one, other, equivalent=one.kind == other.kind)


def _in_words(held: Holding) -> str:
    said = [count(held.events, "event"), count(held.messages, "message")]
    for name, each in (("segments", held.segments), ("journeys", held.journeys)):
        said += [f"{name} {', '.join(each)}"] if each else []
    return "; ".join(said)


def _give(
    directory: Path, data: Path | None, verdict: Callable[[], Verdict], *, dry_run: bool,
    as_json: bool,
) -> None:  # fmt: skip
    require_data(require_project(directory), data)
    said = verdict()
    done = runtime().identity(directory, data, lambda asks: asks.evidence(said, dry_run=dry_run))
    if as_json:
        print_json(done)
        return
    for each in done.consequences:
        click.echo(f"  {each.change}: {' → '.join(each.people)}{each.why}")
        for person, part in zip(each.people, each.parts, strict=False):
            click.echo(f"    {person}: {', '.join(part)}")
        for person, held in zip(each.people, each.holds, strict=False):
            if held is not None:
                click.echo(f"    {person} has {_in_words(held)}")
    if not done.consequences:
        click.echo("  changes nobody now; it holds for what comes")
    click.echo("nothing was written" if done.offset is None else f"said by record {done.offset}")
