"""`journeyfold version`: what to put into a bug report."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import click

from journeyfold import __version__
from journeyfold.cli.output import json_option, print_json

BEARING_LIBRARIES = ("apsw", "duckdb", "lmdb", "msgspec", "phonenumbers", "pyarrow", "tzdata")
"""Those whose version can change what a replay gives, or which files can be opened."""


@click.command(epilog="Example: journeyfold version --json")
@json_option
def version(as_json: bool) -> None:
    """Print the version; with --json also those of the libraries that bear data."""
    if not as_json:
        click.echo(f"journeyfold {__version__}")
        return
    libraries = {name: _installed(name) for name in BEARING_LIBRARIES}
    print_json(
        {
            "version": __version__,
            "python": platform.python_version(),
            "system": platform.platform(),
            "libraries": libraries,
        }
    )


def _installed(name: str) -> str | None:
    try:
        return installed(name)
    except PackageNotFoundError:
        return None
