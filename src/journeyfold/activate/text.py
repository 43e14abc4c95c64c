"""What HTML says as plain text: a line for each block, links behind their words. Pure.

It is made once of a template, with its Liquid in it, and not of each person's HTML.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from journeyfold.activate.markup import bare

_LINES = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "table", "ul", "ol"})
_CELLS = frozenset({"td", "th"})
_UNSEEN = frozenset({"style", "script", "head", "title"})
_BLANK = re.compile(r"[ \t\f\v\u00a0]+")
_EMPTY = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


def text_of(html: str) -> str:
    """Liquid stands in it as it stood in the HTML."""
    reader = _Reader()
    reader.feed(_LIQUID.sub(_kept, bare(html)))
    reader.close()
    lines = (_BLANK.sub(" ", line).strip() for line in "".join(reader.said).splitlines())
    return "\n".join(line for line in lines if line)


def tidied(text: str) -> str:
    """Rendered: what a loop left empty is one empty line at most."""
    return _EMPTY.sub("\n\n", text).strip()


_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_PLACES = str.maketrans({"<": "\x10", ">": "\x11", "&": "\x12", '"': "\x13", "'": "\x14"})
_BACK = str.maketrans({"\x10": "<", "\x11": ">", "\x12": "&", "\x13": '"', "\x14": "'"})


def _kept(match: re.Match[str]) -> str:
    """Liquid's own quotes and comparisons are nothing to a parser of HTML."""
    return " ".join(match[0].splitlines()).translate(_PLACES)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._unseen = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _LINES:
            self.said.append("\n")
        if tag == "a":
            self._link = (dict(attrs).get("href") or "").translate(_BACK)

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        if tag in _LINES:
            self.said.append("\n")
        elif tag in _CELLS:
            self.said.append(" ")
        if tag == "a" and self._link:
            self.said.append(f" ({self._link})")
            self._link = ""

    def handle_data(self, data: str) -> None:
        if self._unseen <= 0:
            self.said.append(" ".join(data.split("\n")).translate(_BACK))
