"""One destination's own lane: its threads, its rate and its breaker (journeys A5).

The dispatcher gives it rows it has leased; its threads look at each person once more, write the
parcel and hand it over. Nothing here waits for another destination, so one that is slow, or gone,
delays no other.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from journeyfold.activate.breaker import Breaker
from journeyfold.activate.bucket import Bucket
from journeyfold.activate.destination import Destination, Destined, Outcome, Parcel
from journeyfold.activate.lane_figures import LaneFigures
from journeyfold.activate.outbox import Row, delivery_of
from journeyfold.adapters.faults import point
from journeyfold.core.errors import JourneyfoldError, UsageError
from journeyfold.runtime.prepare import Broken, Hold, Skip

STORE_S = 0.5  # before what a store did not answer is asked again
AHEAD_US = 100_000  # of work a thread may have waiting, so that it need not wait for a commit
AHEAD_MIN, AHEAD_MAX = 2, 64  # calls

MISSING = "secret"  # the reply of a destination that could not be opened for want of one

Ready: TypeAlias = "Parcel | Skip | Hold | Broken"


class Tried(NamedTuple):
    """What became of one leased row. `outcome` is None where nothing was tried."""

    row: Row
    prepared: Ready | None
    outcome: Outcome | None
    at_us: int = 0
    latency_us: int = 0


class Prepares(Protocol):
    def __call__(self, rows: Sequence[Row], destined: Destined) -> list[Ready]: ...


class Lane:
    """`give` it leased rows; `done` is called from its threads with what became of them."""

    def __init__(
        self,
        name: str,
        destined: Destined,
        opened: Callable[[], Destination],
        prepare: Prepares,
        now_us: Callable[[], int],
        done: Callable[[list[Tried] | Exception], None],
    ) -> None:
        self.name, self.destined = name, destined
        self._open, self._prepare, self._now_us, self._done = opened, prepare, now_us, done
        rate = destined.rate
        self.concurrency = rate.concurrency
        self._bucket = Bucket(rate.per_second, rate.burst)
        self.breaker = Breaker()
        self._figures = LaneFigures(name)
        self._lock = threading.Lock()  # of the two and of what is below
        self._queue: queue.SimpleQueue[list[Row] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._destination: Destination | None = None
        self.calls_given = 0
        self._unsettled = self._unsettled_once = 0  # rows; only the dispatcher's thread counts
        self._working = 0  # threads
        self._usual_us = 10_000  # what a call takes, the last ones counting most
        self._is_shut = False
        self._is_stopping = False

    def room(self, now_us: int) -> int:
        """How many calls it could be given now."""
        with self._lock:
            free = self.breaker.room(now_us, max(0, self._free()))
            if self.breaker.until_us and self.calls_given:  # the probe is on its way
                return 0
            return self._bucket.room(now_us, free)

    def next_us(self, now_us: int) -> int | None:
        """When there is room; None when only an answer can make some."""
        with self._lock:
            if self.breaker.state(now_us) == "open":
                return self.breaker.until_us
            is_full = self._free() <= 0
            is_probing = self.breaker.until_us and self.calls_given
            if is_full or is_probing or not self.breaker.room(now_us, 1):
                return None
            return self._bucket.next_us(now_us)

    def once_room(self) -> int:
        """How many rows may be leased that must not go twice: one a connection (journeys A2)."""
        return self.concurrency * self.destined.batch - self._unsettled_once

    def figures_at(self, now_us: int) -> LaneFigures:
        with self._lock:
            figures = self._figures
            figures.breaker, figures.until_us = self.breaker.state(now_us), self.breaker.until_us
            figures.under_way = self._unsettled
            return msgspec.structs.replace(
                figures, attempts={**figures.attempts}, latency=[*figures.latency]
            )

    def settled(self, row: Row) -> None:
        """What became of it is committed."""
        self._unsettled -= 1
        self._unsettled_once -= self.is_once(row)

    def _free(self) -> int:
        """Calls that may be on their way besides those that are. Whoever takes messages and knows
        no ids gets the next one when the one before is written down: at most one of a connection
        goes twice after a crash. Others have some ahead, so that no thread waits for a commit.
        """
        if self.destined.channel:
            return self.concurrency - -(-self._unsettled // self.destined.batch)
        ahead = min(max(AHEAD_US // max(self._usual_us, 1), AHEAD_MIN), AHEAD_MAX)
        return self.concurrency * ahead - self.calls_given

    def give(self, rows: Sequence[Row], now_us: int) -> None:
        """Leased rows, in calls of at most the destination's batch."""
        size = self.destined.batch
        calls = [list(rows[at : at + size]) for at in range(0, len(rows), size)]
        with self._lock:
            self._bucket.take(now_us, len(calls))
            self.calls_given += len(calls)
        self._unsettled += len(rows)
        self._unsettled_once += sum(map(self.is_once, rows))
        while self._working < min(self.concurrency, self.calls_given):
            self._working += 1
            thread = threading.Thread(
                target=self._work, name=f"{self.name}-{len(self._threads)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        for call in calls:
            self._queue.put(call)

    def is_once(self, row: Row) -> bool:
        return delivery_of(row.deliver, self.destined.delivery) == "at_most_once"

    def shut(self) -> None:
        """What waits here is answered as not sent; a destination that is mended gets a new lane."""
        self._is_shut = True

    def stop(self) -> None:
        """Rows that wait are answered as not sent; the destination is closed after the last call."""
        self._is_stopping = True
        for _ in self._threads:
            self._queue.put(None)

    def join(self, within_s: float) -> None:
        """Calls under way have so long to end."""
        until_s = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))

    @property
    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        while (rows := self._queue.get()) is not None:
            try:
                tried = self._call(rows)
            except Exception as failure:  # noqa: BLE001 - raised again where the process can end
                self._done(failure)
                return
            with self._lock:
                self.calls_given -= 1
            self._done(tried)
        with self._lock:
            self._working -= 1
            is_last = self._working == 0
        if is_last and self._destination is not None:
            self._destination.close()

    def _call(self, rows: list[Row]) -> list[Tried]:
        if self._is_stopping or self._is_shut or not self._begins():
            return [Tried(row, None, None) for row in rows]
        try:
            prepared = self._prepare(rows, self.destined)
        except JourneyfoldError:  # a store that does not answer just now: they wait for it
            self._ends([], 0)
            time.sleep(STORE_S)
            return [Tried(row, None, None) for row in rows]
        parcels = [each for each in prepared if isinstance(each, Parcel)]
        at_us, started_ns = self._now_us(), time.monotonic_ns()
        outcomes = self._delivered(parcels) if parcels else []
        latency_us = (time.monotonic_ns() - started_ns) // 1000
        self._ends(outcomes, latency_us)
        told = iter(outcomes)
        return [
            Tried(row, each, next(told), at_us, latency_us)
            if isinstance(each, Parcel)
            else Tried(row, each, None, at_us)
            for row, each in zip(rows, prepared, strict=True)
        ]

    def _delivered(self, parcels: list[Parcel]) -> list[Outcome]:
        try:
            destination = self._opened()
        except UsageError as error:
            return [Outcome("paused", str(error), reply=MISSING)] * len(parcels)
        except Exception as error:  # noqa: BLE001 - whatever is wrong there, its rows wait
            told = f"it could not be opened: {type(error).__name__}: {error}"
            return [Outcome("retry", told, is_unreached=True)] * len(parcels)
        point("before_send")
        try:
            outcomes = destination.deliver(parcels)
            assert len(outcomes) == len(parcels), f"{len(outcomes)} answers for {len(parcels)}"
        except Exception as error:  # noqa: BLE001 - whatever a destination does wrong is its rows'
            told = f"the destination failed: {type(error).__name__}: {error}"
            return [Outcome("unknown", told)] * len(parcels)
        point("after_send_before_result")
        return outcomes

    def _opened(self) -> Destination:
        with self._lock:
            if self._destination is None:
                self._destination = self._open()
            return self._destination

    def _begins(self) -> bool:
        with self._lock:
            return self.breaker.begin(self._now_us())

    def _ends(self, outcomes: Sequence[Outcome], latency_us: int) -> None:
        with self._lock:
            if outcomes:
                self._usual_us += (latency_us - self._usual_us) // 8
            for each in outcomes:
                self._figures.count(each.status, latency_us)
                self._is_shut |= each.status in {"paused", "disabled"}
                if each.status != "sent":
                    self._figures.problem = each.reason[:500]
            if not outcomes:
                self.breaker.forgo()
                return
            failed = all(each.status in {"retry", "unknown"} for each in outcomes)
            unreached = all(each.is_unreached for each in outcomes)
            self.breaker.end(self._now_us(), failed=failed, unreached=failed and unreached)
