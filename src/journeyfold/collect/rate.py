"""How much one key may send: token buckets on the monotonic clock (collect C36, REL-18, REL-19)."""

from __future__ import annotations

from math import ceil


class Rates:
    """One bucket a key. Only keys that exist get one, so memory is bounded by the key store."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}  # key id → (tokens, as of)

    def wait_s(self, key_id: str, items: int, rate: int, burst: int, now_s: float) -> int:
        """0 when `items` may pass now, and they are taken; else whole seconds to wait, 1 to 60.

        A request larger than the burst passes when the bucket is full: it can never be fuller.
        """
        tokens, as_of = self._buckets.get(key_id, (float(burst), now_s))
        tokens = min(float(burst), tokens + (now_s - as_of) * rate)
        wanted = min(items, burst)
        if tokens < wanted:
            self._buckets[key_id] = (tokens, now_s)
            return max(1, min(60, ceil((wanted - tokens) / rate)))
        self._buckets[key_id] = (tokens - items, now_s)
        return 0
