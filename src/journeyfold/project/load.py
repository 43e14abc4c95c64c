"""A directory's files → a `Project`; every finding at once, each with file, line and column.

`read_directory` is the only place that touches the disk. `load` is a function of the texts, so
the project in force is loaded from the log exactly as it was from the directory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from journeyfold.core.errors import Problem, ProjectError, UsageError
from journeyfold.project.document import Document
from journeyfold.project.kinds import (
    KINDS,
    Kind,
    is_body,
    is_project_file,
    is_schema,
    is_template,
    kind_of,
    why_unread,
)
from journeyfold.project.model import FeaturesFile, Place, Project
from journeyfold.project.schema_text import read_schema
from journeyfold.project.shape import shape_problems, type_problem
from journeyfold.project.substitute import reference_problems
from journeyfold.project.yaml_text import read_yaml
from journeyfold.quality.aliases import unaliased
from journeyfold.quality.lock import LOCK_FILE, MODES_FILE
from journeyfold.quality.registry import load_registry
from journeyfold.segment.definition import SegmentsFile

ROOT_FILE = "journeyfold.yaml"
FILES_MAX = 5_000
FILE_MAX = 1024 * 1024  # bytes

_SINGLE = {"identity": "identity.yaml", "schema_lock": LOCK_FILE, "schema_modes": MODES_FILE}
_STEM = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_FOLDERS = sorted({kind.pattern.partition("/")[0] for kind in KINDS if "/" in kind.pattern})


def read_directory(directory: Path) -> dict[str, str]:
    """The texts of a project directory by their path in it.

    Raises:
        UsageError: it is no project directory.
        ProjectError: a file is no text, or too large.

    """
    if not (directory / ROOT_FILE).is_file():
        raise UsageError(
            f"{directory} is no project directory: it has no {ROOT_FILE}; "
            "go to one, or make one with `journeyfold init DIR`"
        )
    found = sorted(_candidates(directory))
    if len(found) > FILES_MAX:
        raise UsageError(f"{directory} has {len(found)} project files, more than {FILES_MAX}")
    return {path: _text(directory, path) for path in found}


def load(files: Mapping[str, str]) -> Project:
    """The project that these texts say.

    Raises:
        ProjectError: with every problem of shape, sorted by place.

    """
    return _Loading(files).project()


def project_hash(files: Mapping[str, str]) -> str:
    """SHA-256 over paths and texts, length-prefixed; the same for the same files in any order."""
    digest = sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path].encode("utf-8", "surrogatepass")):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def sorted_problems(problems: list[Problem]) -> list[Problem]:
    """By place, each once."""
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda each: (each.file, each.line, each.column, each.code))


def _candidates(directory: Path) -> Iterator[str]:
    for entry in directory.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_file():
            names = [entry.name]
        else:
            names = [str(inner.relative_to(directory)) for inner in _files_in(entry)]
        yield from (name for name in names if is_project_file(name))


def _files_in(folder: Path) -> Iterator[Path]:
    """Files of a folder and of the folders in it: no definition lies deeper."""
    for inner in folder.iterdir():
        if inner.is_file():
            yield inner
        elif inner.is_dir() and not inner.name.startswith("."):
            yield from (file for file in inner.iterdir() if file.is_file())


def _text(directory: Path, path: str) -> str:
    file = directory / path
    if file.stat().st_size > FILE_MAX:
        raise _broken(path, f"the file is larger than {FILE_MAX} bytes", "split it")
    raw = file.read_bytes()
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _broken(path, "this is no UTF-8 text", "save the file as UTF-8", line) from None


def _broken(path: str, message: str, suggestion: str, line: int = 1) -> ProjectError:
    return ProjectError([Problem(path, line, 1, "P101", message, suggestion=suggestion)])


class _Loading:
    """One load: problems gather here, so that one broken file does not hide another's."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = dict(files)
        self._problems: list[Problem] = []
        self._hints: list[Problem] = []
        self._documents: dict[str, Document] = {}
        self._places: dict[tuple[str, str], Place] = {}
        self._values: dict[str, dict[str, object]] = {kind.name: {} for kind in KINDS}

    def project(self) -> Project:
        for path in sorted(self._files):
            self._file(path)
        if ROOT_FILE not in self._files:
            self._problems.append(
                Problem(ROOT_FILE, 1, 1, "P112", "the file is missing", suggestion="add `name: …`")
            )
        self._registry()
        if self._problems:
            raise ProjectError(sorted_problems(self._problems))
        return self._assembled()

    def _registry(self) -> None:
        """What only the registry knows: headers, versions, patterns, references (Q01, Q08)."""
        readable = {path: self._files[path] for path in self._documents if is_schema(path)}
        try:
            load_registry(readable)
        except ProjectError as error:
            self._problems += error.problems

    def _file(self, path: str) -> None:
        kind, unread = kind_of(path), why_unread(path)
        if unread is not None:
            self._hints.append(Problem(path, 1, 1, "P128", unread, severity="hint"))
        try:
            if kind is not None:
                self._definition(path, kind)
            elif is_schema(path):
                self._documents[path] = read_schema(path, self._files[path])
        except ProjectError as error:
            self._problems += error.problems

    def _definition(self, path: str, kind: Kind) -> None:
        document = read_yaml(path, self._files[path])
        stem = kind.id_of(path)
        if document.value is None and kind.name != "project":
            document = msgspec.structs.replace(document, value=_empty_of(kind))
        if kind.name == "quality":
            document = msgspec.structs.replace(document, value=unaliased(document.value))
        if kind.id_key:
            self._problems += _stem_problems(document, kind, stem)
            document = _with_id(document, kind.id_key, stem)
        self._documents[path] = document
        struct = kind.struct
        if kind.types:
            wrong = type_problem(document, kind.types)
            if wrong is not None:
                self._problems.append(wrong)
                return
            struct = kind.types[str(document.at(("type",)))]
        found = shape_problems(document, (), struct)
        found += reference_problems(document, kind.name)
        if found:
            self._problems += found
            return
        name = stem if kind.id_key else path
        self._values[kind.name][name] = msgspec.convert(document.value, struct)
        self._places[kind.name, name] = Place(path)

    def _assembled(self) -> Project:
        values = self._values
        segments, lifecycles = self._listed(values["segments"])
        features = values["features"].get("features.yaml", FeaturesFile())
        assert isinstance(features, FeaturesFile), "the table of kinds says so"
        for name in features.features:
            self._places["feature", name] = Place("features.yaml", ("features", name))
        for name in features.traits:
            self._places["trait", name] = Place("features.yaml", ("traits", name))
        parts = {
            "settings": values["project"][ROOT_FILE],
            "sources": values["source"],
            "schemas": {path: self._files[path] for path in self._files if is_schema(path)},
            "templates": {
                path.partition("/")[2]: self._files[path]
                for path in self._files
                if is_template(path)
            },
            "traits": features.traits,
            "features": features.features,
            "segments": segments,
            "lifecycles": lifecycles,
            "offers": values["offer"],
            "placements": values["placement"],
            "journeys": values["journey"],
            "destinations": values["destination"],
            "messages": values["message"],
            "taxonomies": values["taxonomy"],
            "bodies": {
                path.partition("/")[2]: self._files[path] for path in self._files if is_body(path)
            },
            "quality": values["quality"],
            "tests": values["tests"],
        }
        for kind, path in _SINGLE.items():
            if values[kind]:
                parts[kind] = values[kind][path]
        return Project(
            files=self._files,
            hash=project_hash(self._files),
            documents=self._documents,
            places=self._places,
            hints=tuple(sorted_problems(self._hints)),
            **parts,  # type: ignore[arg-type]  # each was converted to its row's struct
        )

    def _listed(self, files: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
        """Segments and lifecycles of all files by id; an id that stands twice is a problem."""
        listed: dict[str, dict[str, object]] = {"segments": {}, "lifecycles": {}}
        for path, file in files.items():
            assert isinstance(file, SegmentsFile), "the table of kinds says so"
            for key, singular in (("segments", "segment"), ("lifecycles", "lifecycle")):
                for index, definition in enumerate(getattr(file, key)):
                    place = Place(path, (key, index))
                    first = self._places.setdefault((singular, definition.id), place)
                    if first is not place:
                        self._twice(singular, definition.id, place, first)
                    listed[key].setdefault(definition.id, definition)
        if self._problems:
            raise ProjectError(sorted_problems(self._problems))
        return listed["segments"], listed["lifecycles"]

    def _twice(self, kind: str, name: str, place: Place, first: Place) -> None:
        where = self._documents[first.file].problem((*first.path, "id"), "", "")
        self._problems.append(
            self._documents[place.file].problem(
                (*place.path, "id"),
                "P127",
                f"the {kind} '{name}' is defined twice",
                suggestion=f"the first is in {where.file}:{where.line}",
            )
        )


def _empty_of(kind: Kind) -> object:
    """An empty file is an empty map, or an empty list of tests."""
    return [] if kind.name == "tests" else {}


def _with_id(document: Document, id_key: str, stem: str) -> Document:
    if isinstance(document.value, dict) and id_key not in document.value:
        return msgspec.structs.replace(document, value={id_key: stem, **document.value})
    return document


def _stem_problems(document: Document, kind: Kind, stem: str) -> Iterator[Problem]:
    if not _STEM.fullmatch(stem):
        yield document.problem(
            (), "P123", f"'{stem}' is no id: lower-case letters, digits, `-` and `_`",
            suggestion="rename the file",
        )  # fmt: skip
    written = document.value.get(kind.id_key) if isinstance(document.value, dict) else None
    if isinstance(written, str) and written != stem:
        folder = kind.pattern.partition("/")[0]
        yield document.problem(
            (kind.id_key,), "P120", f"the id '{written}' is not the file's name",
            suggestion=f"write '{stem}', or rename the file to {folder}/{written}.yaml",
        )  # fmt: skip
