"""The operator's file of places (`server.places`): is it there, and is it one? (collect C48)

The format ends with its metadata behind a marker (MaxMind DB file format 2.0), so that a file that
was cut is known without reading it.
"""

from __future__ import annotations

from pathlib import Path

from journeyfold.core.errors import Problem
from journeyfold.project.model import Project

MARKER = b"\xab\xcd\xefMaxMind.com"
_END_BYTES = 128 * 1024  # the metadata stands within the last so many
SETTINGS_FILE = "journeyfold.yaml"


def places_path(project: Project, directory: Path) -> Path | None:
    """Relative paths go from the project's directory."""
    written = project.settings.server.places
    return directory / written if written else None


def places_problems(project: Project, directory: Path) -> list[Problem]:
    path = places_path(project, directory)
    why = None if path is None else _wrong(path)
    if path is None or why is None:
        return []
    text = project.files.get(SETTINGS_FILE, "")
    lines = text.splitlines()
    at = next((n for n, line in enumerate(lines, 1) if "places:" in line), 1)
    column = max(lines[at - 1].find("places:"), 0) + 1 if lines else 1
    return [
        Problem(
            SETTINGS_FILE, at, column, "P126", f"server.places: {path} {why}",
            suggestion="put the file there, or leave the key out",
        )
    ]  # fmt: skip


def _wrong(path: Path) -> str | None:
    if not path.is_file():
        return "is not there"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        if MARKER not in file.read():
            return "is no MaxMind DB (.mmdb), or was cut"
    return None
