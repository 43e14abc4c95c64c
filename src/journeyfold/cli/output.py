"""How commands speak: tables and sentences for people, one JSON value for scripts.

With `--json` exactly one value goes to stdout and nothing else; progress and failures go to
stderr in both cases, so that output can be piped.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

from journeyfold.core.errors import JourneyfoldError, Problem, ProjectError

if TYPE_CHECKING:
    from rich.console import Console

json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON value instead of text."
)


def print_json(value: object) -> None:
    """One line of JSON; structs become objects."""
    click.echo(msgspec.json.encode(value).decode())


def print_failure(error: JourneyfoldError, *, as_json: bool) -> None:
    """The sentence on stderr; with `--json` also an object on stdout."""
    if isinstance(error, ProjectError):
        print_problems(error.problems, to_stderr=True)
    else:
        click.echo(f"journeyfold: {error}", err=True)
    if as_json:
        failure: dict[str, object] = {"message": str(error), "exit_code": error.exit_code}
        if isinstance(error, ProjectError):
            failure["problems"] = error.problems
        print_json({"error": failure})


def print_problems(problems: Sequence[Problem], *, to_stderr: bool = False) -> None:
    """Each as compilers do: place, sentence, the line as written and a mark under the column."""
    for problem in problems:
        hint = "hint: " if problem.severity == "hint" else ""
        place = f"{problem.file}:{problem.line}:{problem.column}"
        tail = f"; {problem.suggestion}" if problem.suggestion else ""
        click.echo(f"{place}: {hint}{problem.code} {problem.message}{tail}", err=to_stderr)
        if problem.text.strip():
            start = max(0, problem.column - 80)  # a long line shows the part around the mark
            shown = problem.text[start : start + 120]
            click.echo(f"    {shown}", err=to_stderr)
            click.echo(f"    {' ' * (problem.column - 1 - start)}^", err=to_stderr)


def console() -> Console:
    """For tables on stdout. Width follows the terminal, 100 in a pipe."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 100, highlight=False)


def print_table(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[object]], *, whole: str = ""
) -> None:
    """Numbers stand right, everything else left; texts are shown as they are, not as markup.

    The column `whole` is never folded: its values are copied into the next command.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title) if title else None, box=SIMPLE_HEAD, title_justify="left")
    for index, heading in enumerate(headings):
        numeric = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(
            Text(heading),
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=heading == whole,
        )
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    console().print(table)


class Bars:
    """Bars on stderr with rate and time left, one a task; silent where stderr is no terminal."""

    def __init__(self) -> None:
        from rich import progress
        from rich.console import Console

        self._shown = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[str, progress.TaskID] = {}
        self._shown.start()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._shown.add_task(what, total=total)
        self._shown.update(self._tasks[what], completed=done, total=total)

    def close(self) -> None:
        """Leaves the bars as they are; what is printed from here on goes where it should."""
        self._shown.stop()


@contextmanager
def progress_bar() -> Iterator[Bars]:
    bars = Bars()
    try:
        yield bars
    finally:
        bars.close()


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 person`, `2,000 people`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value)
