"""Following a database: from its replication slot into the log, in order and once (collect C46).

Each append commits with how far the stream has come, and only then the slot gives up what was
appended: after a crash at any point the stream goes on behind the last change that is in the log. A
first start reads the rows as they were where the slot begins; one that was interrupted begins again
with a new slot, and a row that was read before has the same id as before.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import blake2b
from typing import Literal

import msgspec

from journeyfold.adapters.postgres_slot import CannotFollow, PostgresSlot, Slot, Snapshot
from journeyfold.collect.admit import Gate
from journeyfold.collect.change_entry import changed, entry_of
from journeyfold.collect.changes import (
    Changes,
    Committed,
    Finding,
    Known,
    Row,
    Shape,
    Table,
)
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.pg_text import family_of, value_of
from journeyfold.core.errors import Busy
from journeyfold.core.event import Json
from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import Clock, Cursor, Entry, Held
from journeyfold.log.store import LogStore
from journeyfold.sources.change import columns_read
from journeyfold.sources.follow import Postgres
from journeyfold.sources.inventory import Source
from journeyfold.sources.local_time import Zone

ITEMS = 1_000  # of a transaction of the log
MESSAGES = 20_000  # of one look at the slot
IDLE_BYTES, IDLE_S = 16 * 2**20, 10.0
"""So much of other tables' changes, or so long, passes before the position alone is written."""
ROOM_S = 0.25
_XIDS = 2**32


class Ledger(msgspec.Struct):
    """Where a stream stands: the cursor that commits with each append.

    Everything up to and with change `index` of the transaction committed at `lsn` is in the log. A
    generation begins with a snapshot; `since_us` and `since_xid` are of before its first attempt.
    """

    slot: str
    server: str
    generation: int
    stage: Literal["snapshot", "stream"]
    since_us: int
    since_xid: int
    lsn: int = 0
    index: int = 0
    committed_us: int = 0
    known: dict[str, Known] = {}


class Counts(msgspec.Struct):
    """Since this process began to follow."""

    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    filtered: int = 0
    rejected: int = 0
    refused: dict[str, str] = {}  # code → the sentence of its first


class Following:
    """One source. `require_room` raises Busy while nothing more may be appended: until then
    nothing is pulled, and the server keeps it.
    """

    def __init__(
        self,
        log: LogStore,
        gate: Gate,
        slot: PostgresSlot,
        clock: Clock,
        *,
        require_room: Callable[[], None] = lambda: None,
        appended: Callable[[], None] = lambda: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._log, self._gate, self._slot, self._clock = log, gate, slot, clock
        self._require_room, self._appended, self._is_stopping = require_room, appended, is_stopping
        self.counts = Counts()
        self.standing: Slot | None = None
        self._items: list[Entry | Held] = []
        self._rejected = 0
        self._tables: list[Table] = []
        self._written_s = 0.0
        self._zone = Zone(gate.source.time_zone)
        self._reads = columns_read(gate.source)

    @property
    def source(self) -> Source:
        return self._gate.source

    @property
    def settings(self) -> Postgres:
        return settings_of(self.source)

    @property
    def ledger(self) -> Ledger | None:
        return ledger_of(self._log, self.source.source)

    def step(self) -> bool:
        """One look at the slot; False when there was nothing new.

        Raises:
            CannotFollow: nothing more can be read until somebody has done what it says.
            Away, Busy: later.
        """
        self._items, self._rejected = [], 0
        self._await_room()
        ledger = self.ledger
        asked = self._log.marks.number(resnapshot_name(self.source.source)) or 0
        if ledger is None or ledger.stage == "snapshot" or asked > ledger.generation:
            generation = max(1, asked, 0 if ledger is None else ledger.generation)
            self._begin(ledger, generation)
            return True
        return self._stream(ledger)

    def close(self) -> None:
        self._slot.close()

    # -- the beginning --------------------------------------------------------------------------

    def _begin(self, before: Ledger | None, generation: int) -> None:
        slot, settings = self._slot, self.settings
        self._tables = slot.require_publication()
        self.standing = there = slot.slot()
        never = settings.snapshot == "never" and generation == 1
        if there is not None and before is None and not never:
            raise CannotFollow(self._sentence(
                f"the slot '{settings.slot}' exists, but this source has not read from it, so the "
                "rows of its beginning are lost: drop it (SELECT pg_drop_replication_slot"
                f"('{settings.slot}')), name another, or write `snapshot: never`"
            ))  # fmt: skip
        ledger = before
        if ledger is None or ledger.generation != generation:
            since_us, since_xid = slot.now()
            ledger = Ledger(
                settings.slot, slot.server(), generation, "snapshot", since_us, since_xid
            )
            self._write(ledger)
        if never and there is not None:
            ledger.lsn, ledger.stage = there.confirmed, "stream"
            self._write(ledger)
            return
        if there is not None:
            slot.drop()
        with slot.create() as (lsn, snapshot):
            ledger.lsn = lsn
            for page in () if never else slot.rows(self._tables, snapshot):
                self._take_rows(ledger, page)
                if self._is_stopping():
                    return  # begun again from the start: what is in the log stays the same
        ledger.stage = "stream"
        self._write(ledger)

    def _take_rows(self, ledger: Ledger, page: Snapshot) -> None:
        shape: Shape = {
            name: family_of(oid) for name, oid in zip(page.columns, page.types, strict=True)
        }  # fmt: skip
        ledger.known[page.table.full_name] = Known(shape, shape)
        for xmin, ctid, values in page.rows:
            row: Row = {
                name: None if text is None else value_of(text, oid, self._zone)
                for name, oid, text in zip(page.columns, page.types, values, strict=True)
            }
            change = snapshot_change(ledger, page.table, row, xmin, ctid)
            self._take(changed(self._gate, change, self._clock.now_us()))
            if len(self._items) >= ITEMS:
                self._write(ledger)
                self._await_room()
        self._write(ledger)

    # -- the stream -----------------------------------------------------------------------------

    def _stream(self, ledger: Ledger) -> bool:
        there = self._require_slot(ledger)
        if not self._tables:
            self._tables = self._slot.require_publication()
        if there.upto <= ledger.lsn:
            self._give_up(there)
            return False
        changes = Changes(
            ledger.generation, ledger.known,
            follows=self.settings.follows, reads=self._reads, zone=self._zone,
            keys={table.full_name: table.key for table in self._tables},
            done=(ledger.lsn, ledger.index),
        )  # fmt: skip
        messages = self._feed(changes, ledger, there)
        had = messages > 0
        is_through = messages < MESSAGES and not self._is_stopping()
        if is_through and (had or self._is_due(there.upto - ledger.lsn)):
            reach(ledger, there.upto)
            had = True
        if had:
            self._write(ledger)
        self._give_up(there)
        return messages > 0

    def _feed(self, changes: Changes, ledger: Ledger, there: Slot) -> int:
        messages = 0
        for page in self._slot.peek(there.upto, MESSAGES):
            messages += len(page)
            for message in page:
                for finding in changes.feed(message.lsn, message.data):
                    if isinstance(finding, Committed):
                        reach(ledger, finding.end)
                        ledger.committed_us = max(ledger.committed_us, finding.at_us)
                    else:
                        ledger.lsn, ledger.index = changes.place
                        self._take(self._judged(finding))
                if len(self._items) >= ITEMS:
                    self._write(ledger)
                    self._await_room()
            if self._is_stopping():
                break
        return messages

    def _judged(self, finding: Finding) -> Entry | Held | Refused | None:
        return entry_of(self._gate, finding, self._clock.now_us())

    def _require_slot(self, ledger: Ledger) -> Slot:
        settings, there = self.settings, self._slot.slot()
        self.standing = there
        again = (
            f"run `journeyfold follow {self.source.source} --resnapshot` to read every row once "
            "more; changes since "
            f"{_when(ledger.committed_us)} that the rows do not show, and deletes, are lost"
        )
        if there is None or ledger.slot != settings.slot:
            name = settings.slot if there is None else ledger.slot
            raise CannotFollow(self._sentence(f"the slot '{name}' is gone: {again}"))
        if there.status == "lost":
            raise CannotFollow(self._sentence(
                f"the server has given up what the slot '{settings.slot}' kept (max_slot_wal_keep"
                f"_size): {again}"
            ))  # fmt: skip
        if self._slot.server() != ledger.server:
            raise CannotFollow(self._sentence(
                f"this is another server, or another history of it, than the one followed: {again}"
            ))  # fmt: skip
        if there.confirmed > ledger.lsn:
            raise CannotFollow(self._sentence(
                f"somebody else has read from the slot '{settings.slot}': {again}"
            ))  # fmt: skip
        return there

    def _give_up(self, there: Slot) -> None:
        """Only what is in the log: the position of the last commit."""
        written = self.ledger
        if written is not None and written.index == 0 and written.lsn > there.confirmed:
            self._slot.advance(written.lsn)

    def _is_due(self, passed: int) -> bool:
        return passed >= IDLE_BYTES or time.monotonic() - self._written_s >= IDLE_S

    def _await_room(self) -> None:
        """Nothing is pulled while nothing may be appended: the server keeps it for us."""
        while True:
            try:
                self._require_room()
            except Busy:
                if self._is_stopping():
                    raise
                time.sleep(ROOM_S)
            else:
                return

    # -- into the log ---------------------------------------------------------------------------

    def _take(self, judged: Entry | Held | Refused | None) -> None:
        if judged is None:
            self.counts.filtered += 1
        elif isinstance(judged, Refused):
            self._rejected += 1
            self.counts.rejected += 1
            self.counts.refused.setdefault(judged.code, judged.detail)
        else:
            self._items.append(judged)

    def _write(self, ledger: Ledger) -> None:
        """What waits, and how far it reaches, in one transaction."""
        cursor = Cursor(cursor_name(self.source.source), msgspec.msgpack.encode(ledger))
        rejected = [(self.source.source, self._rejected)] if self._rejected else []
        fates = self._log.append(
            self._items, now_us=self._clock.now_us(), rejected=rejected, cursor=cursor
        )
        for fate in fates:
            match fate.fate:
                case "appended":
                    self.counts.appended += 1
                case "duplicate":
                    self.counts.duplicate += 1
                case _:
                    self.counts.quarantined += 1
        self._items, self._rejected, self._written_s = [], 0, time.monotonic()
        if fates:
            self._appended()

    def _sentence(self, what: str) -> str:
        return f"source {self.source.source}: {what}"


def reach(ledger: Ledger, lsn: int) -> None:
    """Everything before `lsn` is done; what is read a second time takes nothing back."""
    if lsn >= ledger.lsn:
        ledger.lsn, ledger.index = lsn, 0


def cursor_name(source: str) -> str:
    """Under which name the log keeps this stream's ledger."""
    return f"cdc/{source}"


def resnapshot_name(source: str) -> str:
    """The generation that somebody has asked for."""
    return f"cdc/{source}/generation"


def ledger_of(log: LogStore, source: str) -> Ledger | None:
    raw = log.marks.cursor(cursor_name(source))
    return None if raw is None else msgspec.msgpack.decode(raw, type=Ledger)


def settings_of(source: Source) -> Postgres:
    found = source.read.postgres if source.read is not None else None
    assert found is not None, "a source of kind cdc says what it follows"
    return found


def snapshot_change(ledger: Ledger, table: Table, row: Row, xmin: int, ctid: str) -> Row:
    """A row that was there before. Read twice, it is the same row under the same id.

    `xmin` tells versions of a row apart. One made after the generation began, and so read by a later
    attempt, is that much later, and earlier than everything the stream brings.
    """
    key: Json = {name: row.get(name) for name in table.key}
    version = [ledger.server, table.full_name, key if table.key else ctid, xmin]
    name = blake2b(msgspec.json.encode(version), digest_size=12).hexdigest()
    later = (xmin - ledger.since_xid) % _XIDS
    return {
        "op": "snapshot", "schema": table.schema, "table": table.name, "key": key,
        "before": None, "after": row, "changed": None,
        "at": ledger.since_us + (later + 1 if later < _XIDS // 2 else 0),
        "position": f"{ledger.generation}:snapshot:{name}",
    }  # fmt: skip


def _when(us: int) -> str:
    return rfc3339(us) if us else "the snapshot"
