"""`any`, `all`, `sum`, `min` and `max` over a list, and what several truths make together (C10)."""

from __future__ import annotations

from typing import Literal

from journeyfold.core import condition_values as values
from journeyfold.core.event import Json

Found = tuple[Json, int]


def joined(found: list[Found], *, settles: bool) -> Found:
    settled = [due for value, due in found if value is settles]
    if settled:
        return settles, max(settled)
    soon = min(due for _, due in found)
    return (None if any(value is None for value, _ in found) else not settles), soon


def folded(name: Literal["any", "all", "sum", "min", "max"], found: list[Found], due: int) -> Found:
    """The value of a list function from the values of its elements."""
    if name in {"any", "all"}:
        if not found:
            return name == "all", due
        value, soon = joined(found, settles=name == "any")
        return value, min(due, soon)
    due = min([due, *(each for _, each in found)])
    known = [value for value, _ in found if value is not None]
    if name == "sum":
        return values.total(known), due  # type: ignore[arg-type]  # the checker admits numbers
    pick = min if name == "min" else max
    return (pick(known) if known else None), due  # type: ignore[type-var]  # of one ordered type
