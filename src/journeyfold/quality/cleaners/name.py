"""Names of people and streets as keys to match by; what is shown stays as it was written (Q26)."""

from __future__ import annotations

import unicodedata

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of
from journeyfold.quality.cleaners.text import tidy

_TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "sir",
        "dame",
        "lord",
        "lady",
        "herr",
        "frau",
        "hr",
        "fr",
        "dipl",
        "ing",
        "mme",
        "mlle",
        "m",
        "sr",
        "sra",
        "srta",
        "jr",
        "snr",
        "esq",
        "phd",
        "md",
        "mba",
    ]
)
_STREETS = {
    "street": "st", "strasse": "str", "straße": "str", "avenue": "ave", "road": "rd", "lane": "ln",
    "drive": "dr", "boulevard": "blvd", "court": "ct", "place": "pl", "square": "sq",
    "terrace": "ter", "highway": "hwy", "apartment": "apt", "platz": "pl", "weg": "weg",
    "north": "n", "south": "s", "east": "e", "west": "w",
}  # fmt: skip


class Name(Cleaner, frozen=True, kw_only=True):
    """Without case, accents, titles and punctuation."""

    name = "name_key"
    fails_to = "keep"

    def cleaned(self, value: Json) -> str | Failure | None:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        words = bare(text).split()
        kept = [word for word in words if word not in _TITLES] or words
        return " ".join(kept) or None


class Address(Cleaner, frozen=True, kw_only=True):
    """Without case and accents, the usual words for streets in one spelling."""

    name = "address_key"
    fails_to = "keep"

    def cleaned(self, value: Json) -> str | Failure | None:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        words = [_STREETS.get(word, word) for word in bare(text).split()]
        return " ".join(_ending(word) for word in words) or None


def bare(text: str) -> str:
    """NFKD without marks, in lower case; whatever is no letter or digit becomes a blank."""
    folded = unicodedata.normalize("NFKD", tidy(text).casefold())
    letters = (each for each in folded if not unicodedata.combining(each))
    spaced = "".join(each if each.isalnum() else " " for each in letters)
    return " ".join(unicodedata.normalize("NFKC", spaced).casefold().split())


def _ending(word: str) -> str:
    """German streets carry the word at their end: `hauptstrasse`."""
    return word[: -len("strasse")] + "str" if word.endswith("strasse") else word
