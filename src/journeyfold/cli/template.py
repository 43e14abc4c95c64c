"""`journeyfold template`: a message as a person would get it, and a test of it to an address."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import json_option, print_json
from journeyfold.core.errors import EngineError

_person = click.option(
    "--person", "person", required=True, metavar="PERSON",
    help="Whose values it shows: an id (p_…) or kind:value, as user_id:42.",
)  # fmt: skip


@click.group(epilog="Example: journeyfold template preview cart --person user_id:ann")
def template() -> None:
    """Preview a message as a person would get it, and send a test."""


@template.command(
    epilog="Example: journeyfold template preview cart --person user_id:ann --html cart.html"
)
@click.argument("name", metavar="ID")
@_person
@click.option(
    "--html", "html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Write the HTML there.",
)  # fmt: skip
@project_option
@data_option
@json_option
def preview(
    name: str, person: str, html: Path | None, directory: Path, data: Path | None, as_json: bool
) -> None:
    """Show the message of templates/ID for one person: headers and text.

    Links are those of the template: nothing is tracked and nothing is sent.
    """
    require_data(require_project(directory), data)
    mail = runtime().template_preview(directory, data, template=name, person=person)
    if html is not None:
        html.write_text(mail.html, "utf-8")
    if as_json:
        print_json(mail)
        return
    for header, value in (("From", mail.sender), ("To", mail.to), ("Subject", mail.subject)):
        click.echo(f"{header}: {value}")
    click.echo(f"\n{mail.text}")


@template.command(
    "send-test",
    epilog="Example: journeyfold template send-test cart --person user_id:ann --to me@shop.example",
)
@click.argument("name", metavar="ID")
@_person
@click.option("--to", "to", required=True, metavar="ADDRESS", help="Who gets it.")
@click.option(
    "--destination", default="", metavar="ID",
    help="Over this destination; else over the first that carries e-mail.",
)  # fmt: skip
@project_option
@data_option
@json_option
def send_test(
    name: str,
    person: str,
    to: str,
    destination: str,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """Send the message of templates/ID to ADDRESS with the values of one person.

    It goes out for real, marked as a test, and counts for nobody.
    """
    require_data(require_project(directory), data)
    told = runtime().template_test(
        directory, data, template=name, person=person, to=to, destination=destination
    )
    if as_json:
        print_json(told)
    elif told.status == "sent":
        click.echo(f"sent to {told.to} over {told.destination}: {told.subject}")
    if told.status != "sent":
        raise EngineError(f"{told.destination} did not take it: {told.status}: {told.reason}")
