"""Counts and sums against a number: whether they pass it, and when time alone changes that (C19).

Both evaluators ask here, so `next` is one definition: exact for counts and for sums without
negative values, early but never late for the rest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from math import ceil, floor, ulp
from operator import eq, ge, gt, le, lt, ne

from journeyfold.core.aggregate import MICRO, NEVER, Aggregate, Days, Window
from journeyfold.core.aggregate_read import (
    counted,
    has_future,
    next_change,
    span,
    tiles,
    total_of,
)

Number = int | float
TESTS: dict[str, Callable[[Number, Number], bool]] = {
    ">=": ge, ">": gt, "<": lt, "<=": le, "==": eq, "!=": ne,
}  # fmt: skip
_WALK_MAX = 32  # departures a threshold of sums looks ahead; beyond, it asks to be woken early


def count_test(
    held: Aggregate | None, now_us: int, within_us: int, op: str, k: Number
) -> tuple[bool, int]:
    """`count(…) op k` and when it could flip: the (n-k+1)-th oldest point leaves (segments C19)."""
    if held is None:
        return TESTS[op](0, k), NEVER
    assert isinstance(held, Days)
    at = held.at
    i, j = bisect_right(at, now_us - within_us), bisect_right(at, now_us)
    n = j - i
    if held.tile or j < len(at):
        return _count_test_tiled(held, now_us, within_us, op, k)
    holds = TESTS[op](n, k)
    target = count_target(op, k, n, holds=holds)
    return holds, NEVER if target < 0 else at[i + n - target - 1] + within_us


def count_target(op: str, k: Number, n: int, *, holds: bool) -> int:
    """The count at which the answer flips while points only leave; -1 if it cannot."""
    if op in {"==", "!="}:
        if n == k:
            return n - 1
        return int(k) if k == floor(k) and 0 <= k < n else -1
    if holds != (op in {">=", ">"}):
        return -1
    return ceil(k) - 1 if op in {">=", "<"} else floor(k)


def _count_test_tiled(
    held: Aggregate, now_us: int, within_us: int, op: str, k: Number
) -> tuple[bool, int]:
    assert isinstance(held, Days)
    n = counted(held, now_us, within_us)
    holds = TESTS[op](n, k)
    if has_future(held, now_us):
        return holds, next_change(held, now_us, within_us)
    target = count_target(op, k, n, holds=holds)
    if target < 0:
        return holds, NEVER
    i, j = span(held, now_us, within_us)
    leaving = [(at, 1) for at in held.at[i:j]]
    leaving += [(tile.last_us, tile.n) for tile in tiles(held, now_us, within_us)]
    for at, count in sorted(leaving):
        n -= count
        if n <= target:
            return holds, at + within_us
    raise AssertionError("a window that is left by all its points is empty")


def sum_test(
    held: Aggregate | None, now_us: int, within_us: int, op: str, k: Number
) -> tuple[bool, int]:
    """`sum(…) op k` and when it could flip, looking ahead over the next departures."""
    if held is None:
        return TESTS[op](0.0, k), NEVER
    assert isinstance(held, Days)
    test = TESTS[op]
    if held.tile or has_future(held, now_us):
        value = total_of(held, now_us, within_us)
        return test(value, k), next_change(held, now_us, within_us)
    points = summed(held, span(held, now_us, within_us)[0])
    return test(points[2] / MICRO, k), sum_due(points, within_us, op, k)


Points = tuple[list[int], list[int], int, int, int]
"""Points to the end of a window: instants, values from the first on, total, least, position."""


def summed(days: Window, start: int) -> Points:
    values: list[int] = days.value[start:]  # type: ignore[assignment]  # sums are of numbers
    return days.at, values, sum(values), min(values, default=0), start


def sum_due(points: Points, within_us: int, op: str, k: Number) -> int:
    """When points that leave make `total op k` flip.

    Without negative values a sum only falls, so the flip is the first departure that takes it
    below the border; else the next departures are looked at one by one.
    """
    at, values, total, least, start = points
    if op in {"==", "!="} or least < 0:
        return _walked(points, within_us, op, k)
    border = border_micros(k, reached=op in {">=", "<"})
    if total < border or border <= 0:
        return NEVER
    return at[start + bisect_right(list(accumulate(values)), total - border)] + within_us


@lru_cache(maxsize=4096)
def border_micros(k: Number, *, reached: bool) -> int:
    """The least sum in micro-units that is >= k (`reached`) or > k, read as a float."""
    test = ge if reached else gt
    width = 4 + 2 * int(ulp(float(k)) * MICRO)
    low, high = int(k * MICRO) - width, int(k * MICRO) + width
    while high - low > 1:
        middle = (low + high) // 2
        if test(middle / MICRO, k):
            high = middle
        else:
            low = middle
    return high


def _walked(points: Points, within_us: int, op: str, k: Number) -> int:
    at, values, total, _least, start = points
    test = TESTS[op]
    holds = test(total / MICRO, k)
    for index, value in enumerate(values[:_WALK_MAX]):
        total -= value
        moment = at[start + index]
        if index + 1 < len(values) and at[start + index + 1] == moment:
            continue
        if test(total / MICRO, k) != holds:
            return moment + within_us
    return NEVER if len(values) <= _WALK_MAX else at[start + _WALK_MAX - 1] + within_us
