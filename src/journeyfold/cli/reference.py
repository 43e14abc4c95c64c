"""docs/reference/cli.md, written from the commands themselves.

`python -m journeyfold.cli.reference docs/reference/cli.md` writes it; a test keeps it current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from journeyfold.cli.main import cli

_HEAD = """\
# Commands

Commands run in the project directory (or `--project DIR`). The data live in `.journeyfold` there
(or `--data DIR`). With `--json` a command prints one JSON value a line on stdout and nothing else;
progress and failures go to stderr. This page is written by `python -m journeyfold.cli.reference`.

| exit code | meaning |
|---|---|
| 0 | all is well |
| 1 | an error, or findings: a scenario failed, a replay differs |
| 2 | `plan` found changes |
| 3 | refused by a gate |
| 64 | wrong usage: an unknown option, no project directory, no data |
| 74 | input or output: a disk, a store, a damaged file |
| 75 | try again later: another `up` runs here, the port is in use, the disk is full |
| 78 | the project is wrong, or the data are of another release |
| 130 | stopped by Ctrl-C |
"""
WIDTH = 96


def page() -> str:
    """The whole page."""
    root = click.Context(
        cli,
        info_name="journeyfold",
        help_option_names=cli.context_settings["help_option_names"],
        max_content_width=WIDTH,
        terminal_width=WIDTH,
    )
    sections = [_HEAD, *_sections(root)]
    return "\n".join(sections)


def _sections(parent: click.Context) -> Iterator[str]:
    group = parent.command
    assert isinstance(group, click.Group), "only groups have sections"
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None, "a group finds what it lists"
        context = click.Context(
            command, info_name=name, parent=parent, max_content_width=WIDTH, terminal_width=WIDTH
        )
        yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
        if isinstance(command, click.Group):
            yield from _sections(context)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
