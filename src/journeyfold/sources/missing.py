"""The one sentence about columns that are not there, with what they may have become."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

SHOWN_MAX = 40  # columns named in a sentence
NAME_MAX = 200  # characters of a name
_SEPARATORS = ";\t|,"
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")


def missing_columns(missing: Sequence[str], present: Iterable[str], file: str) -> str:
    """What is missing, what is there, and what is nearest; or another delimiter than was said."""
    there = list(present)
    names = ", ".join(repr(name) for name in missing)
    shown = ", ".join(name[:NAME_MAX] for name in there[:SHOWN_MAX])
    more = f" and {len(there) - SHOWN_MAX} more" if len(there) > SHOWN_MAX else ""
    noun = "column" if len(missing) == 1 else "columns"
    return f"{file} has no {noun} {names}; it has: {shown}{more}{_hint(missing, there)}"


def _hint(missing: Sequence[str], present: Sequence[str]) -> str:
    if len(present) == 1:
        found = [mark for mark in _SEPARATORS if mark in present[0]]
        if found:
            mark = max(found, key=present[0].count)
            written = "\\t" if mark == "\t" else mark
            return f'; is the delimiter {mark!r}? Write `delimiter: "{written}"` under `read`'
    pairs = [(name, nearest(name, present)) for name in missing]
    near = [f"{name!r} is now {found!r}" for name, found in pairs if found]
    return f"; perhaps {', '.join(near)}" if near else ""


def nearest(name: str, present: Sequence[str]) -> str | None:
    """The column that is spelled nearly so, or says the same and more: `email`, `Email Address`."""
    plain = {_plain(each): each for each in present}
    close = get_close_matches(_plain(name), list(plain), n=1, cutoff=0.8)
    if close:
        return plain[close[0]]
    words = set(_plain(name).split())
    holding = [each for each in present if words and words < set(_plain(each).split())]
    return min(holding, key=len, default=None)


def _plain(name: str) -> str:
    return " ".join(word.lower() for word in _WORD.findall(name[:NAME_MAX]))
