"""One file a kind of destination; being here is all it takes to be known.

A module defines one public subclass of `Destined`. Libraries beyond the core ones are imported
inside `open`, so that who does not use a destination does not load it.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from journeyfold.activate.destination import Destined


def kinds() -> dict[str, type[Destined]]:
    """Type as written in YAML → its struct."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return {str(kind.__struct_config__.tag): kind for kind in _below(Destined)}


def _below(kind: type[Destined]) -> list[type[Destined]]:
    found: list[type[Destined]] = []
    for each in kind.__subclasses__():
        if each.__module__.startswith(f"{__name__}.") and each.__struct_config__.tag:
            found.append(each)
        found += _below(each)
    return found
