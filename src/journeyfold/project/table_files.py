"""The files that rules name as tables: are they there? (quality Q11)

A hint and no error: such a file may be delivered every night, and its rules say themselves that
they could not be run.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from journeyfold.core.errors import Problem
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.quality import TABLE_ENDINGS, is_inside

_BESIDE_MAX = 1_000  # files of the folder that are looked through for a like name


def table_file_problems(project: Project, directory: Path) -> Iterator[Problem]:
    for path, ruleset in project.quality.items():
        document = project.documents[path]
        for table, file in ruleset.tables.items():
            if is_inside(file) and not (directory / file).is_file():
                yield document.problem(
                    ("tables", table), "P129", f"there is no file {file}",
                    suggestion=did_you_mean(file, _beside(directory, file))
                    or "put it there; until then its rules cannot be run",
                    severity="hint",
                )  # fmt: skip


def _beside(directory: Path, file: str) -> list[str]:
    folder = (directory / file).parent
    if not folder.is_dir():
        return []
    found = (each for each in folder.iterdir() if each.suffix in TABLE_ENDINGS)
    return [str(each.relative_to(directory)) for each in islice(found, _BESIDE_MAX)]
