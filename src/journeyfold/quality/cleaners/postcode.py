"""Postal codes in the spelling of their country (Q26)."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, require_path, text_of
from journeyfold.quality.cleaners.country import Country
from journeyfold.quality.tables import rows

_KINDS = {"9": "[0-9]", "A": "[A-Z]", "X": "[0-9A-Z]"}
_ABROAD = re.compile(r"[A-Z]{1,2}[- ]+(?=[0-9])")  # D-10115, as on a letter from abroad
_BETWEEN = re.compile(r"[\s\-\u2013]+")


class Postcode(Cleaner, frozen=True, kw_only=True):
    """`country`: whose codes these are; `country_of`: the path of the record's own country, which
    goes before it where there is one. No digit is added: `1067` is no code of Germany.
    """

    name = "postcode"
    short = "country"
    fails_to = "keep"

    country: str = ""
    country_of: str = ""

    def __post_init__(self) -> None:
        require_path(self.country_of)
        if self.country and not isinstance(Country().cleaned(self.country), str):
            raise ValueError(f"country: '{self.country}' is no country; write DE")

    @property
    def beside(self) -> str:
        return self.country_of

    def in_country(self, code: str) -> Postcode:
        return msgspec.structs.replace(self, country=code)

    def cleaned(self, value: Json) -> str | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        code = Country().cleaned(self.country) if self.country else ""
        shapes = _shapes().get(code) if isinstance(code, str) else None
        if shapes is None:
            return Failure("its country is not known, or has no codes here")
        said = text.upper()
        for plain in (_BETWEEN.sub("", said), _BETWEEN.sub("", _ABROAD.sub("", said, count=1))):
            for pattern, written in shapes:
                match = pattern.fullmatch(plain)
                if match is not None:
                    return written.format(*match.groups())
        return Failure("it is no code of its country")


@cache
def _shapes() -> dict[str, list[tuple[re.Pattern[str], str]]]:
    return {code: [_shape(each) for each in shapes] for code, *shapes in rows("postcodes")}


def _shape(shape: str) -> tuple[re.Pattern[str], str]:
    """`LT-99999` is a pattern, its letters optional and nothing between, and how it is written."""
    parts = (f"({_KINDS[e]})" if e in _KINDS else f"{e}?" for e in shape if e.isalnum())
    written = "".join("{}" if each in _KINDS else each for each in shape)
    return re.compile("".join(parts), re.ASCII), written
