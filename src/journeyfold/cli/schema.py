"""`journeyfold schema`: what events look like, how that may change, and what is published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.directory import data_option, project_option, require_data, require_project
from journeyfold.cli.output import count, json_option, print_json, print_problems, print_table

if TYPE_CHECKING:
    from journeyfold.quality.inference import Proposal

out_option = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Where proposals go; default: proposals/ in the project.",
)  # fmt: skip


@click.group(epilog="Example: journeyfold schema list")
def schema() -> None:
    """List, check, compare, publish and propose the schemas of events."""


@schema.command("list", epilog="Example: journeyfold schema list --json")
@project_option
@json_option
def list_(directory: Path, as_json: bool) -> None:
    """List every event with its versions and what each did to those before it."""
    from journeyfold.project.load import load, read_directory
    from journeyfold.project.registry import subjects_of

    subjects = subjects_of(load(read_directory(require_project(directory))))
    if as_json:
        print_json(subjects)
        return
    rows = [
        (each.subject, one.version, one.number, one.label, "yes" if one.published else "no")
        for each in subjects
        for one in each.versions
    ]
    print_table("", ("subject", "version", "number", "label", "published"), rows)


@schema.command(epilog="Example: journeyfold schema check")
@project_option
@json_option
@click.pass_context
def check(ctx: click.Context, directory: Path, as_json: bool) -> None:
    """Say what stands against the schemas: changed or gone versions, and incompatible ones.

    `journeyfold check` finds the same among everything else. Exit code 78 with findings.
    """
    from journeyfold.core.errors import ProjectError
    from journeyfold.project.load import load, read_directory
    from journeyfold.project.registry import registry_problems

    project = load(read_directory(require_project(directory)))
    problems = list(registry_problems(project))
    if as_json:
        print_json({"ok": not problems, "problems": problems})
    else:
        print_problems(problems)
        held = len(project.schema_lock.published)
        click.echo(
            count(len(problems), "problem")
            if problems
            else f"{count(len(project.schemas), 'schema')}, {held} published; no problems"
        )
    ctx.exit(ProjectError.exit_code if problems else 0)


@schema.command(epilog="Example: journeyfold schema diff order_completed")
@click.argument("subject")
@click.argument("versions", type=click.IntRange(1), nargs=-1)
@project_option
@json_option
def diff(subject: str, versions: tuple[int, ...], directory: Path, as_json: bool) -> None:
    """Compare the last two versions of SUBJECT, or the two VERSIONS."""
    from journeyfold.core.errors import UsageError
    from journeyfold.project.load import load, read_directory
    from journeyfold.project.registry import compared

    if len(versions) not in {0, 2}:
        raise UsageError("give no versions, or two: journeyfold schema diff order_completed 1 3")
    project = load(read_directory(require_project(directory)))
    found = compared(project, subject, *versions)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.subject}: {found.old} to {found.new} is {found.label} ({found.mode})")
    for each in found.differences:
        sign = {"added": "+", "removed": "-", "changed": "~"}[each.what]
        told = (
            f"{each.before} → {each.after}" if each.what == "changed" else each.before + each.after
        )
        click.echo(f"  {sign} {each.pointer or '/'}  {told}")
    for one in found.changes:
        shown = f": {one.document}" if one.document else ""
        known = "" if one.is_known else "unknown, "
        click.echo(f"  ! {known}{one.direction} {one.pointer or '/'}: {one.why}{shown}")


@schema.command(epilog="Example: journeyfold schema publish order_completed")
@click.argument("subjects", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Say what would be published; write nothing.")
@project_option
@json_option
def publish(subjects: tuple[str, ...], dry_run: bool, directory: Path, as_json: bool) -> None:
    """Make versions lasting (all, or those of SUBJECTS): they never change again.

    Writes schemas.lock.yaml, which belongs in version control. Refuses a version that may not
    follow those before it.
    """
    from journeyfold.project.load import load, read_directory
    from journeyfold.project.registry import publish_lock
    from journeyfold.quality.lock import LOCK_FILE

    project = load(read_directory(require_project(directory)))
    lock, made = publish_lock(project, subjects)
    if made and not dry_run:
        (directory / LOCK_FILE).write_text(lock.text(), encoding="utf-8")
    if as_json:
        print_json({"published": made, "dry_run": dry_run})
        return
    told = "would be published" if dry_run else "published"
    click.echo(f"{count(len(made), 'version')} {told}{': ' if made else ''}{', '.join(made)}")


@schema.command(epilog="Example: journeyfold schema editor .vscode/journeyfold")
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@json_option
def editor(target: Path, as_json: bool) -> None:
    """Write a JSON Schema for each kind of project file into TARGET, for editors."""
    from journeyfold.project.schema import write_schemas

    written = write_schemas(target)
    if as_json:
        print_json({"directory": str(target), "files": written})
    else:
        click.echo(f"{count(len(written), 'schema')} in {target}")


@schema.command(epilog="Example: journeyfold schema infer --source shop_web --days 7")
@click.option("--source", metavar="NAME", help="Only events of this source.")
@click.option("--event", "name", metavar="NAME", help="Only this event.")
@click.option("--days", type=click.IntRange(1, 3_650), default=7, show_default=True)
@out_option
@project_option
@data_option
@json_option
def infer(
    source: str | None,
    name: str | None,
    days: int,
    out: Path | None,
    directory: Path,
    data: Path | None,
    as_json: bool,
) -> None:
    """Propose schemas from recorded events, each as a file to review.

    Required is what 99.5 % have, an enumeration needs 1,000 samples with at most 20 values, a
    format 99 %. Proposals go to proposals/ and are not in force: move one to schemas/ for that.
    """
    from journeyfold.runtime.inferring import infer as look

    require_data(require_project(directory), data)
    found = look(directory, data, source=source, name=name, days=days)
    _propose(directory, out, found, as_json=as_json)


@schema.command("import", epilog="Example: journeyfold schema import order.avsc")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--event", "name", default="", metavar="NAME", help="The event's name.")
@click.option(
    "--type", "type_", default="track", show_default=True,
    type=click.Choice(["track", "identify", "page", "screen", "group", "alias"]),
)  # fmt: skip
@out_option
@project_option
@json_option
def import_(
    file: Path, name: str, type_: str, out: Path | None, directory: Path, as_json: bool
) -> None:
    """Make a JSON Schema of an Avro schema (FILE.avsc), as a proposal to review."""
    from journeyfold.core.errors import UsageError
    from journeyfold.quality.avro_schema import AvroSchemaError, from_avro
    from journeyfold.quality.inference import Proposal

    try:
        document = from_avro(file.read_text(encoding="utf-8"), name, type_)
    except (AvroSchemaError, UnicodeDecodeError) as error:
        raise UsageError(f"{file.name}: {error}") from None
    found = [Proposal(type_, str(document["title"]), 0, document)]
    _propose(require_project(directory), out, found, as_json=as_json)


def _propose(
    directory: Path, out: Path | None, found: Sequence[Proposal], *, as_json: bool
) -> None:
    from journeyfold.project.load import load, read_directory
    from journeyfold.project.proposing import written

    project = load(read_directory(directory))
    files = {name: (each, text) for each in found for name, text in [written(project, each)]}
    folder = out or directory / "proposals"
    if files:
        folder.mkdir(parents=True, exist_ok=True)
    for name, (_, text) in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    if as_json:
        print_json([{"file": str(folder / name), "events": each.events, "name": each.name}
                    for name, (each, _) in files.items()])  # fmt: skip
        return
    for name, (each, _) in files.items():
        told = f" from {count(each.events, 'event')}" if each.events else ""
        click.echo(f"{folder / name}: {each.name}{told}")
    click.echo(f"{count(len(files), 'proposal')}; none is in force")
