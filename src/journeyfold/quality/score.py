"""What a rule found, and what the findings of a dataset are worth together (Q12 to Q14). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Literal, TypeAlias

import msgspec

from journeyfold.quality.rule import WEIGHT, Dimension, Rule

Status: TypeAlias = Literal["pass", "warn", "fail", "empty", "error"]


class Result(msgspec.Struct, frozen=True):
    """`bad` of `n` rows break the rule; `empty` is never a pass. `samples` are ids, at most 20."""

    rule: str
    dimension: Dimension
    weight: int
    n: int
    bad: int
    status: Status
    samples: tuple[str, ...] = ()
    detail: str = ""

    @property
    def share(self) -> Fraction | None:
        """Of rows that keep the rule, exactly."""
        return 1 - Fraction(self.bad, self.n) if self.n else None


class Score(msgspec.Struct, frozen=True):
    """0 to 1, with how many rules it stands on and the share of columns that have one."""

    score: float | None
    dimensions: dict[str, float]
    rules: int
    coverage: float


def result_of(rule: Rule, n: int, bad: int, samples: Iterable[str] = ()) -> Result:
    """Bounds are inclusive (Q13)."""
    weight = WEIGHT[rule.severity]
    if not n:
        return Result(rule.id, rule.dimension, weight, 0, 0, "empty")
    share = 1 - Fraction(bad, n)
    status: Status = "pass"
    if share < _exact(rule.least):
        status = "fail"
    elif rule.warn is not None and share < _exact(rule.warn):
        status = "warn"
    return Result(rule.id, rule.dimension, weight, n, bad, status, tuple(samples)[:20])


def failed_to_run(rule: Rule, detail: str) -> Result:
    return Result(
        rule.id, rule.dimension, WEIGHT[rule.severity], 0, 0, "error", detail=detail
    )  # fmt: skip


def score_of(results: Iterable[Result], columns: int, covered: int) -> Score:
    """Weighted within a dimension, dimensions alike (Q14); rules without rows say nothing."""
    by_dimension: dict[str, list[tuple[int, Fraction]]] = {}
    count = 0
    for result in results:
        count += 1
        share = result.share
        if share is not None and result.status != "error":
            by_dimension.setdefault(result.dimension, []).append((result.weight, share))
    dimensions = {
        name: sum((weight * share for weight, share in rows), Fraction(0))
        / sum(weight for weight, _ in rows)
        for name, rows in sorted(by_dimension.items())
    }
    total = sum(dimensions.values(), Fraction(0)) / len(dimensions) if dimensions else None
    return Score(
        None if total is None else float(total),
        {name: float(share) for name, share in dimensions.items()},
        count,
        covered / columns if columns else 0.0,
    )


def _exact(bound: float) -> Fraction:
    """As it was written: 0.97 is 97 of 100, not the nearest binary number."""
    return Fraction(str(bound))
