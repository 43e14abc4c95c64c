"""Imports: a file or query through the same door as the wire (collect C40 to C44).

A child process reads and maps (`collect/reader.py`); here its rows are judged by the source's gate
and appended thousands at a time, each transaction with the cursor that says how far the
file has come. A run that dies is continued by the next one; a file imported again appends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from journeyfold.collect.admit import Gate
from journeyfold.collect.appending import Append, Appending
from journeyfold.collect.appending import Draft as Drafting
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.child import READER, Child, ImportFailed
from journeyfold.collect.frames import (
    Batch,
    Ended,
    Failed,
    Job,
    Started,
)
from journeyfold.collect.imported import Import
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.position import Position, Resolve, job_of, position_after, stamps
from journeyfold.collect.pulled import Pulling, pulled_job
from journeyfold.collect.reconciliation import Account, Reconciliation
from journeyfold.core.event import Json
from journeyfold.core.ports import Cursor, Entry, Fate, Held
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapped import Outcome, Passed

TRANSACTION_ITEMS = 2_000  # beside a platform, whose own appends wait for each transaction
ALONE_ITEMS = 20_000  # where nobody waits: an index page is written once for many keys
WAITING_BYTES = 16 << 20  # of mapped events, however many they are
FIRST_ROWS = 10_000  # C44: so many rows are looked at before anything is written,
BAD_ROWS_MAX = FIRST_ROWS // 10  # and more bad ones than this stop the import

Progress = Callable[[int, int | None, int], None]
"""(rows read, rows in all if known, events in the log)."""


class Options(msgspec.Struct, frozen=True):
    """`start` is "" to continue, `start` for the beginning, else a value of cursor.column."""

    dry_run: bool = False
    limit: int | None = None
    force: bool = False
    start: str = ""


def run_import(
    gate: Gate,
    append: Append,
    *,
    directory: Path,
    received_us: int,
    cursor: bytes | None = None,
    options: Options | None = None,
    resolve: Resolve = str,
    progress: Progress = lambda _rows, _total, _events: None,
    pulling: Pulling | None = None,
    started: Callable[[Child], None] = lambda _child: None,
    items_max: int = TRANSACTION_ITEMS,
    file: str = "",
    draft: Drafting = list,
) -> Reconciliation:
    """Imports `gate.source`; paths in it are relative to `directory`.

    `cursor` is the value the log holds under `cursor_name(source, file)`; `file` is the name of one
    of several. `resolve` fills `${env:…}` in paths.
    `pulling` is for sources that are asked over the network. `started` gets what can be killed.
    `items_max` is when a transaction is worth it; `draft` makes of judged items what `append` takes.

    Raises:
        ImportFailed: with one sentence; what was appended before stays, and the cursor with it.
    """
    options = options or Options()
    known = (resolve, received_us, cursor, options.start)
    if pulling is not None:
        job, before = pulled_job(gate.source, directory, pulling, *known)
    else:
        job, before = job_of(gate.source, directory, *known)
    job = msgspec.structs.replace(job, limit=options.limit)
    stamped = stamps(job)
    with Child(job, pulling.reader if pulling else READER) as child, Appending(append) as appending:
        started(child)
        run = _Run(gate, appending, draft, job, before, options, progress, items_max, file)
        while (frame := child.next_frame()) is not None:
            match frame:
                case Started(rows_total=total):
                    run.total = total
                case Batch():
                    run.take(frame, child.frame_bytes)
                case Ended(complete=complete, mark=mark):
                    is_same = stamps(job) == stamped
                    done = run.finish(complete=complete and is_same, mark=mark)
                    if not is_same:
                        raise ImportFailed(gate.source.source, "file", _changed(stamped))
                    return done
                case Failed(reason=reason, sentence=sentence):
                    if reason == "server":
                        run.keep()
                    raise ImportFailed(gate.source.source, reason, sentence)
        raise child.how_it_died(gate.source.source)


def dry_append(find: Callable[[str, str], object]) -> Append:
    """An `Append` that only looks: `find` is `EventLog.find`, which knows the duplicates."""

    def look(
        items: Sequence[Entry | Held], *, rejected: Sequence[tuple[str, int]], cursor: Cursor
    ) -> list[Fate]:
        del rejected, cursor  # nothing is written
        return [
            Fate("quarantined", code=item.code)
            if isinstance(item, Held)
            else Fate("duplicate" if find(item.event.source, item.event.id) else "appended")
            for item in items
        ]

    return look


def _changed(files: Mapping[str, object]) -> str:
    return (
        f"{', '.join(files)} changed while it was read; what was read is in the log, so import it "
        "again when it is whole"
    )


class _Item(msgspec.Struct):
    """Something for the log: the rows it stands for, and what is bad about it."""

    rows: int
    line: int
    held: Held | None


class _Run:
    """One import under way: judged items wait here until a transaction is worth it."""

    def __init__(
        self,
        gate: Gate,
        appending: Appending,
        draft: Drafting,
        job: Job,
        before: Position,
        options: Options,
        progress: Progress,
        items_max: int,
        file: str,
    ) -> None:
        self._gate, self._appending, self._draft = gate, appending, draft
        self._options, self._progress = options, progress
        arrival = Arrival(job.received_us, "import")
        lines = job.pulled is None
        self._judged_row = Import(gate, arrival, job.fingerprint, file, has_lines=lines).judged
        self._before = self._reached = before
        self._items_max, self._file = items_max, file
        self._begun: list[_Item] = []  # their transaction is under way
        self._judged: list[Entry | Held] = []  # of the batch at hand
        self._waiting: list[_Item] = []
        self._drafts: list[object] = []  # of the waiting
        self._waiting_rows = self._waiting_bytes = 0
        self._held: list[_Item] = []  # those of the waiting that are bad
        self._held_rows = self._begun_rows = 0
        self._rejected = 0
        self._account = Account()
        self.total: int | None = None

    def take(self, batch: Batch, size: int) -> None:
        """Judges a batch of `size` bytes; writes when enough has come together."""
        for outcome in batch.outcomes:
            self._judge(outcome)
        self._drafts += self._draft(self._judged)
        self._judged.clear()
        seen = self._account.rows_read + self._begun_rows + self._waiting_rows
        self._reached = position_after(self._before, batch, seen)
        self._stop_if_hopeless()
        self._waiting_bytes += size
        is_past_the_first = self._before.rows + seen >= FIRST_ROWS
        is_enough = len(self._waiting) >= self._items_max and is_past_the_first
        if is_enough or self._waiting_bytes >= WAITING_BYTES:
            self._write()
        total = self.total if self.total is None else max(self.total, seen)
        self._progress(self._before.rows + seen, total, self._account.events)

    def keep(self) -> None:
        """A server gave no more: what it gave is as good as ever, and so is where it stands."""
        self._write()
        self._settle()

    def finish(self, *, complete: bool, mark: Json) -> Reconciliation:
        self._reached = msgspec.structs.replace(self._reached, is_complete=complete, mark=mark)
        self._write()
        self._settle()
        self._progress(self._account.rows_read, self._account.rows_read, self._account.events)
        return self._account.closed(
            self._gate.source.source,
            complete=complete,
            dry_run=self._options.dry_run,
            rows_before=self._before.rows,
        )

    def _judge(self, outcome: Outcome) -> None:
        if isinstance(outcome, Passed) and outcome.fate == "filtered":
            self._account.count("filtered", outcome.reason, outcome.rows, outcome.line)
            return
        judged = self._judged_row(outcome)
        if isinstance(judged, Refused):
            self._rejected += 1
            detail = f"{judged.pointer} {judged.detail}".strip()
            self._account.count("rejected", judged.code, outcome.rows, outcome.line, detail)
        else:
            self._wait(judged, outcome.rows, outcome.line)

    def _wait(self, judged: Entry | Held, rows: int, line: int) -> None:
        self._judged.append(judged)
        item = _Item(rows, line, judged if isinstance(judged, Held) else None)
        self._waiting.append(item)
        self._waiting_rows += rows
        if item.held is not None:
            self._held.append(item)
            self._held_rows += rows

    def _stop_if_hopeless(self) -> None:
        if self._options.force or self._before.rows >= FIRST_ROWS or self._account.events:
            return
        self._settle()  # while nothing is in the log it is worth waiting for
        account, held = self._account, self._held
        bad = account.rows_bad + self._held_rows
        if account.events or bad <= BAD_ROWS_MAX:
            return
        why = ", ".join(sorted({item.held.code for item in held if item.held}))
        where = held[0].line if held else account.examples[0].line
        raise ImportFailed(
            self._gate.source.source,
            "bad_rows",
            f"{bad} of the first rows are bad ({why or 'rejected'}; first: line {where}), more "
            f"than one in ten of {FIRST_ROWS}: nothing was imported; --force imports the rest",
        )

    def _write(self) -> None:
        """Begins to append what waits; the cursor goes with it even when nothing waits (C43)."""
        self._settle()
        rejected = [(self._gate.source.source, self._rejected)] if self._rejected else []
        cursor = Cursor(
            cursor_name(self._gate.source, self._file), msgspec.msgpack.encode(self._reached)
        )
        self._appending.begin(self._drafts, rejected=rejected, cursor=cursor)
        self._begun, self._begun_rows = self._waiting, self._waiting_rows
        self._waiting, self._waiting_rows, self._waiting_bytes, self._drafts = [], 0, 0, []
        self._held, self._held_rows, self._rejected = [], 0, 0

    def _settle(self) -> None:
        """Counts what became of the items whose transaction was begun."""
        for item, fate in zip(self._begun, self._appending.settle(), strict=True):
            reason = fate.code or (item.held.code if item.held else "")
            detail = fate.detail or (item.held.detail if item.held else "")
            self._account.count(fate.fate, reason, item.rows, item.line, detail)
        self._begun, self._begun_rows = [], 0


def cursor_name(source: Source, file: str = "") -> str:
    """Under which name the log keeps this import's cursor, or that of one of its files."""
    return f"import/{source.source}/{file}" if file else f"import/{source.source}"
