"""A rule over other names: what a column is called where a scan reads it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from journeyfold.quality.rule import Rule

_PARTS = ("matches", "one_of", "range", "kind")


def renamed(rule: Rule, name: Callable[[str], str]) -> Rule:
    """Of rules that a scan counts; others read their columns through a side."""
    changed: dict[str, object] = {}
    for key in ("completeness", "valid"):
        column = getattr(rule, key)
        if column is not None:
            changed[key] = name(column)
    if rule.unique is not None:
        changed["unique"] = tuple(name(column) for column in rule.unique)
    for key in _PARTS:
        part = getattr(rule, key)
        if part is not None:
            changed[key] = msgspec.structs.replace(part, column=name(part.column))
    return msgspec.structs.replace(rule, **changed)
