"""A schema that comes over the registry's face, as files of the project (quality Q10). Pure.

What is registered is published at once: the file of the next version and the lock. The same
content again changes nothing, so a client may register whenever it starts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Json
from journeyfold.project.model import Project
from journeyfold.project.registry import history_of
from journeyfold.quality.evolution import Change, History
from journeyfold.quality.lock import LOCK_FILE, content_hash, subject_of
from journeyfold.quality.registry import load_registry
from journeyfold.quality.schema_file import SchemaFile, parse_all

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


class Registering(msgspec.Struct, frozen=True):
    """`files`: what changes in the project, nothing where the content is published already."""

    id: int
    files: Mapping[str, str]


class Unfit(msgspec.Struct, frozen=True):
    """It may not follow what stands before it."""

    changes: tuple[Change, ...]


def registering(project: Project, subject: str, text: str) -> Registering | Unfit | str:
    """A sentence when the text is no schema of this subject."""
    document = _document(text)
    if document is None:
        return "the schema is no JSON object"
    history = history_of(project)
    files = next((found for found in history.subjects().values() if found[0].slug == subject), [])
    for file in files:
        if content_hash(_completed(document, file)) == content_hash(file.document):
            before = [each for each in files if each.version <= file.version]
            return _published(project, {}, before, file.stem)
    made = _next(document, subject, files)
    if isinstance(made, str):
        return made
    against = _against(project, history, made, files)
    if against:
        return Unfit(tuple(against))
    return _published(project, {made.path: made.text}, [*files, made], made.stem)


def _completed(document: Mapping[str, Json], file: SchemaFile) -> dict[str, Json]:
    """As it would be stored: title and header may be left out."""
    known = {
        key: value for key, value in file.document.items() if key in {"title", "x-journeyfold"}
    }
    return {**known, **document}


def _next(
    document: Mapping[str, Json], subject: str, files: Sequence[SchemaFile]
) -> SchemaFile | str:
    """The next version as a file; a sentence when there can be none."""
    if not _SLUG.fullmatch(subject):
        return f"'{subject}' is no name of a subject; write order_completed"
    title = document.get("title", files[-1].name if files else None)
    if not isinstance(title, str) or not title.strip():
        return "a new subject needs `title`, the name of its event"
    if files and title != files[-1].name:
        return f"`title` is '{title}', and the subject is of '{files[-1].name}'"
    version = files[-1].version + 1 if files else 1
    given = document.get("x-journeyfold")
    header: dict[str, Json] = {
        "type": files[-1].type if files else "track",
        **(given if isinstance(given, dict) else {}),
        "version": version,
    }
    whole = {"title": title, **document, "x-journeyfold": header}
    body = msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n"
    found, problems = parse_all({f"schemas/{subject}.{version}.json": body})
    return found[0] if found else problems[0].message


def _against(
    project: Project, history: History, made: SchemaFile, files: Sequence[SchemaFile]
) -> list[Change]:
    mode = project.schema_modes.of(subject_of(made.type, made.name))
    return history.judged(made, files, mode)


def _published(
    project: Project, fresh: Mapping[str, str], files: Sequence[SchemaFile], stem: str
) -> Registering | str:
    """With the number it has or gets; versions before it that were only in force are published."""
    known = project.schema_lock.published.get(stem)
    if known is not None:
        return Registering(known.id, {})
    if fresh:
        try:
            load_registry({**project.schemas, **fresh})
        except ProjectError as error:
            return error.problems[0].message
    lock = project.schema_lock
    for file in files:
        lock = lock.with_version(file.stem, file.document)
    return Registering(lock.published[stem].id, {**fresh, LOCK_FILE: lock.text()})


def _document(text: str) -> dict[str, Json] | None:
    try:
        document: dict[str, Json] = msgspec.json.decode(text.encode(), type=dict[str, Json])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeEncodeError, RecursionError):
        return None
    return document
