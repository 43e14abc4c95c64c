"""Which project a command works on: `--project` (default: here) and `--data`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from journeyfold.core.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

project_option: Callable[[Any], Any] = click.option(
    "--project", "directory", type=click.Path(path_type=Path), default=Path(),
    help="The project directory; default: the current one.",
)  # fmt: skip
data_option: Callable[[Any], Any] = click.option(
    "--data", type=click.Path(path_type=Path), default=None,
    help="Where the data live; default: .journeyfold in the project directory.",
)  # fmt: skip


def require_project(directory: Path) -> Path:
    """The directory itself, or a sentence that says what is missing."""
    if not (directory / "journeyfold.yaml").is_file():
        shown = "this directory" if directory == Path() else str(directory)
        raise UsageError(
            f"{shown} is no project directory: it has no journeyfold.yaml; "
            "go to one, or make one with `journeyfold init DIR`"
        )
    return directory


def require_data(directory: Path, data: Path | None) -> None:
    """Raises UsageError when nothing was ever recorded here."""
    home = data or directory / ".journeyfold"
    if not (home / "FORMAT").is_file():
        raise UsageError(
            f"there are no data in {home} yet; start the platform with `journeyfold up` "
            "or read some in with `journeyfold import SOURCE`"
        )


def require_source(directory: Path, name: str, kind: str | None = None) -> None:
    """Raises UsageError when the project has no source `name`, or it is of another kind."""
    from journeyfold.project.load import load, read_directory
    from journeyfold.project.nearest import did_you_mean

    sources = load(read_directory(directory)).sources
    fitting = [each for each in sources if kind in (None, sources[each].kind)]
    if name not in sources:
        hint = did_you_mean(name, fitting) or f"{len(fitting)} others stand there"
        raise UsageError(f"no source '{name}' under sources/; {hint}")
    if name not in fitting:
        raise UsageError(
            f"sources/{name}.yaml is of kind {sources[name].kind}, not {kind}; "
            f"known: {', '.join(fitting) or 'none'}"
        )
