"""The door's judgement on what a row of an import became (collect C40 to C44). Pure up to the gate.

A row that cannot be used is held with its line, whole where mending a limit can let it in: a file is
not sent once more as a client's message is. Only what privacy or the plan rejects is gone.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from journeyfold.collect.admit import Gate, hold_beyond, judge, tell_dropped
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.envelope import Draft, draft
from journeyfold.collect.frames import PLAIN_MEMBERS, PlainEvent
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.limits import LIMITS, misshapen_part, too_large, unlimited
from journeyfold.collect.occurrence import FUTURE_US
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import Entry, Held
from journeyfold.sources.mapped import Mapped, Message, Outcome, Passed

TEXT_MAX = 1_000


class Import(msgspec.Struct, frozen=True):
    """One import as its rows are judged; `file` is the name of one of several."""

    gate: Gate
    arrival: Arrival
    fingerprint: str  # of the file
    file: str = ""
    has_lines: bool = True  # what was asked of a server has none

    def judged(self, outcome: Outcome) -> Entry | Held | Refused:
        """What a row becomes; what was filtered on purpose never comes here."""
        match outcome:
            case Passed():
                return self._row_held(outcome)
            case Mapped():
                judged = self._event(outcome)
            case Message():
                judged = self._message(outcome)
        return self._with_line(judged, outcome.line) if isinstance(judged, Held) else judged

    def _event(self, mapped: Mapped) -> Entry | Held | Refused:
        """A mapped event; an instant in the future is cut to five minutes ahead, as on the wire
        (C27).
        """
        event, gate = mapped.event, self.gate
        terms = gate.terms
        wrong: Refused | None = None
        if not (isinstance(event, PlainEvent) and terms.shape.members >= PLAIN_MEMBERS):
            wrong = misshapen_part(event, terms.shape)
        if mapped.excess and wrong is None:
            wrong = too_large(mapped.excess, terms.event_bytes)
        latest_us = self.arrival.received_us + FUTURE_US
        if event.occurred_us > latest_us:
            event = _cut(event, latest_us)
        drafted = Draft(event, mapped.fingerprint)
        return judge(gate, drafted, "") if wrong is None else hold_beyond(gate, drafted, wrong)

    def _message(self, row: Message) -> Entry | Held | Refused:
        """A message of the wire; what is none is held as the row it stood in."""
        gate = self.gate
        drafted = draft(row.message, self.arrival, gate.terms, row.event_id)
        if isinstance(drafted, Draft):
            tell_dropped(gate, drafted)
            return judge(gate, drafted, "")
        if drafted.code in LIMITS:
            whole = draft(row.message, self.arrival, unlimited(gate.terms), row.event_id)
            if isinstance(whole, Draft):
                return hold_beyond(gate, whole, drafted)
        return self._row_held(_passed(row, drafted))

    def _with_line(self, held: Held, line: int) -> Held:
        """Its pointer is a place in the event, so the line is said in words."""
        if not self.has_lines or held.pointer.startswith("/line/"):
            return held
        where = f"{self.file}: line {line}" if self.file else f"line {line}"
        return msgspec.structs.replace(held, detail=f"{where}: {held.detail}")

    def _row_held(self, passed: Passed) -> Held:
        """A row that never became an event, kept with its line so that it can be found and fixed."""
        row: dict[str, Json] = {"line": passed.line, "row": passed.text}
        detail = passed.detail or f"line {passed.line}"
        name = f"{self.fingerprint[:16]}:{passed.line}"
        if not self.has_lines:  # the same row is the same text
            del row["line"]
            name = blake2b(passed.text.encode(), digest_size=16).hexdigest()
        return Held(
            source=self.gate.source.source,
            message=msgspec.json.encode(row),
            code=passed.reason,
            pointer=f"/line/{passed.line}",
            received_us=self.arrival.received_us,
            detail=f"{self.file}: {detail}" if self.file else detail,
            event_id=name,
            auth="import",
        )


def _passed(row: Message, why: Refused) -> Passed:
    text = msgspec.json.encode(row.message).decode()[:TEXT_MAX]
    detail = f"line {row.line}: {why.pointer} {why.detail}".replace(":  ", ": ")
    return Passed("quarantined", why.code, row.rows, row.line, detail, text)


def _cut(event: Event, latest_us: int) -> Event:
    note: dict[str, Json] = {"client": rfc3339(event.occurred_us), "rule": "future"}
    context = {**event.context, "time": note}
    return msgspec.structs.replace(event, occurred_us=latest_us, context=context)
