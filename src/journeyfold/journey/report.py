"""Did it help? Rates and revenue of those who got it beside those held out, with intervals.

The interval of one proportion is Wilson's score interval (E. B. Wilson, JASA 22, 1927). The
difference of two is Newcombe's hybrid of both Wilson intervals (R. G. Newcombe, Statistics in
Medicine 17, 1998, method 10). Their ratio is Koopman's score interval (P. A. R. Koopman,
Biometrics 40, 1984). Means are compared by Welch's approximation (B. L. Welch, Biometrika 34,
1947) with Student's quantile by Cornish and Fisher's expansion (Abramowitz and Stegun, 26.7.5).
Everything is at 95 %. Pure: no state, no time.
"""

from __future__ import annotations

from collections.abc import Callable
from math import hypot, sqrt

import msgspec

Z = 1.959963984540054  # the 97.5 % point of the normal distribution
MICRO = 1_000_000
_HALVINGS = 100  # a bisection has every bit of a float by then
_RATIO_MAX = 1e9


class Side(msgspec.Struct, frozen=True):
    """One of the two that are compared: `value` and `squares` are the sum of what goals were
    worth and of its squares, in micro-units and their squares.
    """

    people: int = 0
    goals: int = 0
    value_micros: int = 0
    value_squares: int = 0

    @property
    def mean(self) -> float | None:
        """Value per person, in units; who reached no goal counts as nothing."""
        return self.value_micros / MICRO / self.people if self.people else None

    @property
    def variance(self) -> float | None:
        """Of the value per person, unbiased; None for fewer than two."""
        if self.people < 2:
            return None
        spread = self.value_squares * self.people - self.value_micros**2  # whole numbers: exact
        return spread / self.people / (self.people - 1) / MICRO**2


class Interval(msgspec.Struct, frozen=True):
    """An estimate with its 95 % interval; None where a side is open or there is no estimate."""

    estimate: float | None
    low: float | None
    high: float | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out no difference at 0; ask this of differences only."""
        return (self.low is not None and self.low > 0) or (self.high is not None and self.high < 0)


class Lift(msgspec.Struct, frozen=True):
    """What the journey changed: differences are treated minus held out, the ratio is treated over
    held out, value is per person.
    """

    treated: Side
    held_out: Side
    treated_rate: Interval
    held_out_rate: Interval
    difference: Interval
    ratio: Interval
    value_difference: Interval


NOTHING = Interval(None, None, None)


def lift(treated: Side, held_out: Side) -> Lift:
    one, other = (treated.goals, treated.people), (held_out.goals, held_out.people)
    return Lift(
        treated, held_out, rate_interval(*one), rate_interval(*other),
        difference_interval(*one, *other), ratio_interval(*one, *other),
        mean_difference_interval(treated, held_out),
    )  # fmt: skip


def rate_interval(goals: int, people: int) -> Interval:
    """Wilson's score interval; all of [0, 1] is possible where there is nobody."""
    if not people:
        return NOTHING
    return Interval(goals / people, *_wilson(goals, people))


def difference_interval(goals: int, people: int, other_goals: int, other_people: int) -> Interval:
    """Newcombe's hybrid score interval of the difference of two independent proportions."""
    if not people or not other_people:
        return NOTHING
    one, other = goals / people, other_goals / other_people
    low, high = _wilson(goals, people)
    other_low, other_high = _wilson(other_goals, other_people)
    difference = one - other
    return Interval(
        difference,
        difference - hypot(one - low, other_high - other),
        difference + hypot(high - one, other - other_low),
    )


def ratio_interval(goals: int, people: int, other_goals: int, other_people: int) -> Interval:
    """Koopman's score interval of the ratio of two proportions; open above without a goal in the
    other.
    """
    if not people or not other_people or not (goals or other_goals):
        return NOTHING
    one, other = goals / people, other_goals / other_people
    estimate = one / other if other else None

    def is_far(ratio: float) -> bool:
        return _koopman(goals, people, other_goals, other_people, ratio) > Z * Z

    middle = max(estimate or 0.0, 1 / people) if estimate is not None else _RATIO_MAX
    low = _border(is_far, 0.0, middle) if goals else 0.0
    high = _border(lambda ratio: not is_far(ratio), middle, _RATIO_MAX) if other_goals else None
    return Interval(estimate, low, high)


def mean_difference_interval(one: Side, other: Side) -> Interval:
    """Welch's interval of the difference of two means."""
    if one.mean is None or other.mean is None:
        return NOTHING
    difference = one.mean - other.mean
    if one.variance is None or other.variance is None:
        return Interval(difference, None, None)
    first, second = one.variance / one.people, other.variance / other.people
    if first + second == 0:
        return Interval(difference, difference, difference)
    freedom = (first + second) ** 2 / (first**2 / (one.people - 1) + second**2 / (other.people - 1))
    half = student_quantile(freedom) * sqrt(first + second)
    return Interval(difference, difference - half, difference + half)


def student_quantile(freedom: float) -> float:
    """The 97.5 % point of Student's t: to three digits from 5 degrees of freedom on."""
    z = Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def _wilson(goals: int, people: int) -> tuple[float, float]:
    rate, square = goals / people, Z * Z / people
    middle = (rate + square / 2) / (1 + square)
    half = Z * sqrt(rate * (1 - rate) / people + square / (4 * people)) / (1 + square)
    low = 0.0 if goals == 0 else middle - half  # exact where rounding would not be
    return low, 1.0 if goals == people else middle + half


def _koopman(goals: int, people: int, other_goals: int, other_people: int, ratio: float) -> float:
    """The score statistic of `ratio`: chi-squared with one degree of freedom if it is the true
    one. The proportions it is judged by are the likeliest of those that have this ratio.
    """
    a = (people + other_people) * ratio
    b = (people + other_goals) * ratio + goals + other_people
    c = goals + other_goals
    other = (b - sqrt(max(0.0, b * b - 4 * a * c))) / (2 * a)
    one = ratio * other
    if not 0 < one < 1:
        return 0.0 if goals in {0, people} else float("inf")
    far = (goals - people * one) ** 2 / (people * one * (1 - one))
    return far * (1 + people * (ratio - one) / (other_people * (1 - one)))


def _border(is_below: Callable[[float], bool], low: float, high: float) -> float:
    """Where `is_below` ends, between where it holds and where it does not."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if is_below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
