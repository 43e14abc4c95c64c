"""`features.NAME.prepared` in conditions: which there are, of what type, and why there is none.

A prepared value is numbers, a text, or a bucket, as its plan says (quality Q27 to Q30). One that
moves with time has none: its comparisons could not be told to flip at an instant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from journeyfold.core.condition_paths import closest
from journeyfold.core.condition_scope import ANY, FLOAT, INT, NUMBERS, STRING, Type
from journeyfold.core.condition_typed import Expr, Prepared, slope
from journeyfold.core.errors import Problem
from journeyfold.quality.transform import Plan
from journeyfold.segment.definition import FeatureDefinition, Places, place_of, problem

_END = ".prepared"
_NUMERIC = {"bool", *NUMBERS}
Definitions = Mapping[str, FeatureDefinition]


def prepared_of(
    definitions: Definitions, known: Mapping[str, Expr]
) -> tuple[dict[str, Expr], dict[str, str]]:
    """By `NAME.prepared`: the expression, or why there is none. `known` are the features so far."""
    made: dict[str, Expr] = {}
    unready: dict[str, str] = {}
    for name, expr in known.items():
        definition = definitions[name]
        found = _type(definition, expr)
        inputs = [known.get(each) for each in definition.using]
        if isinstance(found, str):
            unready[name + _END] = found
        elif None not in inputs:
            made[name + _END] = Prepared(
                found, name, expr, tuple(each for each in inputs if each is not None)
            )
    return made, unready


def read_for(definitions: Definitions, names: Iterable[str]) -> set[str]:
    """The features to be known before these: of a prepared one, what it is guessed from as well."""
    found: set[str] = set()
    for name in names:
        plain = name.removesuffix(_END)
        found.add(plain)
        if plain != name and plain in definitions:
            found.update(definitions[plain].using)
    return found


def using_problems(
    definitions: Definitions, known: Mapping[str, Expr], places: Places
) -> Iterator[Problem]:
    """A model guesses from other features of the project, each a number or yes and no."""
    for name, definition in definitions.items():
        place = place_of(places, f"feature:{name}")
        for each in definition.using:
            if each == name or each not in definitions:
                hint = closest(each, [other for other in definitions if other != name])
                said = f"using: there is no other feature {each!r}"
                yield problem(place, "J104", said, hint)
            elif each in known and known[each].type.name not in {*_NUMERIC, "any", "duration"}:
                said = f"using: {each} is {known[each].type}, a model guesses from numbers"
                yield problem(place, "J110", said)


def _type(definition: FeatureDefinition, expr: Expr) -> Type | str:
    """What the prepared value is, or why there is none."""
    plan, kind = definition.plan, expr.type
    if plan.impute == "none" and plan.scale == "none":
        return "the feature says neither impute nor transform"
    if slope(expr):
        return "its value moves with time, and is read as it is"
    if kind.name not in {*_NUMERIC, "string", "any"}:
        return f"it is {kind}; numbers, texts, and yes or no are prepared"
    if plan.scale == "onehot":
        return STRING
    if plan.scale != "none":
        if kind == STRING:
            return f"transform: {plan.scale} is of numbers, this is a text"
        return INT if plan.scale == "bucket" else FLOAT
    return _filled(plan, kind)


def _filled(plan: Plan, kind: Type) -> Type | str:
    is_word = plan.impute == "unknown" or isinstance(plan.constant, str)
    is_number = plan.impute in {"mean", "median"} or isinstance(plan.constant, int | float)
    if (kind == STRING and is_number) or (kind.name in _NUMERIC and is_word):
        return f"impute: {plan.impute} does not go with {kind}"
    if kind == ANY:
        return STRING if is_word else FLOAT if is_number else ANY
    return STRING if kind == STRING else FLOAT
