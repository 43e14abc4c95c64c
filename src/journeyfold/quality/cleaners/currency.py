"""Currencies as ISO 4217, and amounts of them as integer micro-units from decimal text (Q23)."""

from __future__ import annotations

import re
from functools import cache

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of
from journeyfold.quality.cleaners.number import Marks, decimal_of
from journeyfold.quality.cleaners.text import tidy
from journeyfold.quality.tables import rows

MICRO = 1_000_000
_AMOUNT = re.compile(
    r"(?P<before>[^\d.,'+\-\u2212]*)(?P<amount>[-\u2212+]?[\d.,' \u00a0\u202f\u2019]+)(?P<after>.*)"
)


class Currency(Cleaner, frozen=True, kw_only=True):
    name = "currency"

    def cleaned(self, value: Json) -> str | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        return _known().get(tidy(text).casefold()) or Failure(
            "it is no currency's code, sign or name"
        )


class Money(Cleaner, frozen=True, kw_only=True):
    """Micro-units of `currency`: `12.30` is 12300000. A sign beside the amount must be its own."""

    name = "money"
    short = "currency"

    currency: str = "EUR"
    marks: Marks = "1,234.56"

    def __post_init__(self) -> None:
        if self.currency not in _digits():
            raise ValueError(f"currency: '{self.currency}' is no ISO 4217 code; write EUR")

    def cleaned(self, value: Json) -> int | Failure:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= MICRO:
            return value  # micro-units already: cleaning twice changes nothing
        text = text_of(value)
        if text is None:
            return NO_TEXT
        match = _AMOUNT.fullmatch(text)
        if match is None:
            return Failure("it is no amount")
        for sign in (match["before"], match["after"]):
            if sign.strip() and _known().get(tidy(sign).casefold()) != self.currency:
                return Failure(f"beside the amount stands another currency than {self.currency}")
        amount = decimal_of(match["amount"], self.marks)
        if amount is None:
            return Failure(f"it is no amount written as {self.marks}")
        if -int(amount.normalize().as_tuple().exponent) > _digits()[self.currency]:
            return Failure(f"{self.currency} has {_digits()[self.currency]} digits after the point")
        return int(amount * MICRO)


@cache
def _digits() -> dict[str, int]:
    return {code: int(digits) for code, digits, *_ in rows("currencies")}


@cache
def _known() -> dict[str, str]:
    return {
        name.casefold(): code for code, _, *names in rows("currencies") for name in (code, *names)
    }
