"""Amounts with a unit, as a number of one unit (Q24)."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of
from journeyfold.quality.cleaners.number import Marks, decimal_of

UNITS: Final[dict[str, tuple[str, str]]] = {
    "mm": ("m", "0.001"), "cm": ("m", "0.01"), "dm": ("m", "0.1"), "m": ("m", "1"),
    "km": ("m", "1000"), "in": ("m", "0.0254"), "ft": ("m", "0.3048"), "yd": ("m", "0.9144"),
    "mi": ("m", "1609.344"), "mg": ("kg", "0.000001"), "g": ("kg", "0.001"), "kg": ("kg", "1"),
    "t": ("kg", "1000"), "oz": ("kg", "0.028349523125"), "lb": ("kg", "0.45359237"),
    "ml": ("l", "0.001"), "cl": ("l", "0.01"), "l": ("l", "1"), "gal": ("l", "3.785411784"),
    "ms": ("s", "0.001"), "s": ("s", "1"), "min": ("s", "60"), "h": ("s", "3600"),
    "d": ("s", "86400"), "b": ("b", "1"), "kb": ("b", "1000"), "mb": ("b", "1000000"),
    "gb": ("b", "1000000000"), "kib": ("b", "1024"), "mib": ("b", "1048576"),
    "gib": ("b", "1073741824"),
}  # fmt: skip
"""Unit → what it measures and how much of its base unit it is, exactly (SI; NIST SP 811)."""
_WRITTEN = re.compile(r"(?P<amount>[-+\u2212]?[\d.,' \u00a0\u202f]+?)\s*(?P<unit>[A-Za-z]+)\.?")


class Unit(Cleaner, frozen=True, kw_only=True):
    """`to`: the unit of the result, and of a number that has none."""

    name = "unit"
    short = "to"

    to: str = "kg"
    marks: Marks = "1,234.56"

    def __post_init__(self) -> None:
        if self.to not in UNITS:
            raise ValueError(f"to: '{self.to}' is no unit; there are {', '.join(UNITS)}")

    def cleaned(self, value: Json) -> float | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        if isinstance(value, int | float):
            return value
        match = _WRITTEN.fullmatch(text)
        amount = decimal_of(match["amount"] if match else text, self.marks)
        if amount is None:
            return Failure(f"it is no amount written as {self.marks} with a unit")
        return self._converted(amount, match["unit"].lower() if match else self.to)

    def _converted(self, amount: Decimal, unit: str) -> float | Failure:
        if unit not in UNITS:
            return Failure("its unit is not known")
        measure, factor = UNITS[unit]
        wanted, per = UNITS[self.to]
        if measure != wanted:
            return Failure(f"its unit cannot be {self.to}")
        exact = Fraction(amount) * Fraction(factor) / Fraction(per)
        return int(exact) if exact.denominator == 1 else float(exact)
