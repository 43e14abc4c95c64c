"""How long records have waited for the fold, and whether the door lets more in (collect C36)."""

from __future__ import annotations

from journeyfold.core.errors import Busy
from journeyfold.core.instant import human_duration
from journeyfold.core.ports import EventLog, StateStore
from journeyfold.project.standing import standing

RETRY_S = 30  # a fold that is behind by more than its limit does not catch up in a second


def oldest_us(log: EventLog, folded: int, now_us: int) -> int:
    """How long the oldest record behind offset `folded` has waited; 0 when there is none."""
    head, _ = log.head()
    if head <= folded:
        return 0
    (oldest,) = log.read(folded, 1)
    return max(0, now_us - oldest.appended_us)


class LagLimit:
    """`server.max_lag` of the project; `look` from time to time, `require` at each append.

    A state that is being built anew is no lag: the log takes records meanwhile.
    """

    def __init__(self, limit_us: int) -> None:
        self._limit_us = limit_us
        self._waited_us = 0

    def look(self, log: EventLog, state: StateStore | None, now_us: int) -> None:
        if not self._limit_us or state is None:
            self._waited_us = 0
            return
        with state.read() as reader:
            folded = standing(reader).offset
        self._waited_us = oldest_us(log, folded, now_us)

    def require(self) -> None:
        """Raises Busy while the fold is further behind than the project allows."""
        if self._waited_us > self._limit_us > 0:
            raise Busy(
                f"the fold is {human_duration(self._waited_us // 1_000_000 * 1_000_000)} behind, "
                f"more than max_lag ({human_duration(self._limit_us)}); try again",
                RETRY_S,
            )
