"""Where somebody was, to a tenth of a degree, and what the weather was like there (collect C49). Pure.

A geocell is "52.5,13.4": latitude and longitude rounded to 0.1 degrees, a square of some ten
kilometres. Coordinates are cut to it before anything is stored, unless the source keeps them whole.
The weather is looked up by geocell and hour in the operator's own table; a miss is nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from journeyfold.collect.json_entry import Members
from journeyfold.core.event import Json

Weather = Callable[[str, int], "dict[str, Json] | None"]
"""What a table of the operator's knows of a geocell at an instant, `by` included."""


def geocell_of(latitude: float, longitude: float) -> str:
    """Adding zero takes the sign from a zero, so that there is one name for it."""
    return f"{round(latitude, 1) + 0.0:.1f},{round(longitude, 1) + 0.0:.1f}"


def cut(location: Members) -> Members:
    """A sender's `location` with its coordinates rounded, where they are coordinates."""
    found = _coordinates(location)
    if found is None:
        return location
    latitude, longitude = (round(each, 1) + 0.0 for each in found)
    return {**location, "latitude": latitude, "longitude": longitude}


def geocell_in(location: Json, geo: Json) -> str:
    """As the sender says it, else of its coordinates, else of the place of its address."""
    if isinstance(location, dict):
        said = location.get("geocell")
        if isinstance(said, str) and said:
            return said
        if (found := _coordinates(location)) is not None:
            return geocell_of(*found)
    known = geo.get("geocell") if isinstance(geo, dict) else None
    return known if isinstance(known, str) else ""


def _coordinates(location: Members) -> tuple[float, float] | None:
    latitude, longitude = _number(location.get("latitude")), _number(location.get("longitude"))
    if latitude is None or longitude is None:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _number(value: Json) -> float | None:
    """Of a pixel it comes as text (collect C02)."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
