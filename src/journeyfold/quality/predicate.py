"""A rule about one record as a function: the same answer as its SQL, for one event (section 4).

Shapes, spellings and tables are those of `sql`; regular expressions run in the engine that DuckDB
runs. Conditions are compiled from the project's own language, and the scan reads their answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import re2

from journeyfold.core.condition_typed import Expr, Read
from journeyfold.core.condition_values import GUARDS, dig
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import instant_us
from journeyfold.quality.columns import text_of, value_of
from journeyfold.quality.rule import Rule
from journeyfold.quality.sql import SHAPES, SPELLINGS, TABLES
from journeyfold.quality.tables import rows
from journeyfold.sources.expression import Compiler, Env, Evaluate

Holds = Callable[[str], bool]
Test = Callable[[Event], "bool | None"]
"""Of an event: true, false or unknown."""
_SPELT: dict[str, Any] = {name: re2.compile(text) for name, text in SPELLINGS.items()}


class Judged(msgspec.Struct, frozen=True):
    """A rule about one record, compiled. `breaks` is None where the rule is not about the event."""

    rule: Rule
    breaks: Callable[[Event], bool | None]


def judged(rule: Rule, conditions: Mapping[str, Test]) -> Judged:
    """`conditions`: `<id>` of its check and `<id>/when`, compiled."""
    when = conditions.get(f"{rule.id}/when")
    breaks = _breaks(rule, conditions)
    if when is None:
        return Judged(rule, breaks)
    return Judged(rule, lambda event: breaks(event) if when(event) is True else None)


def _breaks(rule: Rule, conditions: Mapping[str, Test]) -> Callable[[Event], bool | None]:
    if rule.check is not None:
        check = conditions[rule.id]
        return lambda event: check(event) is not True
    value = value_of(rule.columns[0])
    if rule.completeness is not None:
        return lambda event: _is_blank(text_of(value(event)))
    holds, skips_empty = _holds(rule), rule.valid is not None

    def breaks(event: Event) -> bool | None:
        text = text_of(value(event))
        if text is None or (skips_empty and text == ""):
            return None
        return not holds(text)

    return breaks


def _is_blank(text: str | None) -> bool:
    return text is None or ((not text or ord(text[0]) <= 32) and not text.strip(" "))


def _holds(rule: Rule) -> Holds:
    if rule.valid_as is not None:
        return _valid(rule.valid_as)
    if rule.kind is not None:
        return _spelt(rule.kind.is_)
    if rule.matches is not None:
        pattern = re2.compile(rule.matches.pattern)
        return lambda text: pattern.fullmatch(text) is not None
    if rule.one_of is not None:
        return _one_of(rule.one_of.values)
    assert rule.range is not None, "the only rule about one record that is left"
    low, high = rule.range.min, rule.range.max

    def within(text: str) -> bool:
        number = number_of(text)
        return (
            number is not None
            and (low is None or number >= low)
            and (high is None or number <= high)
        )

    return within


def number_of(text: str) -> float | None:
    """None for what is no finite number."""
    if not _SPELT["number"].fullmatch(text):
        return None
    number = float(text)
    return number if number - number == 0 else None


def _valid(kind: str) -> Holds:
    if kind in TABLES:
        codes = frozenset(row[0] for row in rows(TABLES[kind]))
        return codes.__contains__
    if kind not in SHAPES:
        return _spelt(kind)
    shape = re2.compile(SHAPES[kind])
    if kind == "iban":
        return lambda text: bool(shape.search(text)) and _mod_97(text)
    return lambda text: bool(shape.search(text))


def _mod_97(text: str) -> bool:
    moved = text[4:] + text[:4]
    return int("".join(str(int(each, 36)) for each in moved)) % 97 == 1


def _spelt(kind: str) -> Holds:
    if kind == "number":
        return lambda text: number_of(text) is not None
    shape = _SPELT[kind]
    if kind in {"date", "instant"}:
        return lambda text: shape.fullmatch(text) is not None and instant_us(text) is not None
    return lambda text: shape.fullmatch(text) is not None


def _one_of(values: tuple[str | float | bool, ...]) -> Holds:
    texts = {value for value in values if isinstance(value, str)}
    texts |= {str(value).lower() for value in values if isinstance(value, bool)}
    numbers = {
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
    return lambda text: text in texts or (bool(numbers) and number_of(text) in numbers)


# --- conditions ---------------------------------------------------------------------------------


def condition_of(expr: Expr, zone: str) -> Test:
    """A typed condition over one event; local times are those of `zone`."""
    evaluate = _OverEvents(zone).value(expr)

    def test(event: Event) -> bool | None:
        found = evaluate([event, *_ITEMS])
        return found if isinstance(found, bool) else None

    return test


_ITEMS: list[Any] = [None] * 30  # of enclosing list functions, as in `sources.expression`


class _OverEvents(Compiler):
    """`env[0]` is the event."""

    def __init__(self, zone: str) -> None:
        super().__init__({}, zone)

    def _read(self, expr: Read) -> Evaluate:
        if expr.root.startswith("item"):
            return super()._read(expr)
        if expr.root == "event":
            return _of_envelope(expr.keys, expr.type.name)
        guard, root, keys = GUARDS[expr.type.name], expr.root, expr.keys
        return lambda env: guard(dig(getattr(env[0], root), keys))


def _of_envelope(keys: tuple[str, ...], kind: str) -> Evaluate:
    """Instants of the envelope are microseconds already."""
    name = keys[0]
    if name in {"occurred", "received"}:
        return lambda env: getattr(env[0], f"{name}_us")
    guard = GUARDS[kind]

    def read(env: Env) -> Json:
        return guard(dig(getattr(env[0], name), keys[1:]))

    return read
