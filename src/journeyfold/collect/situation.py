"""Where and when for the person: place, language and local hour of a context (collect C48, C49).

Cached pure functions of text. What is derived names its provider under `context.derived`, and what
the sender said itself is left as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from journeyfold.core.event import Json
from journeyfold.core.instant import MINUTE_US
from journeyfold.core.localtime import is_zone, local

Place = Callable[[str], dict[str, Json] | None]
"""What a file of places knows of an address, `by` included."""

_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z]{4})?(?:[-_]([A-Za-z]{2}))?(?:[-_.].*)?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_NOWHERE = frozenset({"XX", "T1", "ZZ"})  # what networks say of those they cannot place, and Tor
_QUARTER_US = 15 * MINUTE_US  # every zone's offset since 1972 is a multiple of it


def place_of(ip: str, country: str, language: str, place: Place | None) -> dict[str, Json] | None:
    """From the file of places; else the country that a trusted proxy names; else that of the
    language, which is a weak sign.
    """
    if place is not None and ip and (found := place(ip)):
        return found
    if _COUNTRY.fullmatch(country) and country not in _NOWHERE:
        return {"country": country, "by": "proxy"}
    region = language_of(language)[1] if language else ""
    return {"country": region, "weak": True, "by": "language"} if region else None


@lru_cache(maxsize=4_096)
def language_of(text: str) -> tuple[str, str]:
    """("de", "CH") of `de-CH`, `de_CH.UTF-8` or `de-CH,de;q=0.9`; empty where nothing is said."""
    found = _TAG.fullmatch(text[:200].partition(",")[0].partition(";")[0].strip())
    if found is None:
        return "", ""
    return found[1].lower(), (found[2] or "").upper()


def local_hour(at_us: int, zone: str) -> int | None:
    """0 to 23 on the zone's own clock; None for what is no zone."""
    return _hour(at_us // _QUARTER_US, zone) if is_zone(zone) else None


@lru_cache(maxsize=20_000)
def _hour(quarter: int, zone: str) -> int:
    return local(quarter * _QUARTER_US, zone).hour
