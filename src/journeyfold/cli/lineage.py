"""`journeyfold lineage`: where something comes from, where it goes, what breaks without it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from journeyfold.cli.directory import project_option, require_project
from journeyfold.cli.output import json_option, print_json, print_table
from journeyfold.core.errors import UsageError

if TYPE_CHECKING:
    from journeyfold.project.lineage import Graph, Lineage, Neighbour, Node


@click.command(epilog="Example: journeyfold lineage trait:email --down")
@click.argument("name")
@click.option("--up", "way", flag_value="up", help="Only what it is made of.")
@click.option("--down", "way", flag_value="down", help="Only what is made of it.")
@project_option
@json_option
def lineage(name: str, way: str | None, directory: Path, as_json: bool) -> None:
    """Show what NAME is made of and what is made of it, from the definitions.

    NAME is anything the project defines, with or without its kind: email, trait:email,
    field:crm/EMAIL, "property:Order Completed/total", segment:vip, destination:crm.
    """
    from journeyfold.project.lineage_of import lineage_of
    from journeyfold.project.load import load, read_directory

    graph = lineage_of(load(read_directory(require_project(directory))))
    looks = [_only(graph.look(node), way) for node in _found(graph, name)]
    if as_json:
        print_json(looks if len(looks) > 1 else looks[0])
        return
    for look in looks:
        _print(look, way)


def _found(graph: Graph, name: str) -> list[Node]:
    from journeyfold.project.nearest import did_you_mean

    found = graph.find(name)
    if not found:
        known = [*(node.id for node in graph.nodes), *(node.name for node in graph.nodes)]
        hint = did_you_mean(name, known) or "`journeyfold lineage` takes any name of the project"
        raise UsageError(f"the project has nothing called '{name}'; {hint}")
    return found


def _only(look: Lineage, way: str | None) -> Lineage:
    import msgspec

    if way == "up":
        return msgspec.structs.replace(look, down=())
    return msgspec.structs.replace(look, up=()) if way == "down" else look


def _print(look: Lineage, way: str | None) -> None:
    click.echo(f"{look.id}, for {_purposes(look.purposes)}")
    if way != "down":
        print_table("made of", ("steps", "what", "for"), [_row(each) for each in look.up])
    if way != "up":
        rows = [(*_row(each), "breaks" if each.breaks else "") for each in look.down]
        print_table("goes into", ("steps", "what", "for", "without it"), rows)


def _row(each: Neighbour) -> tuple[object, ...]:
    return each.distance, each.id, _purposes(each.purposes)


def _purposes(purposes: tuple[str, ...] | None) -> str:
    if purposes is None:
        return "any purpose"
    return ", ".join(purposes) or "no purpose that all inputs share"
