"""`journeyfold quality import`: rules out of suites of other tools, once."""

from __future__ import annotations

from pathlib import Path

import click

from journeyfold.cli.directory import project_option, require_project
from journeyfold.cli.output import count, json_option, print_json


@click.command(
    "import", epilog="Example: journeyfold quality import orders_suite.json --dataset crm"
)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--dataset", required=True, help="What the rules are about: events/NAME, a source, a table."
)
@click.option("--name", default="", help="The file under quality/; default: the name of FILE.")
@project_option
@json_option
def import_(file: Path, dataset: str, name: str, directory: Path, as_json: bool) -> None:
    """Write the rules of FILE, a suite of Great Expectations or a Table Schema (JSON), as a file
    of quality/.

    What has no rule of the same meaning is listed with its reason. Nothing that exists is
    overwritten; `journeyfold check` then says whether the columns are there.
    """
    from journeyfold.core.errors import UsageError
    from journeyfold.quality.suites import SuiteError, taken_over, text_of

    try:
        taken = taken_over(file.read_text(encoding="utf-8"))
    except (SuiteError, UnicodeDecodeError) as error:
        raise UsageError(f"{file.name}: {error}") from None
    target = require_project(directory) / "quality" / f"{name or file.stem}.yaml"
    if target.exists():
        raise UsageError(f"{target} is there already; choose another --name")
    if taken.rules:
        target.parent.mkdir(exist_ok=True)
        target.write_text(text_of(dataset, taken), encoding="utf-8")
    if as_json:
        written = str(target) if taken.rules else None
        print_json({"file": written, "rules": len(taken.rules), "left": taken.left})
        return
    told = f" in {target}" if taken.rules else "; nothing is written"
    click.echo(f"{count(len(taken.rules), 'rule')}{told}")
    for each in taken.left:
        click.echo(f"not taken over: {each}")
