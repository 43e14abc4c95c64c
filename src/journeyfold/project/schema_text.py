"""A JSON Schema file of the project with the place of every value (quality Q01, Q08).

JSON is decoded as JSON; the places come from the YAML reader, since nearly all JSON is YAML. They
are looked for when a finding asks for one: reading them takes fifty times as long as the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

import msgspec

from journeyfold.core.errors import Problem, ProjectError
from journeyfold.project.document import Document, Path, Spot, line_and_column, line_text
from journeyfold.project.yaml_text import read_yaml

SCHEMA_MAX = 256 * 1024  # bytes (Q08)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BYTE = re.compile(r"\(byte (\d+)\)")


def read_schema(file: str, text: str) -> Document:
    """Raises ProjectError when it is no JSON object, or holds a key twice."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) > SCHEMA_MAX:
        raise _refusal(file, text, 0, "P103", f"larger than {SCHEMA_MAX} bytes", "split it")
    try:
        value = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        at = _BYTE.search(str(error))
        index = len(raw[: int(at[1])].decode("utf-8", "replace")) if at else len(text)
        message = _BYTE.sub("", str(error)).replace("JSON is malformed: ", "").strip()
        raise _refusal(file, text, index, "P101", f"no JSON: {message}") from None
    except RecursionError:
        raise _refusal(file, text, 0, "P103", "nested too deeply") from None
    if not isinstance(value, dict):
        raise _refusal(file, text, 0, "P111", "a schema is a JSON object", "wrap it in { }")
    spots = _Spots(file, text)
    if _holds_a_key_twice(raw, value):
        spots.require_single_keys()
    return Document(file, text, value, spots)


class _Spots(Mapping[Path, Spot]):
    """The place of every value, read at the first question."""

    def __init__(self, file: str, text: str) -> None:
        self._file, self._text = file, text

    def __getitem__(self, path: Path) -> Spot:
        return self._all[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def require_single_keys(self) -> None:
        """Raises ProjectError with the place of a key that stands twice."""
        try:
            self._read()
        except ProjectError as error:
            if any(problem.code == "P102" for problem in error.problems):
                raise

    @cached_property
    def _all(self) -> Mapping[Path, Spot]:
        try:
            return self._read()
        except ProjectError:  # JSON that YAML does not read: places are the file's
            return {(): Spot(0, len(self._text))}

    def _read(self) -> Mapping[Path, Spot]:
        # A tab is white space in JSON but no indentation in YAML; columns stay the same.
        return read_yaml(self._file, self._text.replace("\t", " ")).spots


def _holds_a_key_twice(raw: bytes, value: object) -> bool:
    """Outside of strings each colon is a member's; one that another replaced is missing."""
    return _STRING.sub(b"", raw).count(b":") > _members(value)


def _members(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_members, value.values()))
    return sum(map(_members, value)) if isinstance(value, list) else 0


def _refusal(
    file: str, text: str, index: int, code: str, message: str, suggestion: str = ""
) -> ProjectError:
    line, column = line_and_column(text, index)
    return ProjectError(
        [Problem(file, line, column, code, message, line_text(text, line), suggestion)]
    )
