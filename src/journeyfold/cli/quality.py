"""`journeyfold quality`: can the data be trusted? Each command stands in a file of its own."""

from __future__ import annotations

import click

from journeyfold.cli.cleaning import cleaning
from journeyfold.cli.quality_differences import differences
from journeyfold.cli.quality_duplicates import duplicates
from journeyfold.cli.quality_import import import_
from journeyfold.cli.quality_missing import missing
from journeyfold.cli.quality_profile import profile
from journeyfold.cli.quality_rules import run, show


@click.group(epilog="Example: journeyfold quality cleaning")
def quality() -> None:
    """Look at how good the data is."""


for command in (run, show, cleaning, profile, duplicates, missing, import_, differences):
    quality.add_command(command)
