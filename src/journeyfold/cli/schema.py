"""`journeyfold schema`: what an editor needs to complete and check project files."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.output import count, json_option, print_json


@click.command(epilog="Example: journeyfold schema .vscode/journeyfold")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@json_option
def schema(directory: Path, as_json: bool) -> None:
    """Write a JSON Schema for each kind of project file into DIRECTORY."""
    from journeyfold.project.schema import write_schemas

    written = write_schemas(directory)
    if as_json:
        print_json({"directory": str(directory), "files": written})
    else:
        click.echo(f"{count(len(written), 'schema')} in {directory}")
