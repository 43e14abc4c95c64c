"""`journeyfold init`: a project directory that works, to read and to change."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.output import json_option, print_json


@click.command(epilog="Example: journeyfold init shop --template shop")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--template",
    default="shop",
    show_default=True,
    metavar="NAME",
    help="shop (a believable shop, explained) or blank (the least that runs).",
)
@json_option
def init(directory: Path, template: str, as_json: bool) -> None:
    """Make DIRECTORY a project, from a template. Nothing that exists is overwritten."""
    from journeyfold.project.scaffold import write_template

    written = write_template(template, directory)
    if as_json:
        print_json({"directory": str(directory), "template": template, "files": written})
        return
    click.echo(f"{directory} is a project now ({len(written)} files). Next:")
    click.echo(f"  cd {directory}")
    click.echo("  journeyfold check        # is everything well written?")
    click.echo("  journeyfold test         # does it do what its scenarios say?")
    click.echo("  journeyfold up           # run it")
