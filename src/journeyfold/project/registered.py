"""The published schemas as a registry answers for them (quality Q10). Pure.

What stands in the lock is published: it has a number and never changes, so clients may keep it
for ever. Versions that are only in force are not shown. A subject is called by its files' name,
`order_completed`: an event's name may hold a slash, which no path may (collect C01).
"""

from __future__ import annotations

from collections.abc import Mapping

import jsonschema_rs
import msgspec

from journeyfold.core.event import Json
from journeyfold.project.model import Project
from journeyfold.project.registry import history_of
from journeyfold.quality.compatibility import Mode
from journeyfold.quality.evolution import Change
from journeyfold.quality.lock import content_hash, subject_of
from journeyfold.quality.schema_file import SchemaFile, parse_all


class Registered(msgspec.Struct, frozen=True):
    """A version of a subject, as it was published."""

    subject: str
    version: int
    id: int
    schema: str


class Published:
    """All of them, by subject, version, number and content."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._modes = project.schema_modes
        self._files: dict[str, dict[int, SchemaFile]] = {}
        self._ids: dict[str, int] = {}
        for files in history_of(project).subjects().values():
            for file in files:
                known = project.schema_lock.published.get(file.stem)
                if known is not None:
                    self._files.setdefault(file.slug, {})[file.version] = file
                    self._ids[file.stem] = known.id

    def subjects(self) -> list[str]:
        return sorted(self._files)

    def versions(self, subject: str) -> list[int]:
        """Empty when there is no such subject."""
        return sorted(self._files.get(subject, {}))

    def version(self, subject: str, number: int | None) -> Registered | None:
        """The newest without a number."""
        versions = self._files.get(subject, {})
        chosen = number if number is not None else max(versions, default=0)
        return self._registered(versions[chosen]) if chosen in versions else None

    def by_id(self, number: int) -> Registered | None:
        for versions in self._files.values():
            for file in versions.values():
                if self._ids[file.stem] == number:
                    return self._registered(file)
        return None

    def like(self, subject: str, text: str) -> Registered | None:
        """The version with this very content."""
        document = _document(text)
        wanted = content_hash(document) if document is not None else ""
        for file in self._files.get(subject, {}).values():
            if content_hash(file.document) == wanted:
                return self._registered(file)
        return None

    def name_of(self, subject: str) -> str:
        """`order_completed` as `schemas.yaml` calls it: `event:track/Order Completed`."""
        newest = max(self._files[subject].values(), key=lambda file: file.version)
        return subject_of(newest.type, newest.name)

    def mode(self, subject: str | None = None) -> Mode | None:
        """For all; of a subject only when it has one of its own."""
        if subject is None:
            return self._modes.compatibility
        return self._modes.subjects.get(self.name_of(subject))

    def judged(self, subject: str, text: str, number: int | None) -> list[Change] | str:
        """What stands against a candidate: after all versions in the subject's mode, or after one.

        A sentence when the candidate is no schema.
        """
        files = self._files.get(subject, {})
        newest = files[max(files)]
        candidate = _candidate(text, newest)
        if isinstance(candidate, str):
            return candidate
        history = history_of(self.project)  # one of its own: it remembers what it compared
        compiled = candidate.compiled(history.files)
        if not isinstance(compiled, jsonschema_rs.Validator):
            return compiled.message
        mode = self._modes.of(subject_of(newest.type, newest.name))
        if number is not None:
            return history.judged(candidate, [files[number]], mode)
        return history.judged(candidate, [files[at] for at in sorted(files)], mode)

    def _registered(self, file: SchemaFile) -> Registered:
        return Registered(file.slug, file.version, self._ids[file.stem], file.text)


def is_schema(text: str) -> str | None:
    """None for a JSON Schema; else what is wrong with it."""
    document = _document(text)
    if document is None:
        return "the schema is no JSON object"
    try:
        jsonschema_rs.validator_for(dict(document), offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return str(error).partition("\n")[0][:200]
    return None


def _candidate(text: str, newest: SchemaFile) -> SchemaFile | str:
    """The text as the next version would be; title and header may be left out."""
    document = _document(text)
    if document is None:
        return "the schema is no JSON object"
    version = newest.version + 1
    given = document.get("x-journeyfold")
    header: dict[str, Json] = {"type": newest.type, **(given if isinstance(given, dict) else {})}
    header["version"] = version
    whole = {**document, "title": newest.name, "x-journeyfold": header}
    path = f"schemas/{newest.slug}.{version}.json"
    found, problems = parse_all({path: msgspec.json.encode(whole).decode()})
    wrong = [each for each in problems if each.code != "Q106"]
    return found[0] if found and not wrong else wrong[0].message


def _document(text: str) -> Mapping[str, Json] | None:
    try:
        document: dict[str, Json] = msgspec.json.decode(text.encode(), type=dict[str, Json])
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeEncodeError, RecursionError):
        return None
    return document
