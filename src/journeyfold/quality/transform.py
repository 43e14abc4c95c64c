"""Missing values and scales of features: fitted on one snapshot, applied unchanged (Q27 to Q30). Pure.

What is fitted depends on the values alone, not on their order. A fact is never filled in: these
belong to a feature of a model or a segment, and `missing` can be a feature of its own.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import isfinite, log1p, sqrt
from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.event import Json
from journeyfold.quality.boosting import INPUTS_MAX, Boosted, boosted

Value: TypeAlias = float | str | None
Impute: TypeAlias = Literal["none", "constant", "mean", "median", "mode", "unknown", "model"]
Scale: TypeAlias = Literal["none", "zscore", "minmax", "robust", "log1p", "bucket", "onehot"]
UNKNOWN, OTHER = "Unknown", "other"
MISSING_MAX = 0.6
OUTLIER = 5.0
BINS_MAX = 50
CATEGORIES_MAX = 20


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with one feature; `constant` is the value of that kind of imputation, `using` the
    features a model guesses from. A bucket has `borders` or makes `bins` of as many people each;
    `categories` of `onehot` are the most frequent where none are named.
    """

    impute: Impute = "none"
    scale: Scale = "none"
    constant: float | str | None = None
    force: bool = False
    using: tuple[str, ...] = ()
    borders: tuple[float, ...] = ()
    bins: int = 10
    categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.impute == "constant") != (self.constant is not None):
            raise ValueError("impute: constant and `constant` go together")
        if self.impute == "unknown" and self.scale not in {"none", "onehot"}:
            raise ValueError("scale: a category has none")
        if (self.impute == "model") != bool(self.using):
            raise ValueError("impute: model and `using`, the features it guesses from, go together")
        if len(self.using) > INPUTS_MAX:
            raise ValueError(f"using: at most {INPUTS_MAX} features")
        if self.scale != "bucket" and (self.borders or self.bins != 10):
            raise ValueError("`borders` and `bins` belong to transform: bucket")
        if not 2 <= self.bins <= BINS_MAX or any(a >= b for a, b in pairwise(self.borders)):
            raise ValueError(f"bins: 2 to {BINS_MAX}, and borders that rise")
        if self.categories and self.scale != "onehot":
            raise ValueError("`categories` belong to transform: onehot")

    @property
    def is_fitted(self) -> bool:
        """Do parameters come from the population?"""
        return (
            self.impute in {"mean", "median", "mode", "model"}
            or self.scale in {"zscore", "minmax", "robust"}
            or (self.scale == "bucket" and not self.borders)
            or (self.scale == "onehot" and not self.categories)
        )


class Fitted(msgspec.Struct, frozen=True):
    """What a model's manifest keeps of one feature; `applied` needs nothing else."""

    plan: Plan
    fill: float | str | None = None
    middle: float = 0.0  # mean, least or median, by scale
    spread: float = 1.0  # deviation, range or interquartile range
    missing: float = 0.0  # share in the snapshot
    borders: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    model: Boosted | None = None


class TooMuchMissingError(ValueError):
    """More than 60 % of the values are missing; `force` takes them all the same (Q28)."""


def fitted(
    plan: Plan, values: Sequence[Value], inputs: Sequence[Sequence[float | None]] = ()
) -> Fitted:
    """`inputs`: beside each value those of the features in `using`.

    Raises TooMuchMissingError and NotLearntError; ValueError where a text is to be scaled.
    """
    known = [value for value in values if value is not None]
    share = 1 - len(known) / len(values) if values else 0.0
    if (
        plan.impute not in {"none", "constant", "unknown"}
        and share > MISSING_MAX
        and not plan.force
    ):
        raise TooMuchMissingError(
            f"{share:.0%} of the values are missing, more than {MISSING_MAX:.0%}"
        )
    has_numbers = plan.scale not in {"none", "onehot"}
    numbers = _numbers(known) if has_numbers else []
    middle, spread = _scale(plan.scale, numbers)
    return Fitted(
        plan, _fill(plan, known), middle, spread, share,
        borders=_borders(plan, numbers), categories=_categories(plan, known),
        model=_model(values, inputs) if plan.impute == "model" else None,
    )  # fmt: skip


def unfitted(plan: Plan) -> Fitted:
    """Of a plan that needs no population."""
    fill = _fill(plan, [])
    return Fitted(plan, fill, borders=plan.borders, categories=plan.categories)


def applied(fit: Fitted, value: Value, inputs: Sequence[float | None] = ()) -> Value:
    """The feature's value as a model takes it; null where nothing fills it in. Of `onehot` the
    category, `other` where it is none of those fitted.
    """
    found = _filled(fit, inputs) if value is None else value
    if found is None or fit.plan.scale == "none":
        return found
    if fit.plan.scale == "onehot":
        category = _category(found)
        return category if category in fit.categories else OTHER
    (number,) = _numbers([found])
    if fit.plan.scale == "bucket":
        return 1 + bisect_left(fit.borders, number)
    if fit.plan.scale == "log1p":
        return log1p(number) if number > -1 else None
    if not fit.spread:
        return 0.0
    scaled = (number - fit.middle) / fit.spread
    return min(max(scaled, 0.0), 1.0) if fit.plan.scale == "minmax" else scaled


def taken(value: Json) -> Value:
    """Yes and no are 1 and 0; lists and objects are no value a model takes."""
    if isinstance(value, bool):
        return float(value)
    return value if isinstance(value, int | float | str) else None


def number_taken(value: Json) -> float | None:
    """An input of a model that guesses; null is another value's absence."""
    found = taken(value)
    return None if isinstance(found, str) else found


def prepared_value(fit: Fitted, value: Json, inputs: Sequence[Json] = ()) -> Json:
    """As `applied`, of what a person has; null for a text where numbers were fitted."""
    try:
        return applied(fit, taken(value), [number_taken(each) for each in inputs])
    except ValueError:
        return None


def is_outlier(values: Sequence[float], value: float) -> bool:
    """By a robust z above 5; flagged, never changed (Q30)."""
    middle = _median(sorted(values))
    spread = _median(sorted(abs(each - middle) for each in values))
    return bool(spread) and abs(0.6745 * (value - middle) / spread) > OUTLIER


def _filled(fit: Fitted, inputs: Sequence[float | None]) -> Value:
    known = [each for each in inputs if each is not None]
    if fit.model is None:
        return fit.fill
    return fit.model.of(known) if known and len(known) == len(inputs) else None


def _model(values: Sequence[Value], inputs: Sequence[Sequence[float | None]]) -> Boosted:
    """Learnt from those of whom everything is known."""
    rows: list[tuple[float, ...]] = []
    targets: list[float | str] = []
    for value, row in zip(values, inputs, strict=True):
        known = tuple(float(each) for each in row if each is not None)
        if value is not None and len(known) == len(row):
            rows.append(known)
            targets.append(value)
    return boosted(rows, targets)


def _borders(plan: Plan, known: Sequence[float]) -> tuple[float, ...]:
    """As many people between two of them, a value on a border below it; fewer where many are alike."""
    if plan.scale != "bucket" or plan.borders or not known:
        return plan.borders
    ordered, n = sorted(known), len(known)
    found = {ordered[-(-at * n // plan.bins) - 1] for at in range(1, plan.bins)}
    return tuple(sorted(found - {ordered[-1]}))


def _categories(plan: Plan, known: Sequence[float | str]) -> tuple[str, ...]:
    if plan.scale != "onehot" or plan.categories:
        return plan.categories
    counted = Counter(_category(value) for value in known)
    return tuple(sorted(sorted(counted, key=lambda each: (-counted[each], each))[:CATEGORIES_MAX]))


def _category(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if isfinite(value) and value == int(value) else str(value)


def _fill(plan: Plan, known: Sequence[float | str]) -> float | str | None:
    match plan.impute:
        case "constant":
            return plan.constant
        case "unknown":
            return UNKNOWN
        case "mode" if known:
            counted = Counter(known)
            most = max(counted.values())
            return min((each for each, count in counted.items() if count == most), key=_order)
        case "mean" if known:
            return _mean(_numbers(known))
        case "median" if known:
            return _median(sorted(_numbers(known)))
        case _:
            return None


def _scale(scale: Scale, known: Sequence[float]) -> tuple[float, float]:
    if not known or scale in {"none", "log1p", "bucket", "onehot"}:
        return 0.0, 1.0
    ordered = sorted(known)
    if scale == "minmax":
        return ordered[0], ordered[-1] - ordered[0]
    if scale == "robust":
        quarter, three = ordered[len(ordered) // 4], ordered[3 * len(ordered) // 4]
        return _median(ordered), three - quarter
    mean = _mean(known)
    squares = sum((Fraction(each) - Fraction(mean)) ** 2 for each in known)
    return mean, sqrt(float(squares / len(known)))


def _mean(numbers: Iterable[float]) -> float:
    """Exact sums: the same for every order."""
    exact = [Fraction(each) for each in numbers]
    return float(sum(exact, Fraction(0)) / len(exact))


def _median(ordered: Sequence[float]) -> float:
    """The lower of the two in the middle."""
    return ordered[(len(ordered) - 1) // 2] if ordered else 0.0


def _numbers(values: Iterable[float | str]) -> list[float]:
    found: list[float] = [value for value in values if not isinstance(value, str)]
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        raise ValueError("a text has no scale and no mean; use mode or unknown")
    return found


def _order(value: float | str) -> tuple[bool, float | str]:
    return (isinstance(value, str), value)
