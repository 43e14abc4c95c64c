"""How much one key may send: token buckets on the monotonic clock (collect C36, REL-18, REL-19).

A refusal is a promise: the tokens of a request that was told to come again are kept for it until
it does, so a client with many requests under way is refused each of them once, not until it gives
up. Who comes early is told the rest of the wait; who does not come loses the place.
"""

from __future__ import annotations

from math import ceil

WAIT_MAX_S = 60
KEPT_S = 15.0  # after the wait: clients add some seconds by chance, so as not to come together
PLACES_MAX = 1_000  # of one key; further ones are refused without a promise
NAME_MAX = 100  # characters of what names a request


class Rates:
    """One bucket a key. Only keys that exist get one, so memory is bounded by the key store."""

    def __init__(self) -> None:
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(
        self, key_id: str, items: int, rate: int, burst: int, now_s: float, request: object = ""
    ) -> int:
        """0 when `items` may pass now, and they are taken; else whole seconds to wait, 1 to 60.

        `request` names the request, the same when it comes again: its first message's id will do;
        without one nothing is kept for it. A request larger than the burst passes when the bucket
        is full: it can never be fuller.
        """
        bucket = self._buckets.get(key_id)
        if bucket is None:
            bucket = self._buckets[key_id] = _Bucket(burst, now_s)
        has_name = isinstance(request, str) and 0 < len(request) <= NAME_MAX
        return bucket.wait_s(items, rate, burst, now_s, str(request) if has_name else "")


class _Bucket:
    """Tokens, below zero while places are kept; and the places in the order they fall due."""

    def __init__(self, burst: int, now_s: float) -> None:
        self._tokens, self._as_of = float(burst), now_s
        self._places: dict[str, tuple[float, int]] = {}  # request → (due, items)

    def wait_s(self, items: int, rate: int, burst: int, now_s: float, request: str) -> int:
        self._give_back(now_s)
        self._tokens = min(float(burst), self._tokens + (now_s - self._as_of) * rate)
        self._as_of = now_s
        place = self._places.get(request)
        if place is not None and place[1] == items:
            if place[0] > now_s:
                return _whole(place[0] - now_s)
            del self._places[request]
            return 0
        wanted = min(items, burst)
        if self._tokens >= wanted:
            self._tokens -= items
            return 0
        left_s = (wanted - self._tokens) / rate
        if request and left_s <= WAIT_MAX_S and place is None and len(self._places) < PLACES_MAX:
            self._places[request] = (now_s + left_s, items)
            self._tokens -= items
        return _whole(left_s)

    def _give_back(self, now_s: float) -> None:
        """The tokens of those who did not come."""
        while self._places:
            request = next(iter(self._places))
            due_s, items = self._places[request]
            if due_s + KEPT_S > now_s:
                return
            del self._places[request]
            self._tokens += items


def _whole(seconds: float) -> int:
    return max(1, min(WAIT_MAX_S, ceil(seconds)))
