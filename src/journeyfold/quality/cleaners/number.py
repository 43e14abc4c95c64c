"""Numbers as people of a place write them; the marks are declared, never guessed (Q24)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of

Marks = Literal["1,234.56", "1.234,56", "1 234,56", "1'234.56"]
_SIGNS = {
    "1,234.56": (",", "."),
    "1.234,56": (".", ","),
    "1 234,56": (" ", ","),
    "1'234.56": ("'", "."),
}
_BLANKS = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-", "\u2019": "'"})
DIGITS_MAX = 30


class Number(Cleaner, frozen=True, kw_only=True):
    """`marks` shows how 1234.56 is written. `%` after a number makes it a share of one."""

    name = "number"
    short = "marks"

    marks: Marks = "1,234.56"
    whole: bool = False

    def cleaned(self, value: Json) -> float | Failure:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _whole(Decimal(repr(value))) if self.whole else value
        text = text_of(value)
        if text is None:
            return NO_TEXT
        number = decimal_of(text, self.marks)
        if number is None:
            return Failure(f"it is no number written as {self.marks}")
        return _whole(number) if self.whole else _plain(number)


def decimal_of(text: str, marks: Marks = "1,234.56") -> Decimal | None:
    """Exact; None where the marks do not stand where they belong."""
    thousands, point = _SIGNS[marks]
    plain = text.translate(_BLANKS).strip()
    is_share = plain.endswith("%")
    plain = plain.removesuffix("%").rstrip()
    mark, dot = re.escape(thousands), re.escape(point)
    pattern = rf"([+-]?)(\d{{1,3}}(?:{mark}\d{{3}})+|\d+)?(?:{dot}(\d+))?"
    match = re.fullmatch(pattern, plain, re.ASCII)
    if match is None or not (match[2] or match[3]) or len(plain) > DIGITS_MAX:
        return None
    whole = (match[2] or "0").replace(thousands, "")
    number = Decimal(f"{match[1]}{whole}.{match[3] or '0'}")
    return number / 100 if is_share else number


def _plain(number: Decimal) -> float:
    return int(number) if number == number.to_integral_value() else float(number)


def _whole(number: Decimal) -> float | Failure:
    if number != number.to_integral_value():
        return Failure("it is no whole number")
    return int(number)
