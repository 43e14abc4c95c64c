"""The context of a call, typed before any condition sees it (segments C4).

What is named in the schema has its type or the call is refused; what is not named is left out,
so that a newer page can send more than an older project asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.instant import instant_us
from journeyfold.decide.definition import ContextType


class BadContext(msgspec.Struct, frozen=True):
    """A value of another type than the schema says."""

    name: str
    expected: ContextType


def typed_context(
    raw: Mapping[str, Json], schema: Mapping[str, ContextType]
) -> dict[str, Json] | BadContext:
    """Null stays null; an int where a float is expected becomes one; instants become integers."""
    context: dict[str, Json] = {}
    for name, type_ in schema.items():
        value = raw.get(name)
        if value is None:
            continue
        typed = _typed(value, type_)
        if typed is None:
            return BadContext(name, type_)
        context[name] = typed
    return context


def _typed(value: Json, type_: ContextType) -> Json:
    """None for a value that is not of the type; bool is not a number (segments C5)."""
    match type_:
        case "string":
            return value if isinstance(value, str) else None
        case "bool":
            return value if isinstance(value, bool) else None
        case "int":
            return value if isinstance(value, int) and not isinstance(value, bool) else None
        case "float":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return None
            return float(value)
        case "timestamp":
            return instant_us(value) if isinstance(value, str) else None
        case _:
            assert_never(type_)
