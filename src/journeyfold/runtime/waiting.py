"""Which rows wait for which destination, by when they are due; bounded, and a part of what is
committed.

The state is the queue, and this is where to look in it. A destination that is behind has the rows
that are due first in memory and the others found when those are gone.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from journeyfold.activate.outbox import Row, delivery_of
from journeyfold.core.effect import Deliver
from journeyfold.core.instant import SECOND_US
from journeyfold.runtime.lane import Lane
from journeyfold.runtime.lanes import Lanes

WAITING_MAX = 20_000  # rows of a queue held in memory
LOOK_US = 5 * SECOND_US  # between looks for what was left out: each reads every row
CLAIM_MAX = 1_000  # rows a turn and queue


class Due(NamedTuple):
    """A row that waits; `is_fresh` when the fold has just made it."""

    next_us: int
    key: str
    turn: int  # its round
    is_fresh: bool


class Queue(NamedTuple):
    """A destination, and whether its rows must not go twice: those are leased one a connection."""

    destination: str
    is_once: bool


class Chosen:
    """Rows of one queue that are due and have room: those the log knows, and those leased."""

    def __init__(self, of: Queue, lane: Lane, dues: list[Due]) -> None:
        self.of, self.lane, self.dues = of, lane, dues
        self.known: set[str] = set()
        self.rows: list[Row] = []


class Waiting:
    """Only for the dispatcher's thread."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._queues: dict[Queue, list[Due]] = {}
        self._cut: set[Queue] = set()  # of which some are not here
        self._looked_us = 0
        self._version = ""

    def begin(self, rows: Iterable[Row], now_us: int) -> None:
        """Anew from what is committed."""
        self._queues, self._cut = {}, set()
        self._looked_us, self._version = now_us, self._lanes.version()
        for row in rows:
            self.add_row(row)

    def add_row(self, row: Row) -> None:
        self.add(row.deliver, row.next_us, row.round, is_fresh=False)

    def add(self, deliver: Deliver, next_us: int, turn: int, *, is_fresh: bool) -> None:
        queue = self._queue_of(deliver)
        dues = self._queues.setdefault(queue, [])
        heapq.heappush(dues, Due(next_us, deliver.key, turn, is_fresh))
        if len(dues) >= 2 * WAITING_MAX:  # the later half is found again
            self._queues[queue] = heapq.nsmallest(WAITING_MAX, dues)  # sorted: a heap
            self._cut.add(queue)

    def is_of_another_version(self) -> bool:
        """Other destinations hold than those the rows were sorted by."""
        return self._lanes.version() != self._version

    def wants_a_look(self, now_us: int) -> bool:
        """A queue that was cut has nothing due left."""
        if not self._cut or now_us - self._looked_us < LOOK_US:
            return False
        return any(
            not (dues := self._queues[queue]) or dues[0].next_us > now_us for queue in self._cut
        )

    def choose(self, now_us: int) -> list[Chosen]:
        found: list[Chosen] = []
        for queue, dues in self._queues.items():
            if not dues or dues[0].next_us > now_us:
                continue
            lane = self._lanes.get(queue.destination)
            room = self._room(queue, lane, now_us) if lane is not None else 0
            room -= sum(len(each.dues) for each in found if each.lane is lane)
            taken: list[Due] = []
            while room > 0 and dues and dues[0].next_us <= now_us:
                taken.append(heapq.heappop(dues))
                room -= 1
            if taken:
                assert lane is not None, "without a lane there is no room"
                found.append(Chosen(queue, lane, taken))
        return found

    def put_back(self, chosen: Sequence[Chosen]) -> None:
        for each in chosen:
            for due in each.dues:
                heapq.heappush(self._queues[each.of], due)

    def next_us(self, now_us: int) -> int | None:
        """When something here may go; None while only an answer can make room."""
        soonest: int | None = None
        for queue, dues in self._queues.items():
            lane = self._lanes.get(queue.destination) if dues else None
            if lane is None or (queue.is_once and lane.once_room() <= 0):
                continue
            room_us = lane.next_us(now_us)
            if room_us is not None:
                at_us = max(dues[0].next_us, room_us)
                soonest = at_us if soonest is None else min(soonest, at_us)
        return soonest

    def _room(self, queue: Queue, lane: Lane, now_us: int) -> int:
        room = min(lane.room(now_us) * lane.destined.batch, CLAIM_MAX)
        return min(room, lane.once_room()) if queue.is_once else room

    def _queue_of(self, deliver: Deliver) -> Queue:
        name = self._lanes.name_for(deliver)
        destined = self._lanes.destined(name)
        usual = destined.delivery if destined is not None else "at_least_once"
        return Queue(name, delivery_of(deliver, usual) == "at_most_once")
