"""`journeyfold why`: the records and rules behind a membership, a decision or a merge."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import json_option, print_json
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import rfc3339

_FORMS = "why PERSON segment ID, why PERSON journey ID, why decision ID, or why PERSON PERSON"


@click.command(
    epilog="""\b
Examples:
  journeyfold why user_id:ann segment cart-abandoned
  journeyfold why user_id:ann journey cart
  journeyfold why decision 3f0c9a51d2be48f0a7e64a4f5d0b6c11
  journeyfold why user_id:ann anonymous_id:a9"""
)
@click.argument("question", nargs=-1, required=True, metavar="QUESTION...")
@click.option("--as-of", type=click.IntRange(0), metavar="OFFSET", help="As it was at this record.")
@project_option
@data_option
@json_option
def why(
    question: tuple[str, ...], as_of: int | None, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Explain a membership, a way through a journey, a decision or why two are one person.

    QUESTION is PERSON segment ID, PERSON journey ID, decision ID, or two persons. A person is an id (p_…) or
    kind:value, as user_id:42.
    """
    require_data(require_project(directory), data)
    match question:
        case (person, "segment", segment):
            told = runtime().why_membership(
                directory, data, person=person, segment=segment, as_of=as_of
            )
        case (person, "journey", journey):
            told = runtime().why_journey(
                directory, data, person=person, journey=journey, as_of=as_of
            )
        case ("decision", decision):
            told = runtime().why_decision(directory, data, decision=decision)
        case (a, b):
            told = runtime().why_same_person(directory, data, a=a, b=b, as_of=as_of)
        case _:
            raise UsageError(f"this question has no form I know; write {_FORMS}")
    if as_json:
        print_json(told)
        return
    click.echo(told.answer)
    for reason in told.reasons:
        at = f"  {rfc3339(reason.at_us)}" if reason.at_us else ""
        record = f"  (record {reason.offset})" if reason.offset >= 0 else ""
        click.echo(f"  - {reason.text}{at}{record}")
