"""The operator's files of places and the weather: are they there, and are they such? (C48, C49)

A MaxMind DB ends with its metadata behind a marker (file format 2.0), so that one that was cut is
known without reading it. Of the weather the first line is read; the platform says what else is
wrong with it.
"""

from __future__ import annotations

from pathlib import Path

from journeyfold.core.errors import Problem
from journeyfold.project.model import Project

MARKER = b"\xab\xcd\xefMaxMind.com"
_END_BYTES = 128 * 1024  # the metadata stands within the last so many
WEATHER = ("geocell", "hour", "condition", "temp_c")
SETTINGS_FILE = "journeyfold.yaml"


def places_path(project: Project, directory: Path) -> Path | None:
    """Relative paths go from the project's directory."""
    written = project.settings.server.places
    return directory / written if written else None


def weather_path(project: Project, directory: Path) -> Path | None:
    written = project.settings.server.weather
    return directory / written if written else None


def places_problems(project: Project, directory: Path) -> list[Problem]:
    found = []
    for key, path, wrong in (
        ("places", places_path(project, directory), _wrong),
        ("weather", weather_path(project, directory), _wrong_weather),
    ):
        why = None if path is None else wrong(path)
        if why is not None:
            found.append(_problem(project, key, f"{path} {why}"))
    return found


def _problem(project: Project, key: str, why: str) -> Problem:
    lines = project.files.get(SETTINGS_FILE, "").splitlines()
    at = next((n for n, line in enumerate(lines, 1) if f"{key}:" in line), 1)
    column = max(lines[at - 1].find(f"{key}:"), 0) + 1 if lines else 1
    return Problem(
        SETTINGS_FILE, at, column, "P126", f"server.{key}: {why}",
        suggestion="put the file there, or leave the key out",
    )  # fmt: skip


def _wrong_weather(path: Path) -> str | None:
    if not path.is_file():
        return "is not there"
    with path.open("rb") as file:
        head = file.readline(_END_BYTES).decode("utf-8-sig", "replace").strip().split(",")
    missing = [name for name in WEATHER if name not in (each.strip('" ') for each in head)]
    return f"has no column {', '.join(missing)}" if missing else None


def _wrong(path: Path) -> str | None:
    if not path.is_file():
        return "is not there"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        if MARKER not in file.read():
            return "is no MaxMind DB (.mmdb), or was cut"
    return None
