"""Text as people meant it: composed, trimmed, blanks collapsed, nothing that cannot be seen (Q19)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of

NOTHING = ("n/a", "na", "null", "none", "unknown", "-")
"""What a field says when it says nothing; never asked of surnames."""


class Text(Cleaner, frozen=True, kw_only=True):
    """`nothing`: values that mean null, in any case. `fold`: for match keys only."""

    name = "text"
    short = "nothing"
    fails_to = "keep"

    nothing: tuple[str, ...] = ()
    fold: bool = False

    def cleaned(self, value: Json) -> str | Failure | None:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        plain = tidy(text)
        if not plain or plain.casefold() in folded(self.nothing):
            return None
        return plain.casefold() if self.fold else plain


class Blank(Cleaner, frozen=True, kw_only=True):
    """Nothing where a field says `n/a`, `none`, `-` and the like; anything else as it is."""

    name = "blank"
    short = "nothing"
    fails_to = "keep"

    nothing: tuple[str, ...] = NOTHING

    def cleaned(self, value: Json) -> str | Failure | None:
        if not isinstance(value, str):
            return Failure("it is no text")
        said = tidy(value)
        return None if not said or said.casefold() in folded(self.nothing) else value


def tidy(text: str) -> str:
    """NFC; control and format characters gone, blanks of any kind one blank."""
    composed = unicodedata.normalize("NFC", text)
    if composed.isascii() and composed.isprintable():
        return " ".join(composed.split())
    visible = (
        " " if each.isspace() else each
        for each in composed
        if each.isspace() or unicodedata.category(each) not in {"Cc", "Cf"}
    )
    # what was dropped may have stood between a letter and its accent
    return unicodedata.normalize("NFC", " ".join("".join(visible).split()))


def folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.casefold() for word in words)
