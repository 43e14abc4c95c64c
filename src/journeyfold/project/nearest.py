"""The word an author may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

SHOWN = 12  # more choices than this are not listed in a sentence


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, if it is like it at all; ties go to the lesser word.

    Letters swapped or missing count little, so `emial` finds `email`; case counts nothing.
    """
    folded = word.casefold().replace("-", "_")
    best: tuple[float, str] = (0.0, "")
    for candidate in sorted(set(known)):
        ratio = SequenceMatcher(None, folded, candidate.casefold().replace("-", "_")).ratio()
        if ratio > best[0]:
            best = (ratio, candidate)
    return best[1] if best[0] >= 0.6 else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'email'?`, else what there is to choose from, else nothing."""
    choices = sorted(set(known))
    found = nearest(word, choices)
    if found is not None:
        return f"did you mean '{found}'?"
    if choices and len(choices) <= SHOWN:
        return f"known: {', '.join(choices)}"
    return ""
