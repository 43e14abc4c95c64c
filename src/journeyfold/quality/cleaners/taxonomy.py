"""Words of one list: a synonym becomes the value it stands for; a miss is never guessed (Q25)."""

from __future__ import annotations

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of
from journeyfold.quality.cleaners.name import bare


class Taxonomy(Cleaner, frozen=True, kw_only=True):
    """`terms`: value → its synonyms."""

    name = "taxonomy"
    fails_to = "keep"

    terms: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for value, synonyms in self.terms.items():
            for word in (value, *synonyms):
                first = seen.setdefault(bare(word), value)
                if first != value:
                    raise ValueError(f"terms: '{word}' stands for {first} and for {value}")

    def cleaned(self, value: Json) -> str | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        key = bare(text)
        for term, synonyms in self.terms.items():
            if key in {bare(word) for word in (term, *synonyms)}:
                return term
        return Failure("it is in no term of the list")
