"""What a new version does to history, shown by documents (quality Q01, Q04 to Q06). Pure.

`judged` compares a version with those before it in the mode of its subject. A finding with a
document is proven; one without is either certain by the rules or `unknown`, and an unknown one
needs an acknowledgement in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import jsonschema_rs
import msgspec

from journeyfold.core.errors import Problem
from journeyfold.core.event import Json
from journeyfold.quality.compatibility import Label, Mode
from journeyfold.quality.containment import Finding, Schema, findings
from journeyfold.quality.lock import LOCK_FILE, SchemaLock, SchemaModes, content_hash, subject_of
from journeyfold.quality.reference import written_out
from journeyfold.quality.schema_file import SchemaFile, parse_all, problem
from journeyfold.quality.witness import witnesses

_SHOWN_MAX = 300


class Change(msgspec.Struct, frozen=True):
    """Why one version may not follow another. `document` is JSON and proves it; empty where none
    was found. `is_known` is False for what nobody can decide.
    """

    version: int
    direction: str  # backward | forward
    pointer: str
    why: str
    document: str = ""
    is_known: bool = True


class Version(msgspec.Struct, frozen=True):
    """A version as lists show it: what it is to all before it, and the number derived from that."""

    subject: str
    stem: str
    path: str
    version: int
    label: Label
    number: str  # MODEL-REVISION-ADDITION
    mode: Mode
    published: bool
    id: int = 0
    changes: tuple[Change, ...] = ()


class _Form(msgspec.Struct, frozen=True):
    """A version ready to be compared: without references, and compiled."""

    file: SchemaFile
    schema: Schema
    validator: jsonschema_rs.Validator


class History:
    """All versions of all subjects of a project."""

    def __init__(self, files: Mapping[str, str], lock: SchemaLock, modes: SchemaModes) -> None:
        self.files, _ = parse_all(files)
        self._lock, self._modes = lock, modes
        self._documents: dict[str, Json] = {each.file_name: each.document for each in self.files}
        self._forms: dict[str, _Form | None] = {}

    def subjects(self) -> dict[str, list[SchemaFile]]:
        """Subject → its versions, oldest first."""
        found: dict[str, list[SchemaFile]] = {}
        for file in sorted(self.files, key=lambda each: (each.name, each.type, each.version)):
            found.setdefault(subject_of(file.type, file.name), []).append(file)
        return found

    def versions(self, subject: str) -> list[Version]:
        """Oldest first, each against those before it in the mode of today."""
        made: list[Version] = []
        numbers = (1, 0, 0)
        files = self.subjects().get(subject, [])
        mode = self._modes.of(subject)
        for at, file in enumerate(files):
            label = self.label(file, files[:at])
            if at:
                numbers = _next(numbers, label)
            published = self._lock.published.get(file.stem)
            made.append(
                Version(
                    subject, file.stem, file.path, file.version, label,
                    "-".join(map(str, numbers)), mode, published is not None,
                    published.id if published else 0,
                    tuple(self.judged(file, files[:at], mode)),
                )
            )  # fmt: skip
        return made

    def judged(self, new: SchemaFile, before: Sequence[SchemaFile], mode: Mode) -> list[Change]:
        """Everything that stands against `new` after `before` (oldest first)."""
        found: list[Change] = []
        for old in before if mode.endswith("_TRANSITIVE") else before[-1:]:
            if mode.startswith(("BACKWARD", "FULL")):
                found += self._against(old, new, old.version, "backward")
            if mode.startswith(("FORWARD", "FULL")):
                found += self._against(new, old, old.version, "forward")
        return found

    def label(self, new: SchemaFile, before: Sequence[SchemaFile]) -> Label:
        """MODEL breaks the latest, REVISION some of history, ADDITION nothing (Q06)."""
        broken = [old.version for old in before if self._against(old, new, old.version, "backward")]
        if not broken:
            return "ADDITION"
        return "MODEL" if broken[-1] == before[-1].version else "REVISION"

    def _against(
        self, inner: SchemaFile, outer: SchemaFile, version: int, direction: str
    ) -> list[Change]:
        """Documents of `inner` that `outer` refuses."""
        one, other = self._form(inner), self._form(outer)
        if one is None or other is None:
            return []
        told = findings(one.schema, other.schema)
        if not told:
            return []
        proven = witnesses(one.schema, other.schema, one.validator, other.validator)
        changes = [
            Change(version, direction, at, _why(told, at), _shown(document))
            for at, document in proven.items()
        ]
        rest = [each for each in told if not _is_told(each, proven)]
        certain = [each for each in rest if each.is_certain]
        unsure = [] if changes or certain else rest
        newer = inner if direction == "forward" else outer
        unsure = [each for each in unsure if each.pointer not in newer.acknowledged]
        changes += [Change(version, direction, each.pointer, each.why) for each in certain]
        return changes + [
            Change(version, direction, each.pointer, each.why, is_known=False) for each in unsure
        ]

    def _form(self, file: SchemaFile) -> _Form | None:
        if file.stem not in self._forms:
            compiled = file.compiled(self.files)
            schema = written_out(file.document, file.file_name, self._documents)
            usable = isinstance(compiled, jsonschema_rs.Validator) and isinstance(schema, dict)
            self._forms[file.stem] = _Form(file, schema, compiled) if usable else None  # type: ignore[arg-type]
        return self._forms[file.stem]


def evolution_problems(
    files: Mapping[str, str], lock: SchemaLock, modes: SchemaModes
) -> Iterator[Problem]:
    """What a project may not do to its published versions and their followers."""
    history = History(files, lock, modes)
    subjects = history.subjects()
    by_stem = {file.stem: file for file in history.files}
    for stem, published in sorted(lock.published.items()):
        file = by_stem.get(stem)
        if file is None:
            said = f"schemas/{stem}.json was published and is gone"
            yield Problem(LOCK_FILE, 1, 1, "Q111", said, suggestion="bring it back")
        elif content_hash(file.document) != published.hash:
            following = f"{file.slug}.{subjects[subject_of(file.type, file.name)][-1].version + 1}"
            said = f"version {file.version} was published and may not change"
            hint = f"undo the change; make it in schemas/{following}.json"
            yield problem(file.path, file.text, "Q110", said, "", hint)
    for subject in sorted(modes.subjects.keys() - subjects.keys()):
        known = ", ".join(sorted(subjects)[:5]) or "none"
        said = f"no schema has the subject '{subject}'"
        yield Problem(
            LOCK_FILE.replace("lock.", ""), 1, 1, "Q114", said, suggestion=f"known: {known}"
        )
    for subject, versions in subjects.items():
        mode = modes.of(subject)
        for at, file in enumerate(versions):
            if at and file.stem not in lock.published:
                yield from _of_changes(file, mode, history.judged(file, versions[:at], mode))


def _of_changes(file: SchemaFile, mode: Mode, changes: Iterable[Change]) -> Iterator[Problem]:
    for each in changes:
        near = each.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        place = each.pointer or "the document"
        what = f"{place}: {each.why}"
        if each.is_known:
            yield problem(file.path, file.text, "Q112", _sentence(each, mode, what), near, _HINT)
        else:
            said = f"nobody can tell whether this follows version {each.version}: {what} ({mode})"
            hint = f'if it does, write "acknowledged": ["{each.pointer}"] under x-journeyfold'
            yield problem(file.path, file.text, "Q113", said, near, hint)


_HINT = "keep it as it was, give the event another name, or choose another mode in schemas.yaml"


def _sentence(change: Change, mode: Mode, what: str) -> str:
    shown = f": {change.document}" if change.document else ""
    if change.direction == "backward":
        return f"{what}; what version {change.version} allowed is refused{shown} ({mode})"
    return f"{what}; what is allowed now, version {change.version} refuses{shown} ({mode})"


def _why(told: Sequence[Finding], at: str) -> str:
    """What the rules say of this place, or of the nearest above or below it."""
    best = max(told, key=lambda each: _shared(each.pointer, at))
    return best.why


def _shared(one: str, other: str) -> tuple[int, int]:
    """How many parts two pointers have in common, fewer parts beyond them first."""
    parts, others = one.split("/"), other.split("/")
    same = 0
    for a, b in zip(parts, others, strict=False):
        if a != b and a not in {"*", "-"}:
            break
        same += 1
    return same, -abs(len(parts) - len(others))


def _is_told(finding: Finding, proven: Mapping[str, Json]) -> bool:
    """Is there a document for this place?"""
    length = len(finding.pointer.split("/"))
    return any(_shared(finding.pointer, at)[0] >= length for at in proven)


def _shown(document: Json) -> str:
    text = msgspec.json.encode(document).decode()
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"


def _next(numbers: tuple[int, int, int], label: Label) -> tuple[int, int, int]:
    model, revision, addition = numbers
    match label:
        case "MODEL":
            return model + 1, 0, 0
        case "REVISION":
            return model, revision + 1, 0
    return model, revision, addition + 1
