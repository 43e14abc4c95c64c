"""Liquid out of the way of what reads HTML, and back in its place. Pure.

MJML and style sheets are worked in before anybody's values are, by parsers that know nothing of
Liquid and would move a `{% for %}` out of its table. Here each tag is put away behind a comment,
or behind a plain word where a comment would be text, and taken back when they are done.
"""

from __future__ import annotations

import re
from bisect import bisect_right

import msgspec

_TOKEN = re.compile(
    r"(?P<liquid>\{\{.*?\}\}|\{%.*?%\})|(?P<open><!--)|(?P<close>-->)"
    r"|(?P<tag><(?P<slash>/?)(?P<name>[A-Za-z][\w:.-]*))|(?P<quote>[\"'])|(?P<end>>)",
    re.DOTALL,
)
_LITERAL = frozenset({"style", "script", "title", "textarea", "mj-style", "mj-title", "mj-preview"})
"""Elements in which a comment is text."""


class Shielded(msgspec.Struct, frozen=True):
    """`text` without Liquid; `pieces` are what was taken out, with their place in the source."""

    text: str
    word: str
    pieces: tuple[tuple[str, int], ...]  # (Liquid, line)


class Restored(msgspec.Struct, frozen=True):
    """Liquid again. `lines` are (place in the text, line of the source) in order."""

    text: str
    lines: tuple[tuple[int, int], ...] = ()

    def line_at(self, place: int) -> int:
        """The line that the Liquid at a place was written in; 0 where nobody knows."""
        index = bisect_right(self.lines, (place, 1 << 62)) - 1
        return self.lines[index][1] if place >= 0 and index >= 0 else 0


def shielded(source: str) -> Shielded:
    """Every Liquid tag of the source behind a word that is nowhere else in it."""
    word = "jfliq"
    while word in source:
        word += "q"
    reader = _Reader(source, word)
    text = "".join(reader.read())
    return Shielded(text, word, tuple(reader.pieces))


def restored(html: str, shield: Shielded) -> Restored:
    """Raises LookupError(line) for a piece that the parsers have lost."""
    word = re.escape(shield.word)
    pattern = re.compile(rf"(?:<|&lt;)!--{word}(\d+)x--(?:>|&gt;)|{word}(\d+)x")
    parts: list[str] = []
    lines: list[tuple[int, int]] = []
    seen: set[int] = set()
    at = length = 0
    for match in pattern.finditer(html):
        number = int(match[1] or match[2])
        piece, line = shield.pieces[number]
        between = html[at : match.start()]
        parts += [between, piece]
        length += len(between)
        lines.append((length, line))
        length += len(piece)
        seen.add(number)
        at = match.end()
    parts.append(html[at:])
    for number, (_, line) in enumerate(shield.pieces):
        if number not in seen:
            raise LookupError(line)
    return Restored("".join(parts), tuple(lines))


class _Reader:
    """Follows a document far enough to know where a comment may stand."""

    def __init__(self, source: str, word: str) -> None:
        self._source, self._word = source, word
        self.pieces: list[tuple[str, int]] = []
        self._comment = self._literal = False
        self._tag = ""  # the name of the tag we are in
        self._quote = ""

    def read(self) -> list[str]:
        parts: list[str] = []
        at, line, counted = 0, 1, 0
        for match in _TOKEN.finditer(self._source):
            if match["liquid"] is None:
                self._follow(match)
                continue
            line += self._source.count("\n", counted, match.start())
            counted = match.start()
            parts += [self._source[at : match.start()], self._put_away(match["liquid"], line)]
            at = match.end()
        parts.append(self._source[at:])
        return parts

    def _put_away(self, liquid: str, line: int) -> str:
        word = f"{self._word}{len(self.pieces)}x"
        self.pieces.append((liquid, line))
        is_text = not (self._comment or self._literal or self._tag)
        return f"<!--{word}-->" if is_text else word

    def _follow(self, match: re.Match[str]) -> None:
        if self._comment:
            self._comment = match["close"] is None
        elif self._tag:
            self._in_tag(match)
        elif match["open"] is not None and not self._literal:
            self._comment = True
        elif match["tag"] is not None:
            name = match["name"].lower()
            if not self._literal:
                self._tag = f"/{name}" if match["slash"] else name
            elif match["slash"] and name in _LITERAL:
                self._literal, self._tag = False, f"/{name}"

    def _in_tag(self, match: re.Match[str]) -> None:
        if self._quote:
            if match["quote"] == self._quote:
                self._quote = ""
        elif match["quote"] is not None:
            self._quote = match["quote"]
        elif match["end"] is not None or match["close"] is not None:
            is_empty = self._source[match.end() - 2] == "/"
            self._literal = self._tag in _LITERAL and not is_empty
            self._tag = ""
