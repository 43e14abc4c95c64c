"""`journeyfold openapi`: the reference of the HTTP interface, as a document."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.output import print_json


@click.command(epilog="Example: journeyfold openapi > openapi.json")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
def openapi(to: Path | None) -> None:
    """Print the OpenAPI 3.1 document that a running server has at /openapi.json."""
    from journeyfold.api.openapi import document
    from journeyfold.api.operations import OPERATIONS

    told = document(OPERATIONS)
    if to is None:
        print_json(told)
        return
    import msgspec

    to.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    click.echo(f"{to} is written.")
