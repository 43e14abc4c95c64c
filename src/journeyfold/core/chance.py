"""Chance without randomness: a keyed hash of what is decided about (decisions R8).

The same purpose, salt and unit give the same number in every process, for ever; different
purposes never share a draw.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Literal

Purpose = Literal["assign", "explore", "bandit", "holdout", "sample", "jitter"]


def draw_64(purpose: Purpose, salt: str, unit: str) -> int:
    """A 64-bit integer from BLAKE2b over length-prefixed parts (no two inputs run together)."""
    digest = blake2b(digest_size=8)
    for part in (purpose, salt, unit):
        raw = part.encode()
        digest.update(len(raw).to_bytes(4, "big"))
        digest.update(raw)
    return int.from_bytes(digest.digest(), "big")


def uniform(purpose: Purpose, salt: str, unit: str) -> float:
    """A float in [0, 1) with 53 bits."""
    return (draw_64(purpose, salt, unit) >> 11) * 2.0**-53


def bucket(salt: str, unit: str, buckets: int = 10_000) -> int:
    """0 … buckets-1 by integer multiply-shift (decisions E1): no float rounding at the borders."""
    return (draw_64("assign", salt, unit) * buckets) >> 64
