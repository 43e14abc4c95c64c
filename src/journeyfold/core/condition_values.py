"""The small functions that give operators their meaning; both evaluators call these.

None is null everywhere, and no function here raises for a value JSON can hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from journeyfold.core.aggregate import NEVER, micros
from journeyfold.core.event import INT64_MAX, INT64_MIN, Json
from journeyfold.core.instant import DAY_US, HOUR_US, SECOND_US, instant_us

_INT = re.compile(r"[+-]?[0-9]{1,19}")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

parsed_instant = lru_cache(maxsize=65536)(instant_us)


# --- reads: what JSON holds, as the declared type, else null ------------------------------------


def bool_of(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def int_of(value: object) -> int | None:
    """3.0 is an integer to JSON Schema, so it is one here."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if INT64_MIN <= value <= INT64_MAX else None


def float_of(value: object) -> float | None:
    """A JSON integer stays one: comparisons are exact beyond 2^53 (segments C5)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if value - value == 0 else None


def string_of(value: object) -> str | None:
    return value if isinstance(value, str) else None


def time_of(value: object) -> int | None:
    return parsed_instant(value) if isinstance(value, str) else None


def list_value(value: object) -> list[Json] | None:
    return value if isinstance(value, list) else None


def object_value(value: object) -> dict[str, Json] | None:
    return value if isinstance(value, dict) else None


def as_is(value: Json) -> Json:
    return value


GUARDS: dict[str, Callable[[Json], Json]] = {
    "bool": bool_of, "int": int_of, "float": float_of, "string": string_of,
    "timestamp": time_of, "list": list_value, "object": object_value, "any": as_is,
}  # fmt: skip


def dig(value: Json, keys: tuple[str, ...]) -> Json:
    """The value at the end of a path of keys."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


# --- casts --------------------------------------------------------------------------------------


def as_int(value: Json) -> int | None:
    if isinstance(value, str):
        return int_of(int(value)) if _INT.fullmatch(value) else None
    return int_of(value)


def as_float(value: Json) -> float | None:
    if isinstance(value, str):
        return float_of(float(value)) if len(value) < 400 and _FLOAT.fullmatch(value) else None
    return float_of(value)


def as_string(value: Json) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | str) else None


def as_time(value: Json) -> int | None:
    return time_of(value)


def as_bool(value: Json) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value)
    return bool_of(value)


# --- arithmetic ---------------------------------------------------------------------------------


def int_sum(op: str, left: int, right: int) -> int | None:
    """Signed 64 bits; beyond, null."""
    made = left + right if op == "+" else left - right if op == "-" else left * right
    return made if INT64_MIN <= made <= INT64_MAX else None


def float_sum(op: str, left: float, right: float) -> float | None:
    """As doubles; an infinity is null (segments C9)."""
    one, other = float(left), float(right)
    made = one + other if op == "+" else one - other if op == "-" else one * other
    return made if made - made == 0 else None


def total(values: list[float | None]) -> float:
    """The exact sum in micro-units; nulls are skipped."""
    return sum(micros(value) or 0 for value in values if value is not None) / 1_000_000


# --- text ---------------------------------------------------------------------------------------


def lower(value: str) -> str:
    return value.lower()


def level(value: object, flat: list[str] | tuple[str, ...]) -> str | None:
    """The ancestor of a value, by a list of values with each one's ancestor behind it."""
    return _ancestors(tuple(flat)).get(value) if isinstance(value, str) else None


@lru_cache(maxsize=256)  # as many as there are levels of fields with a tree
def _ancestors(flat: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def starts_with(value: str, part: str) -> bool:
    return value.startswith(part)


def ends_with(value: str, part: str) -> bool:
    return value.endswith(part)


def like(value: str, pattern: str) -> bool:
    """A glob of `*` and `?`. Greedy with one point of return: O(value * pattern), no more."""
    at = mark = 0
    star = -1
    i = 0
    while at < len(value):
        if i < len(pattern) and pattern[i] == "*":
            star, mark = i, at
            i += 1
        elif i < len(pattern) and pattern[i] in {"?", value[at]}:
            at, i = at + 1, i + 1
        elif star >= 0:
            mark += 1
            at, i = mark, star + 1
        else:
            return False
    return all(character == "*" for character in pattern[i:])


def contains(values: list[Json], wanted: Json, kind: str) -> bool:
    """Whether the list holds the value; elements of another type are null and never equal."""
    guard = GUARDS[kind]
    return any(guard(value) == wanted for value in values)


# --- local time ---------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name; UTC for a name nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory of the database
        return UTC


def _local(at_us: int, zone: str) -> datetime | None:
    try:
        return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone_of(zone))
    except OverflowError:  # beyond the years 1-9999
        return None


def hour(at_us: int, zone: str) -> int | None:
    local = _local(at_us, zone)
    return None if local is None else local.hour


def weekday(at_us: int, zone: str) -> int | None:
    local = _local(at_us, zone)
    return None if local is None else local.isoweekday()


def month_day(at_us: int, zone: str) -> str | None:
    local = _local(at_us, zone)
    return None if local is None else f"{local.month:02d}-{local.day:02d}"


@lru_cache(maxsize=65536)
def next_local(at_us: int, zone: str, name: str) -> int:
    """The first instant after `at_us` at which the local hour or day is another (segments C19).

    Assumes at most one change of the offset within a day; finds it by halving.
    """
    width = HOUR_US if name == "hour" else DAY_US
    offset = _offset_us(at_us, zone)
    boundary = ((at_us + offset) // width + 1) * width - offset
    if _offset_us(boundary, zone) == offset:
        return boundary
    low, high = at_us // SECOND_US, -(-boundary // SECOND_US)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_us(middle * SECOND_US, zone) == offset:
            low = middle
        else:
            high = middle
    return min(boundary, high * SECOND_US)


def _offset_us(at_us: int, zone: str) -> int:
    local = _local(at_us, zone)
    offset = local.utcoffset() if local else None
    return offset // timedelta(microseconds=1) if offset else 0


LOCAL_TIME: dict[str, Callable[[int, str], int | str | None]] = {
    "hour": hour, "weekday": weekday, "month_day": month_day,
}  # fmt: skip
PURE: dict[str, Callable[..., Json]] = {
    "lower": lower, "length": len, "starts_with": starts_with, "ends_with": ends_with,
    "like": like, "as_int": as_int, "as_float": as_float, "as_string": as_string,
    "as_time": as_time, "as_bool": as_bool, "level": level,
}  # fmt: skip


# --- time ---------------------------------------------------------------------------------------


def crossing(op: str, difference: int, pace: int, now_us: int) -> int:
    """When `left op right` flips, for `left - right` = difference now, gaining pace a µs."""
    if pace < 0:
        swapped = {">": "<", ">=": "<=", "<": ">", "<=": ">="}.get(op, op)
        return crossing(swapped, -difference, -pace, now_us)
    if op in {"==", "!="}:
        if difference == 0:
            return now_us + 1
        return now_us + -(difference // pace) if difference < 0 else NEVER
    need = 1 - difference if op in {">", "<="} else -difference
    return now_us + -(-need // pace) if need > 0 else NEVER


def quintile(value: float, cuts: tuple[float, ...], *, falling: bool) -> int:
    """1-5: how many cuts the value exceeds, counted from the better end (segments F5)."""
    above = sum(cut < value for cut in cuts)
    return 5 - above if falling else 1 + above


def next_quintile(value: float, cuts: tuple[float, ...], pace: int, now_us: int) -> int:
    """When a moving value passes the next cut."""
    return min((crossing(">", int(value - cut), pace, now_us) for cut in cuts), default=NEVER)
