"""Does the inventory of a source say what can be meant? (quality Q38)"""

from __future__ import annotations

from collections.abc import Iterator

from journeyfold.core.errors import Problem
from journeyfold.project.document import Path
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.quality.tags import unknown_tag

_ROOTS = ("traits", "properties", "context", "identifiers")


def stock_problems(project: Project) -> Iterator[Problem]:
    for name, source in project.sources.items():
        for at, column in enumerate(source.columns):
            yield from _of_note(project, name, ("columns", at), column.tag, column.purposes)
        for field, note in source.holds.items():
            path: Path = ("holds", field)
            if field.partition(".")[0] not in _ROOTS or "." not in field:
                yield project.problem(
                    "source", name, path, "P130", f"'{field}' is no field of an event",
                    "write it as traits.email or properties.total",
                )  # fmt: skip
            yield from _of_note(project, name, path, note.tag, note.purposes)


def _of_note(
    project: Project, name: str, path: Path, tag: str | None, purposes: tuple[str, ...] | None
) -> Iterator[Problem]:
    if tag is not None and (hint := unknown_tag(tag)) is not None:
        said = f"unknown data category '{tag}'"
        yield project.problem("source", name, (*path, "tag"), "P130", said, hint)
    known = project.settings.privacy.known
    for at, purpose in enumerate(purposes or ()):
        if purpose not in known:
            said = f"unknown purpose '{purpose}'"
            hint = did_you_mean(purpose, known)
            yield project.problem("source", name, (*path, "purposes", at), "P130", said, hint)
