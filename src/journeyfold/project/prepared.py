"""Features as models take them: filled in and scaled by what was fitted once (quality Q27 to Q30).

Facts and features stay as they are; a condition reads a prepared value by its own name. What is
fitted on a snapshot of everybody is a record beside the quintile borders, `cutpoints.updated`, so
that every reader and every rebuild prepares alike. A feature that was not fitted yet has no
prepared value, but for what needs no fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.transform import (
    OTHER,
    Fitted,
    Plan,
    fitted,
    number_taken,
    prepared_value,
    taken,
    unfitted,
)
from journeyfold.segment.definition import FeatureDefinition

NOT_RANDOM = 0.55  # area under the curve from which missing values tell of the label (Q29)
Definitions = Mapping[str, FeatureDefinition]
Fits = Mapping[str, Fitted]
Row = Sequence[Json]
"""A value, and beside it those of the features in `using`."""


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
    return {name: each.plan for name, each in definitions.items() if each.is_prepared}


def readable(definitions: Definitions) -> Iterator[str]:
    """What a condition may name after `features.`, the prepared ones last."""
    yield from definitions
    yield from (
        f"{name}.prepared"
        for name, plan in prepared_features(definitions).items()
        if plan.impute != "none" or plan.scale != "none"
    )


def to_fit(definitions: Definitions) -> list[str]:
    """Features whose parameters come from the population."""
    return [name for name, plan in prepared_features(definitions).items() if plan.is_fitted]


class Rows:
    """What the features of a population are fitted on; of all that need it where no names are given."""

    def __init__(self, definitions: Definitions, names: Iterable[str] | None = None) -> None:
        wanted = to_fit(definitions) if names is None else names
        self.plans = {name: definitions[name].plan for name in wanted}
        self._reads = sorted({n for name, plan in self.plans.items() for n in (name, *plan.using)})
        self._rows: dict[str, list[Row]] = {name: [] for name in self.plans}

    def add(self, values_of: Callable[[Sequence[str]], Mapping[str, Json]]) -> None:
        """One person, asked for no more than is needed."""
        values = values_of(self._reads) if self._reads else {}
        for name, plan in self.plans.items():
            self._rows[name].append(row_of(plan, name, values))

    def fits(self) -> dict[str, Fitted]:
        """Without those that are refused; `missing_report` says why."""
        made = {name: fit_of(plan, self._rows[name]) for name, plan in self.plans.items()}
        return {name: fit for name, fit in made.items() if fit is not None}


def row_of(plan: Plan, name: str, values: Mapping[str, Json]) -> Row:
    return [values.get(each) for each in (name, *plan.using)]


def fit_of(plan: Plan, rows: Sequence[Row]) -> Fitted | None:
    """None where it is refused."""
    try:
        return _fit(plan, rows)
    except ValueError:
        return None


def fits_in_force(definitions: Definitions, fits: Fits) -> dict[str, Fitted]:
    """What each prepared feature is prepared by: fitted under what is declared today, or no fit."""
    found: dict[str, Fitted] = {}
    for name, plan in prepared_features(definitions).items():
        fit = fits.get(name)
        if not plan.is_fitted:
            found[name] = unfitted(plan)
        elif fit is not None and fit.plan == plan:
            found[name] = fit
    return found


def prepared(definitions: Definitions, fits: Fits, values: Mapping[str, Json]) -> dict[str, Json]:
    """`values` of one person, `fits` in force; the result has the declared features, each with its
    indicator. Of `onehot` there is 1 and 0 for every category.
    """
    found: dict[str, Json] = {}
    for name, plan in prepared_features(definitions).items():
        value, *inputs = row_of(plan, name, values)
        if definitions[name].missing:
            found[f"{name}_missing"] = value is None
        fit = fits.get(name)
        if fit is None:
            continue
        made = prepared_value(fit, value, inputs)
        if plan.scale == "onehot":
            for category in (*fit.categories, OTHER):
                found[f"{name}={category}"] = int(made == category)
        else:
            found[name] = made
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
        rows = [row_of(definition.plan, name, each.values) for each in seen]
        absent = [row[0] is None for row in rows]
        share = sum(absent) / len(absent) if absent else 0.0
        refused = _refused(definition.plan, rows)
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


def _refused(plan: Plan, rows: Sequence[Row]) -> str:
    try:
        _fit(plan, rows)
    except ValueError as error:
        return str(error)
    return ""


def _fit(plan: Plan, rows: Sequence[Row]) -> Fitted:
    inputs = [[number_taken(each) for each in row[1:]] for row in rows]
    return fitted(plan, [taken(row[0]) for row in rows], inputs)
