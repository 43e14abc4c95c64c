"""A file of the project with the place of every value in it.

A value is addressed by its path (`("segments", 3, "when")`). A finding about a value, about a key
or about the n-th character inside a text becomes a `Problem` that names line and column of the
file as the author sees it, whatever quoting or folding the author chose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from journeyfold.core.errors import Problem

Path: TypeAlias = "tuple[str | int, ...]"

_ESCAPE_LENGTH = {"x": 4, "u": 6, "U": 10}  # \xNN \uNNNN \UNNNNNNNN


class Spot(msgspec.Struct, frozen=True):
    """Where a value stands. Indexes count characters of the text from 0."""

    start: int
    end: int
    key: int = -1  # of the mapping key that leads here; -1 for items of lists
    style: str = ""  # "" plain or no scalar, ' " | > and * for an alias


class Document(msgspec.Struct, frozen=True):
    r"""Plain values and their spots. `text` has `\n` line ends and no byte order mark."""

    file: str
    text: str
    value: object
    spots: Mapping[Path, Spot]

    def problem(
        self,
        path: Path,
        code: str,
        message: str,
        *,
        suggestion: str = "",
        on_key: bool = False,
        inside: int | None = None,
        severity: str = "error",
    ) -> Problem:
        """A finding at `path`; a path that is not there stands for the nearest one above it.

        `on_key` points at the key instead of the value, `inside` at a character of the text.
        """
        spot = self.spot(path)
        index = spot.start
        if on_key and spot.key >= 0 and path in self.spots:
            index = spot.key
        if inside is not None and path in self.spots:
            index = self._index_inside(path, inside)
        line, column = line_and_column(self.text, index)
        return Problem(
            file=self.file,
            line=line,
            column=column,
            code=code,
            message=message,
            text=line_text(self.text, line),
            suggestion=suggestion,
            severity=severity,
        )

    def spot(self, path: Path) -> Spot:
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, Spot(0, 0))

    def at(self, path: Path) -> object:
        """The plain value at `path`; None when there is none."""
        value = self.value
        for step in path:
            try:
                value = value[step]  # type: ignore[index]  # a missing step answers None below
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def _index_inside(self, path: Path, offset: int) -> int:
        spot, value = self.spots[path], self.at(path)
        if not isinstance(value, str) or spot.style == "*":
            return spot.start
        offsets = source_offsets(self.text[spot.start : spot.end], value, spot.style)
        return spot.start + offsets[min(max(offset, 0), len(offsets) - 1)]


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Both from 1, as editors count; an index past the end is the end of the last line."""
    index = min(max(index, 0), len(text))
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def line_text(text: str, line: int) -> str:
    lines = text.split("\n")
    return lines[line - 1].rstrip()[:400] if 0 < line <= len(lines) else ""


def source_offsets(raw: str, value: str, style: str) -> list[int]:
    """For each character of a scalar's value its index in `raw`, and one more for the end.

    Walks value and source side by side. What YAML changes on the way is: quotes, escapes,
    indentation and the folding of line breaks (YAML 1.2.2, chapters 7 and 8).
    """
    at = _content_start(raw, style)
    offsets = []
    for character in value:
        step = 1
        if style == '"' and raw[at : at + 1] == "\\":
            at = _after_line_continuation(raw, at)
            if raw[at : at + 1] == "\\":
                step = _ESCAPE_LENGTH.get(raw[at + 1 : at + 2], 2)
        elif style == "'" and character == "'":
            step = 2  # a quote is written twice
        elif raw[at : at + 1] != character:
            at, step = _across_the_break(raw, at, character)
        offsets.append(min(at, len(raw)))
        at += step
    offsets.append(min(at, len(raw)))
    return offsets


def _content_start(raw: str, style: str) -> int:
    if style in ("|", ">"):  # the header line, then the first line's indentation
        at = raw.find("\n") + 1
        return at + len(raw[at:]) - len(raw[at:].lstrip(" \n"))
    return 1 if style else 0


def _after_line_continuation(raw: str, at: int) -> int:
    r"""Past `\` + line break + indentation, which stand for nothing in a double-quoted text."""
    while raw[at : at + 2] == "\\\n":
        at += 2
        at += len(raw[at:]) - len(raw[at:].lstrip(" \t"))
    return at


def _across_the_break(raw: str, at: int, character: str) -> tuple[int, int]:
    """Where the blanks around a folded line break end, or the indentation of a literal line."""
    end = at
    while end < len(raw) and raw[end] in " \t\n":
        end += 1
    if character in " \n":  # the break itself: it stands where the line ends
        return at, end - at
    return end, 1
