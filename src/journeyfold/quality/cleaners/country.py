"""Countries as ISO 3166 alpha-2, from codes and from names in some languages (Q23)."""

from __future__ import annotations

from functools import cache

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of
from journeyfold.quality.cleaners.text import tidy
from journeyfold.quality.tables import rows


class Country(Cleaner, frozen=True, kw_only=True):
    """`aliases`: names of your own → alpha-2. Regions that are no country fail."""

    name = "country"

    aliases: dict[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, code in self.aliases.items():
            if code not in _codes():
                raise ValueError(f"aliases: '{code}' for '{name}' is no country; write DE")

    def cleaned(self, value: Json) -> str | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        key = _key(text)
        own = {_key(name): code for name, code in self.aliases.items()} if self.aliases else {}
        found = own.get(key) or _known().get(key)
        return found or Failure("it is no country's code or name")


def _key(text: str) -> str:
    return tidy(text).casefold().replace("&", "and").removeprefix("the ")


@cache
def _codes() -> frozenset[str]:
    return frozenset(row[0] for row in rows("countries"))


@cache
def _known() -> dict[str, str]:
    return {_key(name): code for code, *names in rows("countries") for name in (code, *names)}
