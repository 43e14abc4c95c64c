"""The dispatcher: rows of the outbox to their destinations, and what became of them to the log.

One thread claims, settles and writes; each destination has threads of its own (`runtime.lane`). A
turn appends to the log what has become known, then changes the rows and leases the next ones in one
transaction. So a result is in the log before its row goes, and a lease is committed before a byte
is written (journeys A1, A2). Whatever happens in between, the log is asked before anything is sent
a second time.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from journeyfold.activate.lane_figures import FiguresFile
from journeyfold.activate.outbox import Row, leased
from journeyfold.adapters.faults import point
from journeyfold.core.effect import Deliver
from journeyfold.core.errors import Busy, StateGrew
from journeyfold.core.instant import HOUR_US, MINUTE_US, SECOND_US
from journeyfold.core.ports import Clock, EventLog, StateReader, StateStore, StateWriter
from journeyfold.project.compile import OWN_SOURCE, PUSH
from journeyfold.project.standing import standing
from journeyfold.runtime import outbox
from journeyfold.runtime.lane import MISSING, Lane, Tried
from journeyfold.runtime.lanes import Lanes
from journeyfold.runtime.lease_mark import LeaseMark
from journeyfold.runtime.settling import Found, Settled, Settling
from journeyfold.runtime.waiting import Chosen, Waiting

OWNER = "work"
LEASE_US = 15 * MINUTE_US  # longer than any call; a lease ends with its process, not with its time
PUBLISH_S = 1.0
TURN_S = 0.5  # between looks when nothing happens
BUSY_S = 1.0
CLOSE_S = 6.0  # for calls under way, when work is told to stop

News: TypeAlias = "list[Tried] | list[Deliver] | Exception | None"


class Dispatcher:
    """`start` it, tell it of `fresh` rows, `look_again` after commands, `close` it."""

    def __init__(
        self,
        log: EventLog,
        state: StateStore,
        lanes: Lanes,
        settling: Settling,
        clock: Clock,
        report: Callable[[str], None] = lambda _text: None,
        figures: FiguresFile | None = None,
        leases: LeaseMark | None = None,
    ) -> None:
        self._log, self._state, self._lanes, self._settling = log, state, lanes, settling
        self._figures, self._publish_s = figures, 0.0
        self._leases = leases
        self._clock, self._report = clock, report
        self._inbox: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._waiting = Waiting(lanes)
        self._must_look = False
        self._out: dict[str, tuple[Lane, Row]] = {}  # leased and given to a lane
        self._tried: list[Tried] = []
        self._settled: list[Settled] = []
        self._begun, self._has_caught_up = log.head(), False
        self._failure: BaseException | None = None
        self._is_closing = False
        self._purge_us = 0
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        lanes.answer_to(self._inbox.put)

    def start(self) -> None:
        """Take up what a process before this one left (A2), then work."""
        self._thread.start()

    def fresh(self, delivers: Sequence[Deliver]) -> None:
        """Rows that the fold has just committed."""
        if delivers:
            self._inbox.put(list(delivers))

    def look_again(self) -> None:
        """Rows or destinations were changed by a command."""
        self._inbox.put(None)

    def require_going(self) -> None:
        """Raise what has ended it."""
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Let calls under way end, and write down what became of them."""
        self._is_closing = True
        self._inbox.put([])
        if self._thread.is_alive():
            self._thread.join()
        if self._figures is not None:
            self._figures.close()

    # -- the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._patiently(self.take_up)
            while not self._is_closing:
                self.listen()
                self._patiently(self.turn)
                self._publish()
            self._lanes.close(CLOSE_S)
            self._hear()
            self._patiently(self._settle)
            if self._leases is not None and not (self._out or self._leases.are_lost):
                self._leases.end()
        except BaseException as error:  # noqa: BLE001 - the worker raises it in its own thread
            self._failure = error

    def _patiently(self, act: Callable[[], None]) -> None:
        """A store without room is waited for: what is known stays known (trust REL-17)."""
        problem = ""
        while True:
            try:
                act()
            except StateGrew:
                continue
            except Busy as busy:
                if str(busy) != problem:
                    self._report(f"messages wait: {busy}")
                problem = str(busy)
                if self._is_closing:
                    return
                threading.Event().wait(BUSY_S)
            else:
                return

    def _publish(self) -> None:
        """How the lanes stand, for those who look."""
        if self._figures is not None and time.monotonic() >= self._publish_s:
            self._publish_s = time.monotonic() + PUBLISH_S
            self._figures.write(self._lanes.figures(self._clock.now_us()))

    def is_idle(self) -> bool:
        """Nothing is under way, and nothing is due that could go."""
        is_under_way = any(lane.calls_given for lane in self._lanes.each())
        now_us = self._clock.now_us()
        due_us = self._waiting.next_us(now_us)
        is_due = due_us is not None and due_us <= now_us
        known = self._tried or self._settled or not self._inbox.empty()
        return not (is_under_way or is_due or known)

    def listen(self, at_most_s: float = TURN_S) -> None:
        """Until something happens or the next row is due."""
        now_us = self._clock.now_us()
        due_us = self._waiting.next_us(now_us)
        until_s = at_most_s if due_us is None else max(0.0, (due_us - now_us) / SECOND_US)
        wait_s = min(at_most_s, until_s)
        try:
            self._note(self._inbox.get(timeout=wait_s))
        except queue.Empty:
            return
        self._hear()

    def _hear(self) -> None:
        while True:
            try:
                self._note(self._inbox.get_nowait())
            except queue.Empty:
                return

    def _note(self, news: News) -> None:
        if news is None:
            self._must_look = True
            return
        if isinstance(news, Exception):  # a lane is broken: the process has to begin anew
            raise news
        for each in news:
            if isinstance(each, Tried):
                self._tried.append(each)
            else:
                self._waiting.add(each, each.due_us, 0, is_fresh=True)

    # -- a turn ---------------------------------------------------------------------------------

    def turn(self) -> None:
        """Settle what is known, lease what there is room for, hand it over."""
        now_us = self._clock.now_us()
        is_new = self._waiting.is_of_another_version()
        if is_new:
            with self._state.read() as reader:
                self._retry_secrets(reader)
        if is_new or self._must_look or self._waiting.wants_a_look(now_us):
            self._must_look = False
            self._look()
        chosen = self._waiting.choose(now_us) if self._is_caught_up() else []
        if not (self._tried or self._settled or chosen):
            self._purge(now_us)
            return
        is_committed = False
        try:
            self._log_results()
            self._asked(chosen)
            if self._leases is not None and any(each.of.is_once for each in chosen):
                self._leases.begin()
            with self._state.write() as writer:
                for settled in self._settled:
                    settled.apply(writer)
                self._lease(writer, chosen, now_us)
            is_committed = True
        finally:
            if not is_committed:
                self._waiting.put_back(chosen)
        point("after_lease")
        self._free()
        for each in chosen:
            if each.rows:
                each.lane.give(each.rows, now_us)
                self._out |= {row.key: (each.lane, row) for row in each.rows}

    def _free(self) -> None:
        """What is settled makes room, and what goes again waits here for it."""
        for settled in self._settled:
            if settled.key in self._out:
                lane, row = self._out.pop(settled.key)
                lane.settled(row)
            if settled.row is not None and settled.row.state == "pending":
                self._waiting.add_row(settled.row)
        self._settled = []

    def _is_caught_up(self) -> bool:
        """Has the fold taken in what the log held when this process began? Before, a row may be
        there whose result, or whose person's withdrawal, is not folded yet: it has to wait.
        """
        if not self._has_caught_up:
            with self._state.read() as reader:
                self._has_caught_up = standing(reader).offset >= self._begun[0]
            if self._has_caught_up and self._leases is not None and self._leases.are_lost:
                self._doubt()
        return self._has_caught_up

    def _doubt(self) -> None:
        """What was on its way is not known any more: nothing that waited then may go by itself."""
        with self._state.read() as reader:
            waited = [
                row for row in outbox.rows(reader)
                if row.state == "pending" and row.deliver.due_us <= self._begun[1]
            ]  # fmt: skip
        self._write(self._settling.doubt(waited, self._lanes))
        assert self._leases is not None, "it said so"
        self._leases.end()
        self._look()

    def _settle(self) -> None:
        """Without leasing more."""
        self._log_results()
        if self._settled:
            with self._state.write() as writer:
                for settled in self._settled:
                    settled.apply(writer)
            self._free()

    def _log_results(self) -> None:
        """Known results become records once; the rows follow, as often as it takes."""
        if not self._tried:
            return
        found = self._settling.settle(self._tried, self._lanes)
        if found.entries:
            self._log.append(found.entries, now_us=self._clock.now_us())
            for sentence in outbox.alerts(found.entries):
                self._report(sentence)
        point("after_result_before_row")
        self._settled += found.settled
        self._tried = []

    def _asked(self, chosen: Sequence[Chosen]) -> None:
        """A row that was made just now may be one that was sent long ago (journeys E71)."""
        for each in chosen:
            each.known = {
                due.key for due in each.dues
                if due.is_fresh and self._log.find(OWN_SOURCE, outbox.result_id(due.key, "sent"))
            }  # fmt: skip

    def _lease(self, writer: StateWriter, chosen: Sequence[Chosen], now_us: int) -> None:
        for each in chosen:
            each.rows = []
            for due in each.dues:
                row = outbox.row_at(writer, due.key)
                if row is None or row.state != "pending" or row.round != due.turn:
                    continue
                if due.key in each.known:
                    outbox.drop(writer, row.key)
                    continue
                row = leased(row, OWNER, now_us + LEASE_US)
                outbox.put(writer, row)
                each.rows.append(row)

    # -- what waits -----------------------------------------------------------------------------

    def take_up(self) -> None:
        """Leases of a process that is gone: the log says what came of them, or nobody can."""
        with self._state.read() as reader:
            leases = [row for row in outbox.rows(reader) if row.state == "leased"]
            self._retry_secrets(reader)
        if leases:
            self._write(self._settling.recover(leases, self._lanes))
        self._look()

    def _write(self, found: Found) -> None:
        """The records, then the rows."""
        if found.entries:
            self._log.append(found.entries, now_us=self._clock.now_us())
        with self._state.write() as writer:
            for each in found.settled:
                each.apply(writer)

    def _retry_secrets(self, reader: StateReader) -> None:
        """What was not there may be there now: a new start, or another version of the project."""
        missed = [name for name, why in outbox.closed_in(reader).items() if why.how == MISSING]
        now_us = self._clock.now_us()
        if missed:
            self._log.append(
                [outbox.destination_command("resumed", name, now_us, "work") for name in missed],
                now_us=now_us,
            )

    def _look(self) -> None:
        """Every row that waits, as it is committed; destinations that were paused or resumed."""
        with self._state.read() as reader:
            self._lanes.look(reader)
            waits = (
                row
                for row in outbox.rows(reader)
                if row.state == "pending" and row.deliver.destination != PUSH
            )
            self._waiting.begin(waits, self._clock.now_us())

    def _purge(self, now_us: int) -> None:
        if now_us >= self._purge_us:
            self._purge_us = now_us + HOUR_US
            with self._state.write() as writer:
                outbox.purge(writer, now_us)
