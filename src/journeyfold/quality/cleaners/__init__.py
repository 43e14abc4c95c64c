"""One file a cleaner; being here is all it takes to be known.

`clean: email`, `clean: {date: ["%d.%m.%Y"]}` and `clean: {phone: {region: DE}}` name one; a list
applies several in order.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeAlias

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.cleaner import Cleaned, Cleaner

Spec: TypeAlias = str | dict[str, Json] | list[str | dict[str, Json]]


@cache
def known() -> dict[str, type[Cleaner]]:
    """Name in YAML → its struct."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return {kind.name: kind for kind in Cleaner.__subclasses__() if kind.name}


class Chain:
    """Cleaners one after another; the first that fails ends it."""

    def __init__(self, steps: tuple[Cleaner, ...]) -> None:
        self.steps = steps

    def clean(self, value: Json) -> Cleaned:
        is_changed = False
        for step in self.steps:
            found = step.clean(value)
            if found.state == "failed":
                return found
            is_changed = is_changed or found.state == "changed"
            value = found.value
        return Cleaned(value, "changed" if is_changed else "ok")


def chain_of(spec: Spec) -> Chain:
    """Raises ValueError: no such cleaner, or arguments it does not take."""
    parts = spec if isinstance(spec, list) else [spec]
    return Chain(tuple(_one(part) for part in parts))


def _one(part: str | dict[str, Json]) -> Cleaner:
    if isinstance(part, str):
        return _built(part, {})
    if len(part) != 1:
        raise ValueError("a cleaner is one name with its arguments; write a list for several")
    ((name, arguments),) = part.items()
    return _built(name, arguments)


def _built(name: str, arguments: Json) -> Cleaner:
    kind = known().get(name)
    if kind is None:
        raise ValueError(f"there is no cleaner '{name}'; there are {', '.join(sorted(known()))}")
    if not isinstance(arguments, dict):
        if not kind.short:
            raise ValueError(f"{name}: takes a map of arguments")
        arguments = {kind.short: arguments}
    try:
        return msgspec.convert(arguments, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from None
