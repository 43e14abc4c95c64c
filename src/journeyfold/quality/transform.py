"""Missing values and scales of features: fitted on one snapshot, applied unchanged (Q27 to Q30). Pure.

What is fitted depends on the values alone, not on their order. A fact is never filled in: these
belong to a feature of a model or a segment, and `missing` can be a feature of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import log1p, sqrt
from typing import Literal, TypeAlias

import msgspec

Value: TypeAlias = float | str | None
Impute: TypeAlias = Literal["none", "constant", "mean", "median", "mode", "unknown"]
Scale: TypeAlias = Literal["none", "zscore", "minmax", "robust", "log1p"]
UNKNOWN = "Unknown"
MISSING_MAX = 0.6
OUTLIER = 5.0


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with one feature; `constant` is the value of that kind of imputation."""

    impute: Impute = "none"
    scale: Scale = "none"
    constant: float | str | None = None
    force: bool = False

    def __post_init__(self) -> None:
        if (self.impute == "constant") != (self.constant is not None):
            raise ValueError("impute: constant and `constant` go together")
        if self.impute == "unknown" and self.scale != "none":
            raise ValueError("scale: a category has none")


class Fitted(msgspec.Struct, frozen=True):
    """What a model's manifest keeps of one feature; `apply` needs nothing else."""

    plan: Plan
    fill: float | str | None = None
    middle: float = 0.0  # mean, least or median, by scale
    spread: float = 1.0  # deviation, range or interquartile range
    missing: float = 0.0  # share in the snapshot


class TooMuchMissingError(ValueError):
    """More than 60 % of the values are missing; `force` takes them all the same (Q28)."""


def fitted(plan: Plan, values: Sequence[Value]) -> Fitted:
    """Raises TooMuchMissingError; ValueError where a text is to be scaled."""
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
    fill = _fill(plan, known)
    middle, spread = _scale(plan.scale, _numbers(known) if plan.scale != "none" else [])
    return Fitted(plan, fill, middle, spread, share)


def applied(fit: Fitted, value: Value) -> Value:
    """The feature's value as a model takes it; null where nothing fills it in."""
    found = fit.fill if value is None else value
    if found is None or fit.plan.scale == "none":
        return found
    (number,) = _numbers([found])
    if fit.plan.scale == "log1p":
        return log1p(number) if number > -1 else None
    if not fit.spread:
        return 0.0
    scaled = (number - fit.middle) / fit.spread
    return min(max(scaled, 0.0), 1.0) if fit.plan.scale == "minmax" else scaled


def is_outlier(values: Sequence[float], value: float) -> bool:
    """By a robust z above 5; flagged, never changed (Q30)."""
    middle = _median(sorted(values))
    spread = _median(sorted(abs(each - middle) for each in values))
    return bool(spread) and abs(0.6745 * (value - middle) / spread) > OUTLIER


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
    if not known or scale in {"none", "log1p"}:
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
