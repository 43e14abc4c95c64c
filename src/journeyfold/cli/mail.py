"""`journeyfold mail`: what mail servers send back."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from journeyfold.cli.asks import runtime
from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import json_option, print_json


@click.group(epilog="Example: journeyfold mail bounce returned.eml")
def mail() -> None:
    """Read mail that came back."""


@mail.command(epilog="Example: journeyfold mail bounce - < returned.eml")
@click.argument("file", type=click.File("rb"), metavar="FILE")
@project_option
@data_option
@json_option
def bounce(file: BinaryIO, directory: Path, data: Path | None, as_json: bool) -> None:
    """Write down what a delivery report, a complaint or a mail to unsubscribe says.

    FILE is one mail as it came, `-` for standard input, as a mail server's pipe gives it. Mail
    that is about no message of ours is left alone.
    """
    require_data(require_project(directory), data)
    told = runtime().mail_bounce(directory, data, raw=file.read())
    if as_json:
        print_json(told)
        return
    for line in told.reports:
        click.echo(line)
    if not told.reports:
        click.echo("This mail is about no message of ours.")
