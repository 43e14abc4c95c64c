"""The identity audit as a job: made on its schedule, kept as a record, alerts beside it (X4).

A report is a record `identity.audited` of the log, one a day under its date and more when somebody
asks for them; each alert is a record of its own. The pass over the state takes seconds with many
people, so `work` makes it in a thread beside the fold and appends it when it is done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from journeyfold.core.cron import read_cron, slot_after, slot_text, slot_us
from journeyfold.core.effect import effect_id
from journeyfold.core.event import Event, Json
from journeyfold.core.localtime import local
from journeyfold.core.ports import Clock, Entry, EventLog, StateReader, StateStore
from journeyfold.identity.resolve import Resolver
from journeyfold.log.store import LogStore, Marks
from journeyfold.project.compile import OWN_SOURCE, Compiled
from journeyfold.project.identity_report import IdentityReport, report
from journeyfold.runtime.fold_loop import FoldLoop

AUDITED, ALERTED = "identity.audited", "identity.alert"
LOOK_S = 5.0
A_DAY = 50  # reports of one date that are looked for
_AT, _OFFSET, _RECORD = "identity_audit_us", "identity_audit_offset", "identity_audit_record"


def make(
    reader: StateReader, log: LogStore, compiled: Compiled, node_key: bytes, now_us: int
) -> IdentityReport:
    """The report as of the last commit, compared with the one before."""
    rules = msgspec.structs.replace(compiled.project.identity)  # memos of this thread's own
    last = log.marks.number(_OFFSET)
    return report(
        reader, log, Resolver(rules, node_key, reader), compiled.project.hash[:12], now_us,
        -1 if last is None else last,
    )  # fmt: skip


def entries(made: IdentityReport, log: EventLog, now_us: int) -> list[Entry]:
    """The records of a report and of its alerts."""
    number = next(n for n in range(A_DAY) if n == A_DAY - 1 or _found(log, made.date, n) is None)
    key = _key(made.date, number)
    told = [_entry(key, AUDITED, msgspec.to_builtins(made), now_us)]
    for alert in made.alerts:
        said: dict[str, Json] = {"alert": alert.name, "text": alert.text, "report": made.date}
        told.append(_entry(f"{key}/{alert.name}", ALERTED, said, now_us))
    return told


def note(marks: Marks, made: IdentityReport, offset: int, now_us: int) -> None:
    """After its record: the next report is compared with this one."""
    marks.set_number(_AT, now_us)
    marks.set_number(_OFFSET, made.offset)
    marks.set_number(_RECORD, offset)


def latest(log: LogStore) -> IdentityReport | None:
    offset = log.marks.number(_RECORD)
    records = log.read(offset - 1, 1) if offset is not None else []
    return _told(records[0].event) if records else None


def of_date(log: EventLog, date: str) -> IdentityReport | None:
    """The last report of a date."""
    found = None
    for number in range(A_DAY):
        event = _found(log, date, number)
        if event is None:
            break
        found = event
    return _told(found) if found is not None else None


class Auditing:
    """`run` is called while the fold has nothing to do."""

    def __init__(
        self, log: LogStore, state: StateStore, clock: Clock, node_key: bytes,
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._log, self._state, self._clock = log, state, clock
        self._node_key, self._say = node_key, say
        self._thread: threading.Thread | None = None
        self._made: IdentityReport | None = None
        self._next_look_s = 0.0

    def run(self, loop: FoldLoop) -> None:
        """Begin what is due, and append what is done."""
        if self._thread is not None:
            if not self._thread.is_alive():
                self._finish()
            return
        if time.monotonic() < self._next_look_s:
            return
        self._next_look_s = time.monotonic() + LOOK_S
        compiled = loop.engine.definitions.in_force
        if compiled is not None and self._is_due(compiled):
            self._thread = threading.Thread(
                target=self._make, args=(compiled,), name="identity-audit", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """A report that is being made is made again next time."""
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _is_due(self, compiled: Compiled) -> bool:
        schedule = compiled.project.identity.audit.schedule
        if schedule is None:
            return False
        now_us, last_us = self._clock.now_us(), self._log.marks.number(_AT)
        if last_us is None:  # the first comes at the first slot from now on
            self._log.marks.set_number(_AT, now_us)
            return False
        return is_due(schedule, compiled.project.settings.time_zone, last_us, now_us)

    def _make(self, compiled: Compiled) -> None:
        try:
            with self._state.read() as reader:
                self._made = make(reader, self._log, compiled, self._node_key, self._clock.now_us())
        except Exception as error:  # noqa: BLE001 - the fold goes on; said, and tried at the next slot
            self._say(f"the identity audit failed: {error!r}")

    def _finish(self) -> None:
        self._thread, made, self._made = None, self._made, None
        now_us = self._clock.now_us()
        if made is None:
            self._log.marks.set_number(_AT, now_us)
            return
        fates = self._log.append(entries(made, self._log, now_us), now_us=now_us)
        note(self._log.marks, made, fates[0].offset, now_us)
        for alert in made.alerts:
            self._say(f"identity audit: {alert.text}")


def is_due(schedule: str, zone: str, last_us: int, now_us: int) -> bool:
    """Has a slot passed since the last report?"""
    wall = local(last_us, zone)
    slot = slot_after(read_cron(schedule), slot_text(wall.date(), wall.hour * 60 + wall.minute))
    at_us = slot_us(slot, zone) if slot else None
    return at_us is not None and at_us <= now_us


def _key(date: str, number: int) -> str:
    return f"identity/audit/{date}/{number}"


def _found(log: EventLog, date: str, number: int) -> Event | None:
    record = log.find(OWN_SOURCE, effect_id(_key(date, number)))
    return record.event if record is not None else None


def _told(event: Event) -> IdentityReport:
    return msgspec.convert(event.properties, IdentityReport)


def _entry(key: str, name: str, properties: dict[str, Json], now_us: int) -> Entry:
    event = Event(
        id=effect_id(key), name=name, type="output", source=OWN_SOURCE, identifiers=(),
        occurred_us=now_us, received_us=now_us, properties=properties, context={"auth": "system"},
    )  # fmt: skip
    return Entry(event=event, kind="output")
