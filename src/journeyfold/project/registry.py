"""The schema registry of a project: its subjects with labels, and publishing (quality 2.1).

A version is in force as soon as its file is; publishing makes it lasting: the lock gets its hash,
and from then on `check` refuses every change of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from journeyfold.core.errors import Problem, ProjectError, UsageError
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.quality.difference import Difference, differences
from journeyfold.quality.evolution import Change, History, Version, evolution_problems
from journeyfold.quality.lock import SchemaLock, subject_of
from journeyfold.quality.schema_file import SchemaFile
from journeyfold.quality.tags import tag_problems


class Subject(msgspec.Struct, frozen=True):
    """An event as the registry lists it."""

    subject: str
    slug: str
    name: str
    owner: str
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        return self.versions[-1]


class Compared(msgspec.Struct, frozen=True):
    """Two versions side by side; `changes` is what stands against the second in its mode."""

    subject: str
    old: int
    new: int
    label: str
    mode: str
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]


def history_of(project: Project) -> History:
    return History(project.schemas, project.schema_lock, project.schema_modes)


def registry_problems(project: Project) -> Iterator[Problem]:
    """What `check` finds of the registry: immutability, compatibility, marks on fields."""
    yield from evolution_problems(project.schemas, project.schema_lock, project.schema_modes)
    yield from tag_problems(project.schemas, project.settings.privacy.known)


def subjects_of(project: Project) -> list[Subject]:
    """By name."""
    history = history_of(project)
    return [
        Subject(subject, files[-1].slug, files[-1].name, files[-1].owner,
                tuple(history.versions(subject)))
        for subject, files in history.subjects().items()
    ]  # fmt: skip


def compared(project: Project, named: str, old: int = 0, new: int = 0) -> Compared:
    """`named` is a subject, a slug or an event's name; without numbers the last two versions."""
    history = history_of(project)
    subject, files = found_in(history, named)
    if len(files) < 2:
        raise UsageError(f"{subject} has one version; there is nothing to compare")
    after = _version(files, new or files[-1].version)
    before = _version(files, old or max(1, after.version - 1))
    mode = project.schema_modes.of(subject)
    return Compared(
        subject, before.version, after.version, history.label(after, [before]), mode,
        tuple(differences(before.document, after.document)),
        tuple(history.judged(after, [before], mode)),
    )  # fmt: skip


def found_in(history: History, named: str) -> tuple[str, list[SchemaFile]]:
    """(subject, its versions oldest first); UsageError when there is none."""
    subjects = history.subjects()
    for subject, files in subjects.items():
        if named in {subject, files[0].slug, files[0].name}:
            return subject, files
    known = [word for files in subjects.values() for word in (files[0].slug, files[0].name)]
    hint = did_you_mean(named, known) or "`journeyfold schema list` shows them"
    raise UsageError(f"no schema is named '{named}'; {hint}")


def publish_lock(project: Project, named: Sequence[str] = ()) -> tuple[SchemaLock, list[str]]:
    """(the new lock, stems it newly holds), of these subjects or of all.

    Raises ProjectError when a version may not follow those before it.
    """
    problems = list(registry_problems(project))
    if problems:
        raise ProjectError(problems)
    history = history_of(project)
    chosen = [found_in(history, each)[1] for each in named] or list(history.subjects().values())
    lock, made = project.schema_lock, []
    for file in (file for files in chosen for file in files):
        if file.stem not in lock.published:
            lock = lock.with_version(file.stem, file.document)
            made.append(file.stem)
    return lock, made


def _version(files: Sequence[SchemaFile], number: int) -> SchemaFile:
    for file in files:
        if file.version == number:
            return file
    subject = subject_of(files[0].type, files[0].name)
    raise UsageError(f"{subject} has no version {number}; it has 1 to {files[-1].version}")
