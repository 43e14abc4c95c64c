"""What was let in although something is wrong with it, to be counted by field (quality Q07). Pure."""

from __future__ import annotations

from typing import TypeAlias

from journeyfold.core.event import Event
from journeyfold.log.quarantine import place_of

PLACES_MAX = 5_000
"""Places that are told apart; names of properties come from outside, so they have an end."""
Flag: TypeAlias = tuple[str, str, str, str, str, int]
"""(source, name, code, place, schema, received_us); a place of an event counts once."""


def flags_of(event: Event) -> tuple[Flag, ...]:
    """Nothing for nearly every event; the door alone writes `context.quality`."""
    quality = event.context.get("quality")
    if quality is None:
        return ()
    errors = quality.get("errors") if isinstance(quality, dict) else None
    found = {
        (str(each.get("code", "")), place_of(str(each.get("pointer", ""))))
        for each in (errors if isinstance(errors, list) else ())
        if isinstance(each, dict)
    }
    stem, at_us = event.schema or "", event.received_us
    return tuple(
        (event.source, event.name, code, place, stem, at_us) for code, place in sorted(found)
    )
