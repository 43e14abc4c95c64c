"""A JSON Schema file of the project with the place of every value (quality Q01, Q08).

JSON is decoded as JSON; the places come from the YAML reader, since nearly all JSON is YAML.
"""

from __future__ import annotations

import re

import msgspec

from journeyfold.core.errors import Problem, ProjectError
from journeyfold.project.document import Document, Spot, line_and_column, line_text
from journeyfold.project.yaml_text import read_yaml

SCHEMA_MAX = 256 * 1024  # bytes (Q08)
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
    # A tab is white space in JSON but no indentation in YAML; columns stay the same.
    try:
        spots = read_yaml(file, text.replace("\t", " ")).spots
    except ProjectError as error:
        if any(problem.code == "P102" for problem in error.problems):
            raise
        spots = {(): Spot(0, len(text))}  # JSON that YAML does not read: places are the file's
    return Document(file, text, value, spots)


def _refusal(
    file: str, text: str, index: int, code: str, message: str, suggestion: str = ""
) -> ProjectError:
    line, column = line_and_column(text, index)
    return ProjectError(
        [Problem(file, line, column, code, message, line_text(text, line), suggestion)]
    )
