"""Phone numbers as E.164, read by the rules of their country (Q21)."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, require_path, text_of


class Phone(Cleaner, frozen=True, kw_only=True):
    """`region`: the country of numbers without `+`; without one they fail. `country_of`: the path of
    the record's own country, which goes before it where there is one.
    """

    name = "phone"
    short = "region"

    region: str = ""
    country_of: str = ""

    def __post_init__(self) -> None:
        require_path(self.country_of)

    @property
    def beside(self) -> str:
        return self.country_of

    def in_country(self, code: str) -> Phone:
        return msgspec.structs.replace(self, region=code)

    def cleaned(self, value: Json) -> str | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        found = _e164(text, self.region)
        return found or Failure("it is no valid number" + ("" if self.region else " without `+`"))


@lru_cache(maxsize=100_000)
def _e164(text: str, region: str) -> str:
    import phonenumbers  # 150 ms, and few projects clean phones

    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
