"""What this process has just decided and nobody has seen yet: it counts in the caps for 60 s.

Across processes overshoot is bounded by the decisions in flight (decisions D4).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from journeyfold.core.instant import SECOND_US
from journeyfold.core.profile import Contact

HELD_US = 60 * SECOND_US
PEOPLE_MAX = 50_000


class Reservations:
    """By unit, oldest first; forgets by time and, beyond 50,000 people, by age."""

    def __init__(self, people_max: int = PEOPLE_MAX) -> None:
        self._people_max = people_max
        self._held: OrderedDict[str, list[Contact]] = OrderedDict()

    def of(self, unit: str, now_us: int) -> tuple[Contact, ...]:
        held = self._held.get(unit, ())
        return tuple(each for each in held if now_us - HELD_US < each.at_us)

    def hold(self, unit: str, contacts: Iterable[Contact], now_us: int) -> None:
        new = list(contacts)
        if not new:
            return
        self._held[unit] = [*self.of(unit, now_us), *new]
        self._held.move_to_end(unit)
        self._forget(now_us)

    def _forget(self, now_us: int) -> None:
        while self._held:
            oldest = next(iter(self._held.values()))
            if len(self._held) <= self._people_max and now_us - HELD_US < oldest[-1].at_us:
                return
            self._held.popitem(last=False)
