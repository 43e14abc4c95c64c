"""Words of one list: a synonym becomes the value it stands for; a miss is never guessed (Q25)."""

from __future__ import annotations

from functools import cached_property

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of
from journeyfold.quality.cleaners.name import bare


class Taxonomy(Cleaner, frozen=True, kw_only=True, dict=True):
    """`of`: a file of `taxonomies/`, whose words the project fills in; or `terms`, value → its
    synonyms, written out.
    """

    name = "taxonomy"
    short = "of"
    fails_to = "keep"

    of: str = ""
    terms: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    parents: dict[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for value, synonyms in self.terms.items():
            for word in (value, *synonyms):
                first = seen.setdefault(bare(word), value)
                if first != value:
                    raise ValueError(f"terms: '{word}' stands for {first} and for {value}")

    @cached_property
    def words(self) -> dict[str, str]:
        """Folded word → the value it stands for."""
        return {
            bare(word): value
            for value, synonyms in self.terms.items()
            for word in (value, *synonyms)
        }

    def cleaned(self, value: Json) -> str | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        return self.words.get(bare(text)) or Failure("it is in no term of the list")
