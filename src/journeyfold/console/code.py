"""Text as numbered, coloured lines: JSON payloads, YAML files and the change between two texts.

A line is a list of (class, text) pieces; the template escapes each piece, so hostile text is only
ever text. Colour is a help for the eye: a piece that is not understood is shown plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

import msgspec

from journeyfold.core.event import Json

Piece = tuple[str, str]
Namer = Callable[[re.Match[str]], str]
_LINES_MAX = 400
_JSON = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(true|false|null)')
_YAML = re.compile(
    r"(#.*$)|(\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')|([A-Za-z_][\w-]*)(?=:(?:\s|$))|(\b\d[\d.]*\b)"
)


class CodeLine(msgspec.Struct, frozen=True):
    pieces: tuple[Piece, ...]
    state: str = ""  # wrong | here | add | del


def json_lines(value: Json, pointer: str = "") -> list[CodeLine]:
    """Indented JSON; the line that a JSON Pointer names is marked wrong."""
    wrong = _line_of(value, pointer) if pointer else -1
    text = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    lines = text.split("\n")
    shown = [
        CodeLine(tuple(_pieces(line, _json_class, _JSON)), "wrong" if index == wrong else "")
        for index, line in enumerate(lines[:_LINES_MAX])
    ]
    if len(lines) > _LINES_MAX:
        shown.append(CodeLine((("c", f"… {len(lines) - _LINES_MAX} more lines"),)))
    return shown


def yaml_lines(text: str, first: int = 0, last: int = 0) -> list[CodeLine]:
    """YAML with the lines `first` … `last` (from 1) marked as the ones meant."""
    return [
        CodeLine(
            tuple(_pieces(line, _yaml_class, _YAML)),
            "here" if first <= number <= last else "",
        )
        for number, line in enumerate(text.rstrip("\n").split("\n")[:_LINES_MAX], start=1)
    ]


def diff_lines(before: str, after: str, around: int = 3) -> list[CodeLine]:
    """What changes from one text to the other, with a few lines around each change."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[CodeLine] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(around):
        if lines:
            lines.append(CodeLine((("c", "…"),)))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += [CodeLine((("", line),)) for line in old[old_from:old_to]]
                continue
            lines += [CodeLine((("", line),), "del") for line in old[old_from:old_to]]
            lines += [CodeLine((("", line),), "add") for line in new[new_from:new_to]]
    return lines


def _pieces(line: str, name: Namer, pattern: re.Pattern[str]) -> Iterator[Piece]:
    at = 0
    for match in pattern.finditer(line):
        if match.start() > at:
            yield "", line[at : match.start()]
        yield name(match), match.group()
        at = match.end()
    if at < len(line):
        yield "", line[at:]


def _json_class(match: re.Match[str]) -> str:
    if match[1] is not None:
        return "k" if match[2] else "s"
    return "num"


def _yaml_class(match: re.Match[str]) -> str:
    if match[1] is not None:
        return "c"
    if match[2] is not None:
        return "s"
    return "k" if match[3] is not None else "num"


def _line_of(value: Json, pointer: str) -> int:
    """The line of an indented JSON text on which the value of a JSON Pointer begins; -1 if none."""
    line, here = 0, value
    for raw in pointer.lstrip("/").split("/"):
        step = raw.replace("~1", "/").replace("~0", "~")
        line += 1
        if isinstance(here, dict) and step in here:
            for key, inner in here.items():
                if key == step:
                    break
                line += _height(inner)
            here = here[step]
        elif isinstance(here, list) and step.isascii() and step.isdigit() and int(step) < len(here):
            line += sum(_height(inner) for inner in here[: int(step)])
            here = here[int(step)]
        else:
            return -1
    return line


def _height(value: Json) -> int:
    """How many lines a value takes when it is indented."""
    if isinstance(value, dict) and value:
        return 2 + sum(_height(inner) for inner in value.values())
    if isinstance(value, list) and value:
        return 2 + sum(_height(inner) for inner in value)
    return 1
