"""Leave a destination alone that does not answer (journeys A5). Pure: instants are arguments.

Closed, it counts. It opens at half of at least 20 calls failed within 30 s, or after five in a row
that reached nobody; open, it holds rows and burns no attempt. After 30 s one probe may go, and each
probe that fails doubles the wait, up to ten minutes.
"""

from __future__ import annotations

from collections import deque
from typing import Literal, TypeAlias

from journeyfold.core.instant import MINUTE_US, SECOND_US

BreakerState: TypeAlias = Literal["closed", "open", "half-open"]
WINDOW_US = 30 * SECOND_US
CALLS_MIN, UNREACHED_MAX = 20, 5
OPEN_US, OPEN_MAX_US = 30 * SECOND_US, 10 * MINUTE_US


class Breaker:
    """Of one destination; not for more than one thread."""

    def __init__(self) -> None:
        self._calls: deque[tuple[int, bool]] = deque()
        self._failed = self._unreached = 0
        self._open_us = OPEN_US
        self.until_us = 0  # when an open one lets a probe go
        self._is_probing = False

    def state(self, now_us: int) -> BreakerState:
        if not self.until_us:
            return "closed"
        return "half-open" if self._is_probing or now_us >= self.until_us else "open"

    def room(self, now_us: int, wanted: int) -> int:
        """How many calls may begin now."""
        match self.state(now_us):
            case "closed":
                return wanted
            case "half-open":
                return 0 if self._is_probing else min(wanted, 1)
            case "open":
                return 0

    def begin(self, now_us: int) -> bool:
        """May a call begin? A half-open one takes the first for its probe."""
        state = self.state(now_us)
        if state == "closed":
            return True
        if state == "open" or self._is_probing:
            return False
        self._is_probing = True
        return True

    def forgo(self) -> None:
        """The call that began was not made: nobody learnt anything."""
        self._is_probing = False

    def end(self, now_us: int, *, failed: bool, unreached: bool = False) -> None:
        """What became of a call. Late answers of calls from before it opened say nothing new."""
        if self.until_us:
            if self._is_probing:
                self._is_probing = False
                self._probed(now_us, failed=failed)
            return
        self._calls.append((now_us, failed))
        self._failed += failed
        self._unreached = self._unreached + 1 if unreached else 0
        while self._calls and self._calls[0][0] <= now_us - WINDOW_US:
            self._failed -= self._calls.popleft()[1]
        many = len(self._calls) >= CALLS_MIN and 2 * self._failed >= len(self._calls)
        if many or self._unreached >= UNREACHED_MAX:
            self._open(now_us)

    def close(self) -> None:
        """By hand, or because a probe got through."""
        self._calls.clear()
        self._failed = self._unreached = self.until_us = 0
        self._open_us, self._is_probing = OPEN_US, False

    def _probed(self, now_us: int, *, failed: bool) -> None:
        if failed:
            self._open_us = min(2 * self._open_us, OPEN_MAX_US)
            self._open(now_us)
        else:
            self.close()

    def _open(self, now_us: int) -> None:
        self._calls.clear()
        self._failed = self._unreached = 0
        self.until_us = now_us + self._open_us
