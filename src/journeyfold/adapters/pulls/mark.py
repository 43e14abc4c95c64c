"""Values of a cursor in a mark, exactly as the database gave them, and back (collect C43). Pure.

A text that is a time, as SQLite keeps it, is compared by the database as the text it is; less an
overlap it is written in the same way.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from journeyfold.core.event import Json
from journeyfold.core.instant import instant_us

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DAY_TEXT = 10
_FORM = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"(?:(?P<mark>[T ])\d\d:\d\d(?P<seconds>:\d\d)?(?P<fraction>\.\d+)?(?P<zone>.*))?"
)


def marked(column: object, key: object) -> Json:
    return {"after": [_kept(column), _kept(key)]}


def after_of(mark: Json, overlap_us: int) -> tuple[Any, Any] | None:
    """Where a run begins: past the pair, or, by an overlap, at an earlier value of the column."""
    if not isinstance(mark, dict) or not isinstance(mark.get("after"), list):
        return None
    column, key = (_given(each) for each in mark["after"])  # type: ignore[union-attr]  # a list
    earlier = _earlier(column, overlap_us) if overlap_us else None
    return (column, key) if earlier is None else (earlier, None)


def like(sample: object, wanted: Json) -> object:
    """`--from` as a value of the column: the sample says of which type; times are microseconds."""
    if isinstance(sample, dt.date) and isinstance(wanted, int):
        at = _EPOCH + dt.timedelta(microseconds=wanted + 1)
        if not isinstance(sample, dt.datetime):
            return at.date()
        return at if sample.tzinfo else at.replace(tzinfo=None)
    if isinstance(sample, str) and isinstance(wanted, int):
        at = _EPOCH + dt.timedelta(microseconds=wanted + 1)
        return _as_written(at.replace(tzinfo=None), sample)
    return wanted + 1 if isinstance(wanted, int) else wanted


def _earlier(value: object, overlap_us: int) -> object | None:
    """None where the column holds no time: numbers that only grow are never late."""
    try:
        if isinstance(value, dt.datetime):
            return value - dt.timedelta(microseconds=overlap_us)
        if isinstance(value, dt.date):
            return value - dt.timedelta(days=-(-overlap_us // 86_400_000_000))
        if isinstance(value, str) and len(value) >= _DAY_TEXT:
            if instant_us(value.replace(" ", "T", 1)) is None:
                return None
            at = dt.datetime.fromisoformat(value)
            return _as_written(at - dt.timedelta(microseconds=overlap_us), value)
    except (OverflowError, ValueError):
        return None
    return None


def _as_written(at: dt.datetime, sample: str) -> str:
    """In the form of the sample: T or space, seconds and digits or none, the same offset."""
    form = _FORM.fullmatch(sample)
    if form is None or form["mark"] is None:
        return at.date().isoformat()
    text = at.strftime(f"%Y-%m-%d{form['mark']}%H:%M" + (":%S" if form["seconds"] else ""))
    digits = len(form["fraction"] or "")
    fraction = f".{at.microsecond:06d}".ljust(digits, "0")[:digits]
    return f"{text}{fraction}{form['zone']}"


def _kept(value: object) -> Json:
    match value:
        case dt.datetime() | dt.date():
            return [type(value).__name__, value.isoformat()]
        case Decimal() | UUID():
            return [type(value).__name__, str(value)]
        case None | int() | float() | str():
            return value
        case _:
            return str(value)


def _given(kept: Json) -> object:
    match kept:
        case ["datetime", str(text)]:
            return dt.datetime.fromisoformat(text)
        case ["date", str(text)]:
            return dt.date.fromisoformat(text)
        case ["Decimal", str(text)]:
            return Decimal(text)
        case ["UUID", str(text)]:
            return UUID(text)
        case _:
            return kept
