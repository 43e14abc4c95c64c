"""What a column holds: types, gaps, spread, and which formats fit what share of it (quality Q20). Pure.

A format is shown with its share, never chosen. Where a date's day and month cannot be told apart,
because no value is above 12 in either place, that is said. Texts are shown masked, but for values
that come so often that they point at nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

FORMATS_SHOWN, EXAMPLES_SHOWN, VALUES_SHOWN = 5, 3, 12
OFTEN = 5  # times a text comes before it is shown whole
DOTS = "\u2022\u2022\u2022"

_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:[ T].*)?", re.ASCII)
_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("whole number", re.compile(r"[+-]?\d+", re.ASCII)),
    ("number 1234.56", re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?", re.ASCII)),
    ("number 1,234.56", re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)),
    ("number 1234,56", re.compile(r"[+-]?\d+,\d{1,2}", re.ASCII)),
    ("number 1.234,56", re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d+)?", re.ASCII)),
    ("ISO date", re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)),
    ("ISO instant", re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}.*", re.ASCII)),
    ("date 9-Mon-99", re.compile(r"\d{1,2}[ -][A-Za-z]{3}[ -](?:\d{4}|\d{2})", re.ASCII)),
    ("date Mon 9 99", re.compile(r"[A-Za-z]{3} \d{1,2},? (?:\d{4}|\d{2})", re.ASCII)),
    ("e-mail", re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")),
    ("web address", re.compile(r"https?://\S+")),
    ("UUID", re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("phone +99", re.compile(r"\+\d[\d ()/.-]{5,18}", re.ASCII)),
    ("yes or no", re.compile(r"true|false|yes|no|[yn]", re.IGNORECASE)),
)
_DIGITS, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")


class Share(msgspec.Struct, frozen=True):
    """`share` of the values that are there."""

    name: str
    share: float


class ColumnProfile(msgspec.Struct, frozen=True):
    """`is_ambiguous`: dates that fit day first and month first alike. `values` are of columns with
    few, each often.
    """

    name: str
    type: str
    rows: int
    nulls: int
    blank: int
    distinct: int
    least: str = ""
    greatest: str = ""
    trimmed: int = 0  # texts with blanks around them
    formats: tuple[Share, ...] = ()
    day_first: float = 0.0
    month_first: float = 0.0
    is_ambiguous: bool = False
    values: tuple[Share, ...] = ()
    examples: tuple[str, ...] = ()


class FileProfile(msgspec.Struct, frozen=True):
    """`unfit`: lines that are no row as the first line says, left out as an import leaves them out;
    the first of them by number.
    """

    columns: tuple[ColumnProfile, ...]
    unfit: int = 0
    unfit_lines: tuple[int, ...] = ()


class Spread(msgspec.Struct, frozen=True):
    """What one pass over a column counts; `least` and `greatest` of numbers and instants only."""

    name: str
    type: str
    rows: int
    nulls: int
    distinct: int
    least: str = ""
    greatest: str = ""


def profiled(spread: Spread, counted: Iterable[tuple[str, int]]) -> ColumnProfile:
    """`counted` are the column's values as text, without null, each with how often it comes."""
    values = sorted(counted, key=lambda each: (-each[1], each[0]))
    said = [(text, times) for text, times in values if text.strip()]
    blank = sum(times for text, times in values if not text.strip())
    seen = sum(times for _, times in said)
    forms: Counter[str] = Counter()
    for text, times in said:
        forms[_form(text.strip())] += times
    day, month, both = _orders(said)
    few = spread.distinct <= VALUES_SHOWN and all(times >= OFTEN for _, times in said)
    return ColumnProfile(
        spread.name, spread.type, spread.rows, spread.nulls, blank, spread.distinct,
        spread.least, spread.greatest,
        trimmed=sum(times for text, times in said if text != text.strip()),
        formats=_shares(forms.items(), seen)[:FORMATS_SHOWN],
        day_first=_share(day, seen), month_first=_share(month, seen),
        is_ambiguous=both > 0 and both == day == month,
        values=_shares(said, seen) if few else (),
        examples=() if few else tuple(masked(text.strip()) for text, _ in said[:EXAMPLES_SHOWN]),
    )  # fmt: skip


def masked(text: str) -> str:
    """The first letter and the shape of an address; of what is mostly digits, the last two."""
    if "@" in text:
        return f"{text[:1]}{DOTS}@{text.rpartition('@')[2]}"
    digits = sum(each.isdigit() for each in text)
    return f"{DOTS}{text[-2:]}" if digits > len(text) // 2 else f"{text[:1]}{DOTS}"


def _form(text: str) -> str:
    for name, pattern in _FORMATS:
        if pattern.fullmatch(text):
            return name
    match = _DATE.fullmatch(text)
    if match is not None:
        return f"date 9{match[2]}9{match[2]}{'9999' if len(match[4]) == 4 else '99'}"
    return "text" if " " in text and not _DIGITS.search(text) else _shape(text)


def _shape(text: str) -> str:
    """`AB-1234` is `a-9`: runs of letters and of digits, the rest as it stands."""
    shape = _LETTERS.sub("a", _DIGITS.sub("9", text))
    if shape == "a":
        return "word"
    return f"shape {shape}" if len(shape) <= 16 else "text"


def _orders(said: Sequence[tuple[str, int]]) -> tuple[int, int, int]:
    """How many values can be read day first, month first, and both ways."""
    day = month = both = 0
    for text, times in said:
        match = _DATE.fullmatch(text.strip())
        if match is None:
            continue
        first, second = int(match[1]), int(match[3])
        is_day, is_month = (
            1 <= first <= 31 and 1 <= second <= 12,
            1 <= first <= 12 and 1 <= second <= 31,
        )
        day, month = day + times * is_day, month + times * is_month
        both += times * (is_day and is_month)
    return day, month, both


def _shares(counted: Iterable[tuple[str, int]], seen: int) -> tuple[Share, ...]:
    ordered = sorted(counted, key=lambda each: (-each[1], each[0]))
    return tuple(Share(name, _share(times, seen)) for name, times in ordered)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
