"""Does the inventory of a source say what can be meant? (quality Q38)"""

from __future__ import annotations

import re
from collections.abc import Iterator

from journeyfold.core.errors import Problem
from journeyfold.project.document import Path
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.quality.freshness import read_rhythm
from journeyfold.quality.tags import unknown_tag
from journeyfold.sources.inventory import Source

_ROOTS = ("traits", "properties", "context", "identifiers")
_WITHOUT_RHYTHM = ("", "ended", "on demand", "once")
_SPAN = re.compile(r"([1-9][0-9]{0,4}(s|m|h|d|w|mo))?", re.ASCII)


def stock_problems(project: Project) -> Iterator[Problem]:
    for name, source in project.sources.items():
        yield from _of_times(project, name, source)
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


def _of_times(project: Project, name: str, source: Source) -> Iterator[Problem]:
    """A rhythm nobody can read would be taken for none, and the source never be late."""
    if source.update not in _WITHOUT_RHYTHM and read_rhythm(source.update) is None:
        yield project.problem(
            "source", name, ("update",), "P114", f"'{source.update}' is no rhythm",
            "write realtime, 15m, daily 05:30, weekdays 06:00, on demand, once or ended",
        )  # fmt: skip
    for key, example in (("sla", "6h"), ("retention", "36mo")):
        said = getattr(source, key)
        if not _SPAN.fullmatch(said):
            yield project.problem(
                "source", name, (key,), "P114", f"'{said}' is no span", f"write it like {example}"
            )


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
