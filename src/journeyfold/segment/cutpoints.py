"""Quintile borders from a population (segments F5): pure, and the same for any order of values."""

from __future__ import annotations

from collections.abc import Iterable

POPULATION_MIN = 50


def quintile_cuts(values: Iterable[float | None]) -> tuple[float, ...] | None:
    """cut_k = sorted[ceil(k·n/5) - 1] for k = 1..4; None below 50 values, which is a refusal."""
    ordered = sorted(value for value in values if value is not None)
    n = len(ordered)
    if n < POPULATION_MIN:
        return None
    return tuple(ordered[-(-k * n // 5) - 1] for k in range(1, 5))
