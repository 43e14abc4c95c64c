"""Values as PostgreSQL writes them, as JSON has them (collect C46). Pure.

Read by the type's OID, as the output functions write under `datestyle ISO`, `timezone UTC` and
`extra_float_digits 3`. Instants become RFC 3339; what JSON cannot hold (NaN, infinities, years
before Christ) becomes null; what is of no type known here stays the text it was.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.event import INT64_MAX, INT64_MIN, Json
from journeyfold.core.instant import instant_us, rfc3339
from journeyfold.sources.local_time import Zone

Family: TypeAlias = Literal["bool", "number", "json", "time", "list", "text"]
"""What a type is to a mapping: a column that changes it is another column."""

_BOOL, _BYTES_JSON = 16, (114, 3802)
_WHOLE, _FLOAT, _NUMERIC = (20, 21, 23, 26), (700, 701), 1700
_INSTANT, _LOCAL = 1184, 1114
_ARRAYS = {
    1000: 16, 1005: 21, 1007: 23, 1016: 20, 1021: 700, 1022: 701, 1231: 1700, 1009: 25, 1015: 1043,
    1014: 1042, 2951: 2950, 1182: 1082, 1115: 1114, 1185: 1184, 199: 114, 3807: 3802, 1003: 19,
}  # fmt: skip
"""OID of an array type → that of its elements."""
_ZONE = re.compile(r"([+-]\d\d)(:?\d\d)?$")


def family_of(oid: int) -> Family:
    if oid in _ARRAYS:
        return "list"
    if oid == _BOOL:
        return "bool"
    if oid in _BYTES_JSON:
        return "json"
    if oid in {_INSTANT, _LOCAL}:
        return "time"
    return "number" if oid in (*_WHOLE, *_FLOAT, _NUMERIC) else "text"


def value_of(text: str, oid: int, zone: Zone) -> Json:
    """`zone` is where naive timestamps are at home (collect C42)."""
    element = _ARRAYS.get(oid)
    if element is not None:
        return _list(text, element, zone)
    read = _READ.get(oid)
    if read is not None:
        return read(text)
    if oid in {_INSTANT, _LOCAL}:
        return _instant(text, zone)
    return text


def _number(text: str) -> Json:
    """Whole where the type is, else a float."""
    if text.removeprefix("-").isdecimal():
        whole = int(text)
        return whole if INT64_MIN <= whole <= INT64_MAX else text
    return _float(text)


def _float(text: str) -> Json:
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else None


def _json(text: str) -> Json:
    try:
        found: Json = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return found


_READ: dict[int, Callable[[str], Json]] = {
    _BOOL: lambda text: text in {"t", "true"},
    **dict.fromkeys((*_WHOLE, _NUMERIC), _number),
    **dict.fromkeys(_FLOAT, _float),
    **dict.fromkeys(_BYTES_JSON, _json),
}


def _instant(text: str, zone: Zone) -> Json:
    if text.endswith(("infinity", " BC")):
        return None
    stamp = text.replace(" ", "T", 1)
    if _ZONE.search(stamp[10:]):
        at = instant_us(_ZONE.sub(_whole_zone, stamp))
        return text if at is None else rfc3339(at)
    local = instant_us(stamp)
    if local is None:
        return text
    at = zone.instant_us(local)
    return None if at is None else rfc3339(at)


def _whole_zone(match: re.Match[str]) -> str:
    minutes = (match[2] or ":00").removeprefix(":")
    return f"{match[1]}:{minutes}"


def _list(text: str, element: int, zone: Zone) -> Json:
    """`{a,"b c",NULL,{…}}`; with bounds other than 1 or torn, the text itself."""
    tokens = _tokens(text)
    try:
        found = _items(tokens, element, zone) if next(tokens) == "{" else None
    except StopIteration:
        return text
    return text if found is None else found


def _items(tokens: Iterator[str], element: int, zone: Zone) -> list[Json]:
    found: list[Json] = []
    while (part := next(tokens)) != "}":
        if part == "{":
            found.append(_items(tokens, element, zone))
        elif part == "NULL":
            found.append(None)
        elif part != ",":
            found.append(value_of(_bare(part), element, zone))
    return found


def _tokens(text: str) -> Iterator[str]:
    return (match[0] for match in _TOKEN.finditer(text))


_TOKEN = re.compile(r'[{},]|"(?:[^"\\]|\\.)*"|[^{},"]+', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _bare(part: str) -> str:
    return _ESCAPED.sub(r"\1", part[1:-1]) if part.startswith('"') else part
