"""Syncs beside the fold: who is in which audience, what changed, and into the outbox with it.

One look at everybody serves every sync that is due. It goes a slice at a time, each of one committed
state, and only while the fold has nothing to do. Then what was found goes into the outbox, a piece
at a time: first what has to be taken away. A run that is interrupted leaves rows that are on their
way; the next one finds them there and sends nothing of them twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from journeyfold.activate.naming import effect_key
from journeyfold.activate.outbox import Row
from journeyfold.activate.sync import KEY
from journeyfold.core.effect import Deliver
from journeyfold.core.errors import StateGrew
from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us
from journeyfold.core.ports import Clock, EventLog, StateReader, StateStore, StateWriter
from journeyfold.project.audience import Audiences, Line
from journeyfold.project.compile import Compiled
from journeyfold.project.people import decode_profile
from journeyfold.project.synced import (
    RAN,
    STOPPED,
    Ledger,
    acknowledged,
    forget_keys,
    ledger_of,
    note_that_it_knows,
    put_ledger,
    standing_of,
    syncs_with_keys,
)
from journeyfold.runtime import outbox
from journeyfold.runtime.acknowledging import acknowledgement
from journeyfold.runtime.comparing import Comparison, Item, Spool
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.results import record_of_nobody
from journeyfold.runtime.tracing import SyncTracing

SLICE_PEOPLE = 250  # some 10 ms
SLICE_ROWS = 2_000
PIECE = 200  # rows a transaction
BACKLOG = 20_000  # rows in the outbox above which nothing more is put there
LOOK_S = 0.5


class Syncing:
    """`run` does a bounded piece. `fresh` hears of rows that were put into the outbox."""

    def __init__(
        self,
        log: EventLog,
        state: StateStore,
        clock: Clock,
        secret: bytes,
        directory: Path,
        fresh: Callable[[Sequence[Deliver]], None],
        report: Callable[[str], None] = lambda _text: None,
        is_held_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """While it `is_held_up` no sync begins: the data are not fit for it (quality Q11)."""
        self._is_held_up = is_held_up
        self._log, self._state, self._clock = log, state, clock
        self._secret, self._directory, self._fresh = secret, directory, fresh
        self._report = report
        self._compiled: Compiled | None = None
        self._audiences: Audiences | None = None
        self._looks: list[Comparison] = []
        self._tracing = SyncTracing(directory)
        self._start: bytes | None = b""  # from whom on people are still to be met
        self._sending: Sending | None = None
        self._next_look_s, self._after = 0.0, -1
        self._leaving: list[str] = []  # syncs that are gone, and hold keys of people

    def run(self, loop: FoldLoop) -> None:
        try:
            self._piece(loop)
        except StateGrew:  # nothing was written, there is room now: the piece is there next time
            return

    def _piece(self, loop: FoldLoop) -> None:
        audiences = self._follow(loop.engine.definitions.in_force)
        if self._leaving:
            self._forget(self._leaving[0])
        if audiences is None or not audiences.lines:
            return
        if self._sending is not None:
            if self._sending.piece(loop.standing.offset):
                self._end(self._sending)
        elif not self._looks:
            if loop.standing.offset >= self._after:  # what the last run said of itself is folded
                self._begin(audiences)
        elif self._start is not None:
            self._meet(audiences)
        else:
            self._end_look(self._looks[0])

    def _follow(self, compiled: Compiled | None) -> Audiences | None:
        """With other definitions a look that is under way begins anew."""
        if compiled is not self._compiled:
            self.close()
            self._compiled = compiled
            self._audiences = Audiences(compiled) if compiled is not None else None
            known = self._audiences.lines if self._audiences is not None else {}
            with self._state.read() as reader:
                self._leaving = [name for name in syncs_with_keys(reader) if name not in known]
        return self._audiences

    def _end(self, sending: Sending) -> None:
        name, rows = sending.look.line.name, sending.look.counts["rows"]
        self._tracing.end(name, rows_read=rows, rows_written=sending.put)
        self._sending, self._after = None, self._log.head()[0]

    def _forget(self, name: str) -> None:
        with self._state.write() as writer:
            if forget_keys(writer, name, SLICE_ROWS):
                self._leaving.remove(name)

    def close(self) -> None:
        """Let go of what is under way; the next look finds it again."""
        under_way = [*self._looks, *([self._sending.look] if self._sending is not None else [])]
        for look in under_way:
            look.close()
            self._tracing.give_up(look.line.name, "Interrupted")
        self._looks, self._sending = [], None

    def _begin(self, audiences: Audiences) -> None:
        now_s = time.monotonic()
        if now_s < self._next_look_s:
            return
        self._next_look_s = now_s + LOOK_S
        if self._is_held_up():
            return
        now_us = self._clock.now_us()
        with self._state.read() as reader:
            due = [line for line in audiences.lines.values() if is_due(reader, line, now_us)]
            self._looks = [
                Comparison(line, reader, self._secret, now_us, self._directory) for line in due
            ]
        for line in due:
            self._tracing.begin(audiences.project, line.destination, line.sync)
        self._start = b""

    def _meet(self, audiences: Audiences) -> None:
        assert self._start is not None, "there is somebody to meet"
        seen = 0
        with self._state.read() as reader:
            for key, raw in islice(reader.scan("profile", self._start), SLICE_PEOPLE):
                profile, seen = decode_profile(raw), seen + 1
                for look in self._looks:
                    look.meet(audiences, reader, profile)
                self._start = key + b"\0"  # the least key after this one
        self._write_learned()
        if seen < SLICE_PEOPLE:
            self._start = None
            for look in self._looks:
                look.close_look()

    def _write_learned(self) -> None:
        if not any(look.learned for look in self._looks):
            return
        with self._state.write() as writer:
            for look in self._looks:
                for digest, ledger in look.learned.items():
                    if ledger_of(writer, look.line.name, digest) is None:
                        put_ledger(writer, look.line.name, digest, ledger)
                look.learned.clear()

    def _end_look(self, look: Comparison) -> None:
        with self._state.read() as reader:
            look.look_for_gone(reader, SLICE_ROWS)
        if look.is_through:
            self._looks.pop(0)
            if look.is_stopped and not look.standing.stopped_us:
                self._report(stopped(look))
            self._sending = Sending(look, self._log, self._state, self._clock, self._fresh)


def is_due(reader: StateReader, line: Line, now_us: int) -> bool:
    """Somebody asked, or it is time; one that has stopped still takes away who withdrew."""
    standing = standing_of(reader, line.name)
    every_us = duration_us(line.sync.every) or 0
    return standing.asked_us > 0 or now_us - standing.ran_us >= every_us


def stopped(look: Comparison) -> str:
    """What to do about it."""
    name, gone, there = look.line.name, look.counts["removed"], look.standing.rows
    return (
        f"sync {name} has stopped: {gone} of {there} rows are gone; look at "
        f"`journeyfold sync run {name} --dry-run`, then mend it, or go on with --confirm"
    )


class Sending:
    """What a look found, on its way into the outbox; `piece` until it is True."""

    def __init__(
        self,
        look: Comparison,
        log: EventLog,
        state: StateStore,
        clock: Clock,
        fresh: Callable[[Sequence[Deliver]], None],
    ) -> None:
        self.look, self._log, self._state = look, log, state
        self._clock, self._fresh = clock, fresh
        self._is_stopped = look.is_stopped
        sync = look.line.sync
        self._is_baseline = not look.standing.ran_us and sync.first_run == "baseline"
        self._spools: list[Spool] = [look.withdrawals] if self._is_stopped else [*look.spools]
        for spool in self._spools:
            spool.rewind()
        self._items: list[Item] = []
        self._after = -1  # wait until records up to here are folded
        self._settled: set[bytes] = set()  # rows whose last delivery is known to have ended
        self._put = self._waiting = 0
        self.put = 0  # rows that went into the outbox

    def piece(self, folded: int) -> bool:
        if folded < self._after or self._is_full():
            return False
        if not self._items:
            self._items = self._next()
        if not self._items:
            self._end()
            return True
        if self._is_baseline:
            self._take_for_granted()
        elif self._settled or not self._ended_rows():
            self._enqueue()
        return False

    def _next(self) -> list[Item]:
        while self._spools:
            items = self._spools[0].take(PIECE)
            if items:
                return [item for item in items if not self.look.is_repeated(item)] or self._next()
            self._spools.pop(0)
        return []

    def _is_full(self) -> bool:
        """Is there so much in the outbox that the rest had better wait here?"""
        if self._put < BACKLOG:
            return False
        with self._state.read() as reader:
            there = sum(1 for _ in islice(reader.scan("outbox"), BACKLOG))
        self._put = there if there >= BACKLOG else there // PIECE * PIECE
        return there >= BACKLOG

    def _ended_rows(self) -> bool:
        """Deliveries of these rows that are in the outbox no more: their acknowledgement is in the
        log, if there is one, and has to be folded before a row may be said to need another.
        """
        name = self.look.line.name
        with self._state.read() as reader:
            for item in self._items:
                ledger = ledger_of(reader, name, item.digest)
                if ledger and ledger.effect and outbox.row_at(reader, ledger.effect) is None:
                    self._settled.add(item.digest)
        if self._settled:
            self._after = self._log.head()[0]
        return bool(self._settled)

    def _enqueue(self) -> None:
        delivers: list[Deliver] = []
        with self._state.write() as writer:
            for item in self._items:
                deliver = self._delivered(writer, item)
                if deliver is not None:
                    delivers.append(deliver)
        self._put += len(delivers)
        self.put += len(delivers)
        self._waiting += len(self._items) - len(delivers)
        self._items = []
        self._settled.clear()
        self._fresh(delivers)

    def _delivered(self, writer: StateWriter, item: Item) -> Deliver | None:
        """None where it is there by now, on its way, or given up and left for somebody to see."""
        name = self.look.line.name
        if (acknowledged(writer, name, item.digest) or "") == item.hash:
            return None
        ledger = ledger_of(writer, name, item.digest)
        if ledger is not None and ledger.effect:
            last = outbox.row_at(writer, ledger.effect)
            if last is None and item.digest not in self._settled:
                return None
            if last is not None:
                if ledger.hash == item.hash or last.state == "leased":
                    return None
                outbox.drop(writer, last.key)  # overtaken
        deliver = self._deliver(item)
        outbox.put(writer, Row(deliver, next_us=deliver.due_us))
        held = Ledger(item.key, item.person, deliver.key, item.hash)
        put_ledger(writer, name, item.digest, held)
        return deliver

    def _deliver(self, item: Item) -> Deliver:
        """Due in the order of its spool, so that removals leave first."""
        look, line = self.look, self.look.line
        earlier = {"withdraw": 2, "remove": 1}.get(item.change, 0)
        return Deliver(
            effect_key("sync", line.name, item.digest.hex(), str(look.at_us)),
            line.destination, item.person, look.at_us - earlier, next(iter(line.purposes), ""),
            {
                "kind": "remove" if earlier else "upsert", "sync": line.sync.id,
                "row": item.digest.hex(), "hash": item.hash, "about": {"sync": line.sync.id},
                "body": {**item.fields, KEY: item.key},
            },
        )  # fmt: skip

    def _take_for_granted(self) -> None:
        """The first run of a sync whose other side has everybody already."""
        name, items = self.look.line.name, self._items
        with self._state.write() as writer:
            for item in items:
                put_ledger(writer, name, item.digest, Ledger(item.key, item.person))
        rows: list[tuple[str, str]] = [(item.digest.hex(), item.hash) for item in items]
        destination, sync = self.look.line.destination, self.look.line.sync.id
        entry = acknowledgement(destination, sync, rows, self._clock.now_us())
        self._log.append([entry], now_us=self._clock.now_us())
        self._items = []

    def _end(self) -> None:
        look = self.look
        if look.must_learn:
            with self._state.write() as writer:
                note_that_it_knows(writer, look.line.name)
        name = STOPPED if self._is_stopped else RAN
        told: dict[str, Json] = {
            **look.told(), "waiting": self._waiting, "is_baseline": self._is_baseline,
        }  # fmt: skip
        entry = record_of_nobody(name, f"{name}/{look.line.name}/{look.at_us}", told, look.at_us)
        self._log.append([entry], now_us=self._clock.now_us())
        look.close()
