"""In which zone somebody lives, when all they told is their country (journeys E31)."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib import resources


@cache
def zone_of_country(country: str) -> str:
    """The IANA zone of an ISO 3166 country that has just one; nothing for any other.

    Read from `zone.tab` of the pinned tz database.
    """
    return _alone().get(country.upper(), "")


@cache
def _alone() -> dict[str, str]:
    text = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("ascii")
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    counted = Counter(country for country, *_ in rows)
    return {country: zone for country, _, zone, *_ in rows if counted[country] == 1}
