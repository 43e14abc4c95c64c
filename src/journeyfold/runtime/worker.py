"""`work`: the one writer of the state. Fold, let time pass, fill new features, deliver.

The loop takes what is there, in bounded pieces, and sleeps at most 20 ms; a tap from `serve` ends
the sleep early. Everything it does is a record or is derived from records, so it may be killed at
any point.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from journeyfold.adapters.faults import point
from journeyfold.core.effect import Deliver
from journeyfold.core.errors import Busy
from journeyfold.core.ports import StateStore
from journeyfold.project.compile import PUSH
from journeyfold.runtime import outbox
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.notify import Listener, Notifier
from journeyfold.runtime.schedule import Schedule

BATCH = 500
LAGGING = 4_000  # records a commit when there is a backlog: a person's profile is written once
BACKFILL_PIECE = 2_000
POLL_S = 0.02
TICK_S = 0.1  # a due wake waits at most this long
FULL_S = 1.0  # between tries while the disk is full: work resumes soon after space is freed
PUSH_MAX_AGE_US = 600_000_000  # decisions W4: an older trigger is dropped with a reason


class Dispatch(Protocol):
    """What sends messages, in a thread of its own (`runtime.dispatch`)."""

    def fresh(self, delivers: Sequence[Deliver]) -> None: ...

    def look_again(self) -> None: ...


class Push(msgspec.Struct, frozen=True):
    """What `work` tells `serve`: this person's page should decide that placement."""

    person: str
    placement: str
    entered_us: int
    key: str


class Worker:
    """`run` until `stop`; `require_health` raises when something beside the fold has failed."""

    def __init__(
        self,
        loop: FoldLoop,
        state: StateStore,
        schedule: Schedule,
        listener: Listener,
        pages: Notifier,
        dispatch: Dispatch,
        require_health: Callable[[], None],
        report: Callable[[str], None] = lambda _text: None,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._loop, self._state, self._schedule = loop, state, schedule
        self._listener, self._pages, self._require_health = listener, pages, require_health
        self._report, self._is_over, self._dispatch = report, is_over, dispatch
        self._next_tick_s = 0.0
        self._limit = BATCH
        self._commands = 0

    def run(self, stop: threading.Event) -> None:
        """A store without room is waited for (REL-17); other errors end the process."""
        problem = ""
        while not stop.is_set() and not self._is_over():
            try:
                self._loop.reopen()
                self._push(self._left_over())
                if problem:
                    self._dispatch.look_again()  # a batch may be committed and not handed over
                    self._report("goes on")
                self._run(stop)
                return
            except Busy as busy:
                if str(busy) != problem:
                    self._report(f"waits: {busy}")
                problem = str(busy)
                stop.wait(FULL_S)

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set() and not self._is_over():
            if not self.step():
                self._listener.wait(POLL_S)

    def step(self) -> bool:
        """One bounded piece of work; False when there was nothing to do."""
        self._pass_time()
        is_late = self._loop.is_late
        folded, delivers = self._loop.batch(LAGGING if is_late else self._limit, beside=is_late)
        self._hand_over(delivers)
        self._state.trim()
        if is_late:
            self._require_health()
            return True
        if folded == self._limit:
            self._limit = min(2 * self._limit, LAGGING)
            return True
        self._limit = BATCH
        filled = self._fill()
        self._require_health()
        self._schedule.run(self._loop)
        return bool(folded) or filled

    def _pass_time(self) -> None:
        now_s = time.monotonic()
        if now_s >= self._next_tick_s:
            self._loop.tick()
            self._next_tick_s = now_s if self._loop.is_late else now_s + TICK_S

    def _fill(self) -> bool:
        if not self._loop.engine.definitions.standing.builds:
            return False
        self._loop.backfill(BACKFILL_PIECE)
        return True

    def _left_over(self) -> list[Deliver]:
        """Pushes; what else lies there the dispatcher finds itself."""
        with self._state.read() as reader:
            delivers = [row.deliver for row in outbox.rows(reader)]
        return [each for each in delivers if each.destination == PUSH]

    def _hand_over(self, delivers: Sequence[Deliver]) -> None:
        """What is committed: pushes here and now, everything else by the dispatcher."""
        self._dispatch.fresh([each for each in delivers if each.destination != PUSH])
        if self._loop.commands != self._commands:
            self._commands = self._loop.commands
            self._dispatch.look_again()
        self._push([each for each in delivers if each.destination == PUSH])

    def _push(self, delivers: Sequence[Deliver]) -> None:
        """Pushes to open pages are sent once, or dropped when too old; then they are out of the
        outbox.
        """
        if not delivers:
            return
        newest_us = self._loop.standing.appended_us
        for deliver in delivers:
            if is_current(deliver, newest_us):
                push = Push(
                    deliver.person, str(deliver.payload["placement"]), deliver.due_us, deliver.key
                )
                self._pages.send(msgspec.json.encode(push))
                point("mid_delivery")
        point("after_delivery_before_status")
        with self._state.write() as writer:
            for deliver in delivers:
                outbox.drop(writer, deliver.key)


def is_current(deliver: Deliver, newest_us: int) -> bool:
    """Is it worth a push, or is the moment gone?"""
    return newest_us - deliver.due_us <= PUSH_MAX_AGE_US
