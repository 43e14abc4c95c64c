"""A template that remembers its texts.

Most texts of offers hold one or two plain values of the person, and most people have the same or
none. Such a text is a function of these values, so it is rendered once for each of them; anything
else (tags, dates, lists, values of values) is rendered every time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from liquid import BoundTemplate

from journeyfold.decide import template as liquid

REMEMBERED = 500  # texts a template; then it forgets all of them
_CHARACTERS_MAX = 200  # of a value
_PLAIN = frozenset({str, int, float, bool, type(None)})
_PLACES = frozenset({"traits", "features", "offer", "context"})
_OF_ANY_MAP = frozenset({"size", "first", "last"})  # in Liquid, of what has no such key
_READS_CLOCK = "date"
_MISSING = object()

Path: TypeAlias = tuple[str, str]
"""`("traits", "first_name")`"""


class Rendering:
    """Call it with plain values and an instant; raises TemplateError."""

    def __init__(self, template: BoundTemplate) -> None:
        self._template = template
        self._paths = _paths(template)
        self._known: dict[tuple[object, ...], str] = {}

    def __call__(self, values: Mapping[str, object], now_us: int) -> str:
        key = None if self._paths is None else _key(self._paths, values)
        if key is None:
            return liquid.render(self._template, values, now_us)
        text = self._known.get(key)
        if text is None:
            text = liquid.render(self._template, values, now_us)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = text
        return text


def _paths(template: BoundTemplate) -> tuple[Path, ...] | None:
    """What the text depends on; None when that is more than a few plain values."""
    read = template.analyze(include_partials=False)
    if read.tags or _READS_CLOCK in read.filters:
        return None
    paths: list[Path] = []
    for variables in read.variables.values():
        for variable in variables:
            match variable.segments:
                case [str(place), str(name)] if place in _PLACES and name not in _OF_ANY_MAP:
                    paths.append((place, name))
                case _:
                    return None
    return tuple(paths)


def _key(paths: tuple[Path, ...], values: Mapping[str, object]) -> tuple[object, ...] | None:
    """The values with their types, since 1, 1.0 and true are written differently."""
    key: list[object] = []
    for place, name in paths:
        within = values.get(place)
        value = within.get(name, _MISSING) if isinstance(within, Mapping) else _MISSING
        kind = type(value)
        if value is not _MISSING and kind not in _PLAIN:
            return None
        if kind is str and len(str(value)) > _CHARACTERS_MAX:
            return None
        key += (kind, value)
    return tuple(key)
