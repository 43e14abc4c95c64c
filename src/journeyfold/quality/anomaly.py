"""Is today unlike the days before it? Against the same weekday, by medians (quality Q36). Pure.

`r_d = ln((x_d + 1) / (m_d + 1))` with `m_d` the median of the same weekday in the 56 days before;
`z = 0.6745 (r_d - median r) / max(MAD, 0.02)` over the 28 residuals before (Iglewicz and Hoaglin
1993). Distributions are compared by the population stability index over ten bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from statistics import median

import msgspec

LOOK_BACK, RESIDUALS, ENOUGH, WEEKDAYS = 56, 28, 21, 3
SPREAD_MIN, UNUSUAL = 0.02, 4.0
BINS, ROWS_MIN, SHIFTED = 10, 500, 0.2
_SHARE_MIN = 1e-4  # of an empty bin


class Judgement(msgspec.Struct, frozen=True):
    """`expected` is the median of the weekday; `z` is None while there is too little to say."""

    value: float
    expected: float | None
    z: float | None

    @property
    def is_unusual(self) -> bool:
        return self.z is not None and abs(self.z) > UNUSUAL


def judged(days: Sequence[float]) -> Judgement:
    """The last of consecutive daily values; a day without a record is a zero in its place."""
    residuals = [_residual(days, at) for at in range(max(0, len(days) - RESIDUALS - 1), len(days))]
    today, before = residuals[-1], [each for each in residuals[:-1] if each is not None]
    expected = _expected(days, len(days) - 1)
    if today is None or len(before) < ENOUGH:
        return Judgement(days[-1], expected, None)
    middle = median(before)
    spread = median(abs(each - middle) for each in before)
    return Judgement(days[-1], expected, 0.6745 * (today - middle) / max(spread, SPREAD_MIN))


def stability(expected: Sequence[float], found: Sequence[float]) -> float | None:
    """Population stability index; above 0.2 a distribution has moved. None below 500 rows a side.

    Bins are the tenths of `expected`, so that they do not depend on what was found.
    """
    if min(len(expected), len(found)) < ROWS_MIN:
        return None
    ordered = sorted(expected)
    edges = [ordered[len(ordered) * at // BINS] for at in range(1, BINS)]
    return stability_of(_counts(expected, edges), _counts(found, edges))


def stability_of(expected: Sequence[int], found: Sequence[int]) -> float | None:
    """The same of rows that are counted by bin already."""
    if min(sum(expected), sum(found)) < ROWS_MIN:
        return None
    one, other = _shares(expected), _shares(found)
    return sum((b - a) * log(b / a) for a, b in zip(one, other, strict=True))


def _expected(days: Sequence[float], at: int) -> float | None:
    same = [days[day] for day in range(at - 7, max(-1, at - LOOK_BACK - 1), -7)]
    return median(same) if len(same) >= WEEKDAYS else None


def _residual(days: Sequence[float], at: int) -> float | None:
    """A weekday whose median is zero expects zero: its zeros say nothing, anything else does."""
    expected = _expected(days, at)
    return None if expected is None else log((days[at] + 1) / (expected + 1))


def _counts(values: Sequence[float], edges: Sequence[float]) -> list[int]:
    counts = [0] * BINS
    for value in values:
        counts[sum(value >= edge for edge in edges)] += 1
    return counts


def _shares(counts: Sequence[int]) -> list[float]:
    return [max(count / sum(counts), _SHARE_MIN) for count in counts]
