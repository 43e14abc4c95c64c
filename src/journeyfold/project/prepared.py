"""Features as models take them: filled in and scaled by what was fitted once (quality Q27 to Q30).

Facts, segments and conditions see a feature as it is. What is fitted on a snapshot of everybody is
a record beside the quintile borders, `cutpoints.updated`, under `fit:NAME`: five numbers, so that
every reader and every rebuild prepares alike. A feature that was not fitted yet has no prepared
value, but for what needs no fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.transform import (
    Fitted,
    Plan,
    TooMuchMissingError,
    Value,
    applied,
    fitted,
)
from journeyfold.segment.definition import FeatureDefinition

PREFIX = "fit:"
NOT_RANDOM = 0.55  # area under the curve from which missing values tell of the label (Q29)
Definitions = Mapping[str, FeatureDefinition]
Fits = Mapping[str, Sequence[float]]


class Missing(msgspec.Struct, frozen=True):
    """`auc`: how well its absence tells who is labelled, of 1; .5 is not at all (Q29).
    `months`: share missing by the month in which people were first seen.
    """

    feature: str
    people: int
    missing: float
    auc: float | None = None
    refused: str = ""
    months: dict[str, float] = {}

    @property
    def is_random(self) -> bool:
        return self.auc is None or max(self.auc, 1 - self.auc) <= NOT_RANDOM


def prepared_features(definitions: Definitions) -> dict[str, Plan]:
    return {
        name: each.plan
        for name, each in definitions.items()
        if each.impute != "none" or each.transform != "none" or each.missing
    }


def to_fit(definitions: Definitions) -> list[str]:
    """Features whose parameters come from the population."""
    return [
        name
        for name, plan in prepared_features(definitions).items()
        if plan.impute in {"mean", "median", "mode"} or plan.scale in {"zscore", "minmax", "robust"}
    ]


def fit_of(plan: Plan, values: Sequence[Json]) -> list[float] | None:
    """(is there a fill, fill, middle, spread, share missing); None where it is refused."""
    try:
        made = fitted(plan, [_value(value) for value in values])
    except (TooMuchMissingError, ValueError):
        return None
    fill = made.fill if isinstance(made.fill, int | float) else None
    return [float(fill is not None), float(fill or 0), made.middle, made.spread, made.missing]


def prepared(definitions: Definitions, fits: Fits, values: Mapping[str, Json]) -> dict[str, Json]:
    """`values` of one person; the result has the declared features, each with its indicator."""
    found: dict[str, Json] = {}
    needs = set(to_fit(definitions))
    for name, plan in prepared_features(definitions).items():
        value = values.get(name)
        if definitions[name].missing:
            found[f"{name}_missing"] = value is None
        fit = _fitted(plan, fits.get(PREFIX + name))
        if fit is not None or name not in needs:
            found[name] = _applied(fit or _unfitted(plan), _value(value))
    return found


class Seen(NamedTuple):
    """One person of a report; `label` is None where none was asked for."""

    values: Mapping[str, Json]
    label: bool | None
    month: str


def missing_report(definitions: Definitions, people: Iterable[Seen]) -> list[Missing]:
    seen = list(people)
    told = []
    for name, definition in definitions.items():
        values = [each.values.get(name) for each in seen]
        absent = [value is None for value in values]
        share = sum(absent) / len(absent) if absent else 0.0
        refused = _refused(definition.plan, values)
        auc = _auc(absent, [each.label for each in seen])
        months: dict[str, list[bool]] = {}
        for each, gone in zip(seen, absent, strict=True):
            months.setdefault(each.month, []).append(gone)
        by_month = {month: sum(gone) / len(gone) for month, gone in sorted(months.items())}
        told.append(Missing(name, len(absent), share, auc, refused, by_month))
    return told


def _auc(absent: Sequence[bool], labels: Sequence[bool | None]) -> float | None:
    """Of an indicator: half of one, and of how much more often it shows among the labelled."""
    pairs = list(zip(absent, labels, strict=True))
    inside = [gone for gone, label in pairs if label is True]
    outside = [gone for gone, label in pairs if label is False]
    if not inside or not outside:
        return None
    return 0.5 * (1 + sum(inside) / len(inside) - sum(outside) / len(outside))


def _refused(plan: Plan, values: Sequence[Json]) -> str:
    try:
        fitted(plan, [_value(value) for value in values])
    except ValueError as error:
        return str(error)
    return ""


def _fitted(plan: Plan, numbers: Sequence[float] | None) -> Fitted | None:
    if numbers is None:
        return None
    has_fill, fill, middle, spread, missing = numbers
    known = fill if has_fill else _constant(plan)
    return Fitted(plan, known, middle, spread, missing)


def _unfitted(plan: Plan) -> Fitted:
    return Fitted(plan, _constant(plan))


def _constant(plan: Plan) -> float | str | None:
    return "Unknown" if plan.impute == "unknown" else plan.constant


def _applied(fit: Fitted, value: Value) -> Json:
    try:
        return applied(fit, value)
    except ValueError:  # a text where numbers were fitted
        return None


def _value(value: Json) -> Value:
    """Yes and no are 1 and 0; lists and objects are no value a model takes."""
    if isinstance(value, bool):
        return float(value)
    return value if isinstance(value, int | float | str) else None
