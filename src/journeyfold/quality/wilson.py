"""The Wilson score interval of a share (Wilson 1927), at 95 %."""

from __future__ import annotations

from math import sqrt

Z = 1.959963984540054


def interval(good: int, n: int) -> tuple[float, float]:
    """(low, high); (0, 1) where nothing was looked at."""
    if not n:
        return 0.0, 1.0
    share, spread = good / n, Z * Z / n
    middle = share + spread / 2
    half = Z * sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))
