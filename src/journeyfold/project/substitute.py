"""`${env:NAME}` and `${file:NAME}` in paths and secrets, and nowhere else (trust SEC-20).

A project's text goes into the log, so it holds the reference; the shell puts the value in where
it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NoReturn

from journeyfold.core.errors import Problem, UsageError
from journeyfold.project.document import Document, Path

_REFERENCE = re.compile(r"\$\{(?P<kind>[a-z]*):?(?P<name>[^}]*)\}")

PLACES: dict[str, tuple[Path, ...]] = {
    "source": (("read",), ("keys",), ("webhook", "secrets")),
    "destination": (
        ("secret",), ("secrets",), ("headers",), ("url",), ("path",), ("user",), ("password",),
        ("dkim", "key"), ("dkim", "second_key"),
    ),
}  # fmt: skip
"""Kind of definition → paths below which references may stand."""
SECRETS: dict[str, tuple[Path, ...]] = {
    "source": (
        ("webhook", "secrets"),
        *(("read", "http", "auth", *way) for way in (
            ("bearer",), ("basic", "password"), ("header", "secret"), ("oauth2", "client_secret"),
        )),
    ),
    "destination": (
        ("secret",), ("secrets",), ("password",), ("dkim", "key"), ("dkim", "second_key"),
    ),
}  # fmt: skip
"""Kind of definition → paths below which a text must be a reference."""


def substitute(text: str, environment: Mapping[str, str], read_file: Callable[[str], str]) -> str:
    """`text` with every reference replaced by its value.

    Raises:
        UsageError: names the variable or file that is not there.

    """

    def value_of(match: re.Match[str]) -> str:
        name = match["name"]
        if match["kind"] == "env":
            if name not in environment:
                _refuse(f"the environment variable {name} is not set; set it and start again")
            return environment[name]
        if match["kind"] == "file":
            try:
                return read_file(name).rstrip("\r\n")
            except OSError as error:
                _refuse(f"the file {name} cannot be read: {error.strerror}")
        _refuse(f"{match[0]} is no reference; write ${{env:NAME}} or ${{file:PATH}}")

    return _REFERENCE.sub(value_of, text)


def reference_problems(document: Document, kind: str) -> Iterator[Problem]:
    """References out of place or malformed, and secrets written out."""
    for path, text in _texts(document.value, ()):
        if "${" in text:
            yield from _reference(document, kind, path, text)
        elif _below(path, SECRETS.get(kind, ())) or text.startswith("jf_srv_"):
            yield document.problem(
                path, "P122", "a secret is written out",
                suggestion="write ${env:NAME} or ${file:PATH} and keep the value out of the project",
            )  # fmt: skip


def _reference(document: Document, kind: str, path: Path, text: str) -> Iterator[Problem]:
    if not _below(path, PLACES.get(kind, ())):
        yield document.problem(
            path, "P121", "references stand only in paths and secrets", inside=text.index("${"),
            suggestion="write the value itself",
        )  # fmt: skip
        return
    if text.count("${") != len(_REFERENCE.findall(text)):
        yield document.problem(path, "P121", "a reference is not closed", suggestion="add }")
    for match in _REFERENCE.finditer(text):
        if match["kind"] not in {"env", "file"} or not match["name"]:
            yield document.problem(
                path, "P121", f"{match[0]} is no reference", inside=match.start(),
                suggestion="write ${env:NAME} or ${file:PATH}",
            )  # fmt: skip


def _below(path: Path, places: Iterable[Path]) -> bool:
    return any(path[: len(place)] == place for place in places)


def _texts(value: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))


def _refuse(sentence: str) -> NoReturn:
    raise UsageError(sentence)
