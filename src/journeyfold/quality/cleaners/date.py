"""Dates as ISO 8601: what is ISO already, then the formats that are declared, in order (Q20).

Day and month are never guessed, two digits are no year unless a pivot says so, and an impossible
date is no date. A part of a date keeps what it knows: `1971-06`.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import NO_TEXT, Cleaner, Failure, text_of

_ISO = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", re.ASCII)
Pivot = Literal["refuse", "birth"] | Annotated[int, msgspec.Meta(ge=1_000, le=9_999)]
Format = Annotated[str, msgspec.Meta(min_length=2, max_length=40)]


class Date(Cleaner, frozen=True, kw_only=True):
    """`formats` as of strptime. `pivot`: the first year that two digits may mean; `birth` takes
    the latest that is not after `today`, a year.
    """

    name = "date"
    short = "formats"

    formats: tuple[Format, ...] = ()
    pivot: Pivot = "refuse"
    today: Annotated[int, msgspec.Meta(ge=1_000, le=9_999)] = 2026
    least: Annotated[int, msgspec.Meta(ge=1, le=9_999)] = 1_000

    def __post_init__(self) -> None:
        for text in self.formats:
            if "%d" in text and not {"%m", "%b", "%B"} & {
                text[at : at + 2] for at in range(len(text))
            }:
                raise ValueError(f"formats: '{text}' has a day without a month")

    def cleaned(self, value: Json) -> str | Failure:
        text = text_of(value)
        if text is None:
            return NO_TEXT
        iso = _ISO.fullmatch(text)
        if iso is not None and (iso["month"] or not self.formats):
            return self._partial(iso)
        if _INSTANT.match(text):
            return self._of_instant(text)
        for each in self.formats:
            found = self._parsed(text, each)
            if found is not None:
                return found
        return Failure("it is no date in ISO 8601 or a declared format")

    def _partial(self, iso: re.Match[str]) -> str | Failure:
        year, month, day = (int(iso[part] or 1) for part in ("year", "month", "day"))
        try:
            dt.date(year, month, day)
        except ValueError:
            return Failure("there is no such day")
        return iso[0] if year >= self.least else Failure(f"the year is before {self.least}")

    def _of_instant(self, text: str) -> str | Failure:
        try:
            return dt.datetime.fromisoformat(text).date().isoformat()
        except ValueError:
            return Failure("there is no such instant")

    def _parsed(self, text: str, written: str) -> str | Failure | None:
        try:
            found = dt.datetime.strptime(text, written)  # noqa: DTZ007 - a day has no zone
        except ValueError:
            return None
        if "%y" in written:
            return self._century(found.year % 100, found.month, found.day)
        if found.year < self.least:
            return Failure(f"the year is before {self.least}")
        return found.date().isoformat()

    def _century(self, digits: int, month: int, day: int) -> str | Failure:
        if self.pivot == "refuse":
            return Failure("two digits are no year; declare a pivot")
        last = self.today if self.pivot == "birth" else self.pivot + 99
        year = last - (last - digits) % 100
        try:
            return dt.date(year, month, day).isoformat()
        except ValueError:
            return Failure("there is no such day")
