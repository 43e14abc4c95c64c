"""`journeyfold init`: the templates shipped with the package, written as a project directory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from journeyfold.core.errors import UsageError
from journeyfold.project.nearest import did_you_mean

TEMPLATES = Path(__file__).parent / "templates"
_RENAMED = {"gitignore": ".gitignore"}  # git would obey it among our own sources
_NAME = re.compile(r"^name: .*$", re.MULTILINE)


def template_names() -> list[str]:
    return sorted(entry.name for entry in TEMPLATES.iterdir() if entry.is_dir())


def template_files(template: str, name: str | None = None) -> dict[str, str]:
    """Path → text of a template; `name` becomes the project's.

    Raises:
        UsageError: there is no such template.

    """
    names = template_names()
    if template not in names:
        raise UsageError(f"no template '{template}'; {did_you_mean(template, names)}")
    files = dict(_texts(TEMPLATES / template))
    if name is not None:
        files["journeyfold.yaml"] = _NAME.sub(f"name: {name}", files["journeyfold.yaml"], count=1)
    return files


def write_template(template: str, directory: Path) -> list[str]:
    """Write the template and list what was written. Nothing that exists is touched.

    Raises:
        UsageError: there is no such template, or a file of it exists already.

    """
    files = template_files(template, _slug(directory.resolve().name))
    taken = [path for path in sorted(files) if (directory / path).exists()]
    if taken:
        raise UsageError(f"{directory / taken[0]} exists already; nothing was written")
    for path, text in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return sorted(files)


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            relative = file.relative_to(folder)
            name = _RENAMED.get(relative.name, relative.name)
            yield relative.with_name(name).as_posix(), file.read_text(encoding="utf-8")


def _slug(name: str) -> str | None:
    """The directory's name as a project's, or None where it cannot be one."""
    slug = re.sub(r"[^a-z0-9_-]+", "-", name.casefold()).strip("-_")[:63]
    return slug if slug and slug[0].isalnum() else None
