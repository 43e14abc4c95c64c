"""Group commit: many requests, one transaction, one sync (trust REL-3, REL-19).

Requests submit from their event loops, which encode and seal what they made; one thread takes the
queue when it holds enough records or the loop has nothing more at hand, appends it in one
transaction and wakes each loop once. A submission is never split. What the queue has no room for is
refused, what it took is answered.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from journeyfold.core.errors import Busy, EngineError
from journeyfold.core.ports import Clock, Entry, Fate, Held

GROUP_RECORDS, GROUP_BYTES = 512, 2**20  # enough to go; a waiting queue goes in groups of two
QUEUE_RECORDS, QUEUE_BYTES = 10_000, 32 * 2**20
LINGER_S = 0.04  # at most: a loop with nothing more at hand lets its group go at once
USUAL_BYTES = 1_024  # of an item whose sender does not say

D = TypeVar("D")


class DraftingLog(Protocol[D]):
    """An `EventLog` whose append comes in two: what needs no lock, and the rest."""

    def drafts(self, items: Sequence[Entry | Held]) -> list[D]: ...

    def append_drafts(
        self,
        drafts: Sequence[D],
        *,
        now_us: int,
        rejected: Iterable[tuple[str, int]] = (),
        replayed: Sequence[int] = (),
    ) -> list[Fate]: ...


class _Submission(NamedTuple, Generic[D]):
    drafts: Sequence[D]
    rejected: Sequence[tuple[str, int]]
    replayed: Sequence[int]
    bytes: int
    since_s: float
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[list[Fate]]


class Appender(Generic[D]):
    """Owns one thread from construction to `close`.

    `on_commit` gets the last offset appended, `on_failure` the error after which nothing more is
    taken (trust REL-16: the process must end), `observe_commit_s` the seconds of each commit; all
    three are called in the appender's thread.
    """

    def __init__(
        self,
        log: DraftingLog[D],
        clock: Clock,
        *,
        linger_s: float = LINGER_S,
        on_commit: Callable[[int], None] | None = None,
        on_failure: Callable[[EngineError], None] | None = None,
        observe_commit_s: Callable[[float], None] | None = None,
    ) -> None:
        self._log = log
        self._clock = clock
        self._linger_s = linger_s
        self._on_commit = on_commit
        self._on_failure = on_failure
        self._observe_commit_s = observe_commit_s
        self._changed = threading.Condition()
        self._queue: deque[_Submission[D]] = deque()
        self._queued_records = self._queued_bytes = 0
        self._submissions = 0
        self._is_due = False
        self._failure: EngineError | None = None
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name="appender", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Records that are not answered yet."""
        return self._queued_records

    def submit(
        self,
        items: Sequence[Entry | Held],
        rejected: Iterable[tuple[str, int]] = (),
        *,
        replayed: Sequence[int] = (),
        size_bytes: int | None = None,
    ) -> asyncio.Future[list[Fate]]:
        """The fates of one request, after the commit; call it from a running event loop.

        `size_bytes` is what the items take, about: the request's body will do. Raises Busy when
        the queue is full, EngineError once the log has failed. An item that cannot be encoded
        fails the future. Cancelling the future does not take the request back.
        """
        loop = asyncio.get_running_loop()
        size = USUAL_BYTES * len(items) if size_bytes is None else size_bytes
        with self._changed:
            self._require_room(len(items), size)
        future: asyncio.Future[list[Fate]] = loop.create_future()
        try:
            drafts = self._log.drafts(items)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, its sender hears it
            future.set_exception(error)
            return future
        added = _Submission(drafts, tuple(rejected), replayed, size, time.monotonic(), loop, future)
        with self._changed:
            was_enough = self._is_enough()
            is_first = not self._queue
            self._queue.append(added)
            self._submissions += 1
            self._queued_records += len(drafts)
            self._queued_bytes += size
            if is_first or (self._is_enough() and not was_enough):
                self._changed.notify()
        if is_first:
            loop.call_soon(self._go, loop, self._submissions)
        return future

    def close(self) -> None:
        """Append what was taken, answer it, end the thread. Twice is once."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join()

    def _go(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        """One more turn of the loop: has it brought a submission, or is nothing more at hand?"""
        with self._changed:
            is_due = self._submissions == seen
            if is_due:
                self._is_due = True
                self._changed.notify()
        if not is_due:
            loop.call_soon(self._go, loop, self._submissions)

    def _require_room(self, records: int, size: int) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_closing:
            raise Busy("this process is stopping; try again")
        if not self._queued_records:
            return  # one request always fits: the door has its own limits
        over = self._queued_records + records > QUEUE_RECORDS
        if over or self._queued_bytes + size > QUEUE_BYTES:
            raise Busy(f"{self._queued_records} records wait to be written; try again")

    def _is_enough(self) -> bool:
        return self._queued_records >= GROUP_RECORDS or self._queued_bytes >= GROUP_BYTES

    def _run(self) -> None:
        while group := self._next_group():
            self._append(group)

    def _next_group(self) -> list[_Submission[D]]:
        """Wait for enough, for the loop's word or for the linger of the oldest; empty when closed
        and done.
        """
        with self._changed:
            while not self._queue and not self._is_closing:
                self._changed.wait()
            while self._queue and not (self._is_closing or self._is_due or self._is_enough()):
                left_s = self._queue[0].since_s + self._linger_s - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            group: list[_Submission[D]] = []
            records = size = 0
            while self._queue and records < 2 * GROUP_RECORDS and size < 2 * GROUP_BYTES:
                group.append(self._queue.popleft())
                records += len(group[-1].drafts)
                size += group[-1].bytes
            self._is_due = bool(self._queue)
            return group

    def _append(self, group: Sequence[_Submission[D]]) -> None:
        if self._failure is not None:
            self._release(group, self._failure)
            return
        started_s = time.monotonic()
        try:
            fates = self._log.append_drafts(
                [draft for each in group for draft in each.drafts],
                now_us=self._clock.now_us(),
                rejected=[pair for each in group for pair in each.rejected],
                replayed=[row for each in group for row in each.replayed],
            )
        except EngineError as error:
            self._failure = error
            self._release(group, error)
            if self._on_failure is not None:
                self._on_failure(error)
        except Busy as error:
            self._release(group, error)
        except Exception as error:  # noqa: BLE001 - one bad request must not fail its neighbours
            if len(group) == 1:
                self._release(group, error)
                return
            for each in group:
                self._append([each])
        else:
            if self._observe_commit_s is not None:
                self._observe_commit_s(time.monotonic() - started_s)
            self._release(group, fates)
            self._tell(fates)

    def _release(self, group: Sequence[_Submission[D]], outcome: list[Fate] | Exception) -> None:
        """Room first, then the answers: whoever has been answered may send at once."""
        with self._changed:
            self._queued_records -= sum(len(each.drafts) for each in group)
            self._queued_bytes -= sum(each.bytes for each in group)
        _answer(group, outcome)

    def _tell(self, fates: Iterable[Fate]) -> None:
        head = max((fate.offset for fate in fates if fate.fate == "appended"), default=-1)
        if head >= 0 and self._on_commit is not None:
            self._on_commit(head)


def _answer(group: Sequence[_Submission[D]], outcome: list[Fate] | Exception) -> None:
    """Wake each loop once, with all its answers."""
    answers: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[list[Fate]], object]]] = {}
    at = 0
    for each in group:
        part = outcome if isinstance(outcome, Exception) else outcome[at : at + len(each.drafts)]
        at += len(each.drafts)
        answers.setdefault(each.loop, []).append((each.future, part))
    for loop, pairs in answers.items():
        # A loop that has ended has nobody left to tell.
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, pairs)


def _settle(pairs: Sequence[tuple[asyncio.Future[list[Fate]], object]]) -> None:
    for future, outcome in pairs:
        if future.done():  # the client has gone: cancelled
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        elif isinstance(outcome, list):
            future.set_result(outcome)
