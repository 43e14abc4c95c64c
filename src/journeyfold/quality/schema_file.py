"""One file of `schemas/`: its form, its header, and its compilation (quality Q01, Q02, Q08).

Everything a user can get wrong becomes a `Problem` with the line it stands on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

import jsonschema_rs
import msgspec

from journeyfold.core.errors import Problem
from journeyfold.core.event import Json

TYPES = ("track", "identify", "page", "screen", "group", "alias")
MODES = ("quarantine", "flag", "reject")
SIZE_MAX, DEPTH_MAX = 256 * 1024, 32
BASE = "journeyfold:///schemas/"  # where `$ref: address.1.json` looks; there is no network

_FILE = re.compile(r"(?:.*/)?([a-z0-9][a-z0-9_-]*)\.([1-9][0-9]{0,4})\.json", re.ASCII)
_HEADER = "x-journeyfold"


class Header(msgspec.Struct, forbid_unknown_fields=True):
    """`x-journeyfold` of a schema."""

    type: str = "track"
    version: int = 1
    owner: str = ""
    purposes: tuple[str, ...] = ()
    invalid: str | None = None  # overrides the source's plan (collect C29)
    aliases: tuple[str, ...] = ()  # self-describing names, as iglu:vendor/name/jsonschema/1-0-0
    acknowledged: tuple[str, ...] = ()  # places whose change nobody can judge, and somebody did


class SchemaFile(msgspec.Struct, frozen=True):
    """A schema that has been read; `document` is its JSON."""

    path: str
    stem: str
    slug: str
    name: str
    type: str
    version: int
    owner: str
    purposes: tuple[str, ...]
    invalid: str | None
    aliases: tuple[str, ...]
    acknowledged: tuple[str, ...]
    document: dict[str, Json]
    text: str

    @property
    def file_name(self) -> str:
        return f"{self.slug}.{self.version}.json"

    def compiled(self, files: Iterable[SchemaFile]) -> jsonschema_rs.Validator | Problem:
        """A validator with a linear-time pattern engine that never fetches anything."""
        references = set(_references(self.document))
        resources = [
            (BASE + other.file_name, other.document)
            for other in files
            if any(other.file_name in each for each in references)
        ]
        try:
            return jsonschema_rs.validator_for(
                self.document,
                base_uri=BASE + self.file_name,
                registry=jsonschema_rs.Registry(resources) if resources else None,
                pattern_options=jsonschema_rs.RegexOptions(),
                validate_formats=True,
                offline=True,
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            return self._why_not(error)

    def _why_not(self, error: Exception) -> Problem:
        place: list[str | int] = list(getattr(error, "instance_path", ()))
        key = str(place[-1]) if place else "$ref"
        if key == "pattern":
            value = _at(self.document, place)
            message = f"pattern {value!r} needs look-around or a back-reference, or is no pattern"
            hint = "patterns run in a linear-time engine; say it without them"
            return problem(self.path, self.text, "Q108", message, str(value), hint)
        said = str(error).partition("\n")[0][:200]
        if "$ref" in self.text and not place:
            hint = "a reference is `#/$defs/…` or another file of schemas/, as `address.1.json`"
            return problem(self.path, self.text, "Q109", said, "$ref", hint)
        return problem(self.path, self.text, "Q107", f"not a JSON Schema: {said}", key)


def parse_all(files: Mapping[str, str]) -> tuple[list[SchemaFile], list[Problem]]:
    """Every file that can be read, and what is wrong with the others and between them."""
    parsed: list[SchemaFile] = []
    problems: list[Problem] = []
    for path, text in sorted(files.items()):
        found = _parse(path, text)
        if isinstance(found, SchemaFile):
            parsed.append(found)
        else:
            problems += found
    return parsed, problems + list(_between(parsed))


def problem(
    path: str, text: str, code: str, message: str, near: str = "", suggestion: str = ""
) -> Problem:
    """A finding at the first line that holds `near` (as JSON writes it)."""
    written = msgspec.json.encode(near).decode()[1:-1] if near else ""
    at = text.find(f'"{written}"') + 1 if written else 0
    if not at:
        at = text.find(written) if written else -1
    line = text.count("\n", 0, at) + 1 if at >= 0 else 1
    start = text.rfind("\n", 0, at) + 1 if at >= 0 else 0
    column = at - start + 1 if at >= 0 else 1
    offending = text[start:].partition("\n")[0].strip()[:200]
    return Problem(path, line, column, code, message, offending, suggestion)


def _parse(path: str, text: str) -> SchemaFile | list[Problem]:
    match = _FILE.fullmatch(path)
    if match is None:
        hint = "schemas/order_completed.1.json"
        return [problem(path, text, "Q101", "the name must be <slug>.<version>.json", "", hint)]
    if len(text.encode()) > SIZE_MAX:
        return [problem(path, "", "Q102", "a schema is at most 256 KiB")]
    try:
        document = msgspec.json.decode(text.encode(), type=dict[str, Json])
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        return [problem(path, text, "Q103", f"not a JSON object: {error}")]
    if _depth(document) > DEPTH_MAX:
        return [problem(path, text, "Q102", "a schema is at most 32 levels deep")]
    title = document.get("title")
    if not isinstance(title, str) or not title.strip():
        hint = 'add "title": "Order Completed"'
        return [problem(path, text, "Q104", "`title` must be the event's name", "title", hint)]
    header = _header(path, text, document.get(_HEADER, {}), int(match[2]))
    if isinstance(header, list):
        return header
    return SchemaFile(
        path, f"{match[1]}.{match[2]}", match[1], title, header.type, header.version,
        header.owner, header.purposes, header.invalid, header.aliases, header.acknowledged,
        document, text,
    )  # fmt: skip


def _header(path: str, text: str, given: Json, version: int) -> Header | list[Problem]:
    try:
        header = msgspec.convert(given, Header)
    except msgspec.ValidationError as error:
        word = str(error).partition("field `")[2].partition("`")[0]
        hint = _meant(word, Header.__struct_fields__)
        return [problem(path, text, "Q105", f"{_HEADER}: {error}", _HEADER, hint)]
    if isinstance(given, dict) and "version" not in given:
        header.version = version
    found = []
    if header.type not in TYPES:
        message, hint = f"unknown type {header.type!r}", _meant(header.type, TYPES)
        found.append(problem(path, text, "Q105", message, header.type, hint))
    if header.invalid is not None and header.invalid not in MODES:
        hint = "one of " + ", ".join(MODES)
        message = f"unknown `invalid` mode {header.invalid!r}"
        found.append(problem(path, text, "Q105", message, header.invalid, hint))
    if header.version != version:
        message = f"{_HEADER} says version {header.version}, the file's name says {version}"
        found.append(problem(path, text, "Q106", message, "version"))
    return found or header


def _between(files: list[SchemaFile]) -> Iterator[Problem]:
    """Versions of a subject are 1, 2, 3 … and one slug has one subject (Q01)."""
    subjects: dict[tuple[str, str], list[SchemaFile]] = {}
    for file in files:
        subjects.setdefault((file.type, file.name), []).append(file)
    for (_, name), versions in subjects.items():
        versions.sort(key=lambda each: each.version)
        for expected, file in enumerate(versions, 1):
            if file.version != expected:
                message = f"versions of {name!r} must be 1, 2, 3 …: expected {expected}"
                yield problem(file.path, file.text, "Q106", message, "version")
                break
    slugs: dict[str, SchemaFile] = {}
    for file in files:
        first = slugs.setdefault(file.slug, file)
        if (first.type, first.name) != (file.type, file.name):
            message = f"{first.path} is about {first.name!r}; one slug has one event"
            yield problem(file.path, file.text, "Q104", message, "title")


def _meant(word: str, known: Iterable[str]) -> str:
    choices = list(known)
    near = get_close_matches(word, choices, 1)
    return f"did you mean `{near[0]}`?" if near else "known: " + ", ".join(choices)


def _references(node: Json) -> Iterator[str]:
    stack: list[Json] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, dict):
            if isinstance(each.get("$ref"), str):
                yield str(each["$ref"])
            stack += each.values()
        elif isinstance(each, list):
            stack += each


def _depth(node: Json) -> int:
    depth, level = 0, [node]
    while level:
        depth += 1
        below: list[Json] = []
        for each in level:
            if isinstance(each, dict):
                below += each.values()
            elif isinstance(each, list):
                below += each
        level = below
    return depth


def _at(document: Json, path: list[str | int]) -> Json:
    for part in path:
        if isinstance(document, dict):
            document = document.get(str(part))
        elif isinstance(document, list) and isinstance(part, int):
            document = document[part]
    return document
