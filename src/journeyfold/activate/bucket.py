"""So many a second and no more, with a burst (journeys A5). Pure: instants are arguments."""

from __future__ import annotations

from journeyfold.core.instant import SECOND_US


class Bucket:
    """A token bucket; without a rate it is never empty. Tokens are counted in microseconds of
    waiting, so nothing is lost to rounding.
    """

    def __init__(self, per_second: float | None, burst: int | None = None) -> None:
        self._cost_us = SECOND_US / per_second if per_second else 0.0
        size = burst or max(1, int(per_second or 1))
        self._full_us = size * self._cost_us
        self._held_us, self._as_of_us = self._full_us, 0

    def room(self, now_us: int, wanted: int) -> int:
        """How many of so many there is a token for; takes none."""
        self._fill(now_us)
        return min(wanted, int(self._held_us // self._cost_us)) if self._cost_us else wanted

    def take(self, now_us: int, number: int = 1) -> None:
        self._fill(now_us)
        self._held_us -= number * self._cost_us

    def next_us(self, now_us: int) -> int:
        """When the next token is there."""
        self._fill(now_us)
        return now_us + max(0, int(self._cost_us - self._held_us) + 1) if self._cost_us else now_us

    def _fill(self, now_us: int) -> None:
        """A clock that went back fills nothing until it is where it was: `as_of` follows it."""
        passed_us = max(0, now_us - self._as_of_us) if self._as_of_us else 0
        self._held_us = min(self._full_us, self._held_us + passed_us)
        self._as_of_us = now_us
