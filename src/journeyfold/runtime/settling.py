"""What an attempt means for its row, and the records that say so (journeys A1, A2, A4, A6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, assert_never

import msgspec

from journeyfold.activate.again import next_us
from journeyfold.activate.destination import RESPONSE_MAX, Destined, Outcome, Parcel
from journeyfold.activate.masked import masked
from journeyfold.activate.outbox import (
    INTERRUPTED,
    Attempt,
    Row,
    State,
    answered,
    delivery_of,
    ended,
    kind_of,
    released,
    tried,
)
from journeyfold.core.effect import Emit, Say
from journeyfold.core.event import Json
from journeyfold.core.ports import Entry, EventLog, StateWriter
from journeyfold.runtime import outbox
from journeyfold.runtime.acknowledging import acknowledgements, is_of_a_sync
from journeyfold.runtime.lane import MISSING, Tried
from journeyfold.runtime.lanes import Lanes
from journeyfold.runtime.outbox import Closed
from journeyfold.runtime.prepare import Broken, Hold, Skip
from journeyfold.runtime.results import attempted, held, record_of_nobody, told

ASK = "look at what it answered, mend it, then `journeyfold destination resume {name}`"
LOST = "the state that knew whether it was on its way is lost; `journeyfold outbox resend` sends it"
INTERRUPTED_MAX = 100  # processes that may end over a row before it is given up
MEND = "set it and start again"


class Settled(NamedTuple):
    """What becomes of a row: gone where `row` is None, and where somebody took it away meanwhile."""

    key: str
    row: Row | None

    def apply(self, writer: StateWriter) -> None:
        if self.row is None:
            outbox.drop(writer, self.key)
        elif outbox.row_at(writer, self.key) is not None:
            outbox.put(writer, self.row)


class Found(NamedTuple):
    settled: list[Settled]
    entries: list[Entry]


Says = Callable[[Sequence[Say]], list[Entry]]
"""Records about people as they are now; about nobody where somebody is gone."""


class Settling:
    """Pure but for the clock and for who the people are."""

    def __init__(
        self,
        log: EventLog,
        entries_of: Says,
        output: Callable[[Emit], Entry],
        now_us: Callable[[], int],
    ) -> None:
        self._log, self._entries_of, self._output, self._now_us = log, entries_of, output, now_us

    def settle(self, attempts: Sequence[Tried], lanes: Lanes) -> Found:
        sheet = _Sheet(self._now_us(), lanes)
        for each in attempts:
            sheet.take(each)
        return self._found(sheet)

    def recover(self, leases: Sequence[Row], lanes: Lanes) -> Found:
        """Leases of a process that is gone (A2): nobody knows what came of an at-most-once row;
        any other goes again.
        """
        sheet = _Sheet(self._now_us(), lanes)
        for row in leases:
            if result := outbox.known_result(self._log, row):
                sheet.settled.append(Settled(row.key, outbox.as_known(row, result, sheet.now_us)))
            else:
                sheet.interrupted(row)
        return self._found(sheet)

    def doubt(self, waiting: Sequence[Row], lanes: Lanes) -> Found:
        """At-most-once rows of a state that is gone, which knew what was on its way."""
        sheet = _Sheet(self._now_us(), lanes)
        for row in waiting:
            sheet.doubted(row)
        return self._found(sheet)

    def _found(self, sheet: _Sheet) -> Found:
        entries = self._entries_of(sheet.says)
        entries += [self._output(emit) for emit in sheet.emits]
        entries += acknowledgements(sheet.taken, self._now_us())
        return Found(sheet.settled, entries + sheet.entries)


class _Sheet:
    """What a turn has to write."""

    def __init__(self, now_us: int, lanes: Lanes) -> None:
        self.now_us, self._lanes = now_us, lanes
        self.settled: list[Settled] = []
        self.says: list[Say] = []
        self.emits: list[Emit] = []
        self.taken: list[Row] = []  # rows of syncs, told together
        self.entries: list[Entry] = []

    def take(self, each: Tried) -> None:
        row, prepared, outcome = each.row, each.prepared, each.outcome
        if isinstance(prepared, Skip):
            why: dict[str, Json] = {"gate": prepared.gate, "detail": prepared.detail}
            self._gone(row, "skipped", why)
        elif isinstance(prepared, Hold):
            self.emits.append(
                held(row, self._name(row), prepared.gate, prepared.until_us, each.at_us)
            )
            self.settled.append(Settled(row.key, released(row, next_us=prepared.until_us)))
        elif isinstance(prepared, Broken):
            self._kept(row, "dead", "failed", prepared.reason, {})
        elif prepared is None or outcome is None:
            self._back(row)
        else:
            self._answered(each, prepared, outcome)

    def doubted(self, row: Row) -> None:
        if self._is_once(row):
            self._kept(row, "unknown", "unknown", LOST, self._said(row))

    def interrupted(self, row: Row) -> None:
        why = "the process ended before the answer was known"
        attempt = Attempt(self.now_us, 0, INTERRUPTED, why)
        if self._is_once(row):
            self._kept(row, "unknown", "unknown", why, self._said(row), attempts=(attempt,))
            return
        if row.attempt >= INTERRUPTED_MAX:
            self._kept(row, "dead", "failed", why, {}, attempts=(attempt,))
            return
        row = tried(row, attempt, next_us=self.now_us)
        self.emits.append(attempted(row, self._name(row), attempt, self.now_us))
        self.settled.append(Settled(row.key, row))

    def _said(self, row: Row) -> dict[str, Json]:
        """What a message said, if it went: its links lead somewhere all the same (A13)."""
        return self._lanes.said(row) if kind_of(row.deliver) == "message" else {}

    def _answered(self, each: Tried, parcel: Parcel, outcome: Outcome) -> None:
        row = each.row
        attempt = Attempt(each.at_us, each.latency_us, outcome.status, outcome.reason[:500])
        match outcome.status:
            case "sent":
                why: dict[str, Json] = {"attempt": row.attempt, "latency_us": each.latency_us}
                if parcel.kind == "message":
                    why |= parcel.body
                if row.deliver.payload.get("reply"):
                    why["reply"] = outcome.reply
                self._gone(row, "sent", why)
            case "unknown" if self._is_once(row):
                self._ended(each, parcel, "unknown", "unknown", attempt)
            case "retry" | "unknown":
                self._retried(each, parcel, attempt)
            case "dead":
                self._ended(each, parcel, "dead", "failed", attempt)
            case "paused" | "disabled":
                self._shut(row, outcome, attempt)
            case _:
                assert_never(outcome.status)

    def _retried(self, each: Tried, parcel: Parcel, attempt: Attempt) -> None:
        row, outcome = each.row, each.outcome
        assert outcome is not None
        destined, before = self._destined(row), answered(row)
        at_us = next_us(
            destined.retries if destined else "api", row.key, len(before) + 1,
            first_us=before[0].at_us if before else each.at_us, now_us=self.now_us, after_us=outcome.after_us,
        )  # fmt: skip
        if at_us is None:
            self._ended(each, parcel, "dead", "failed", attempt)
            return
        self.emits.append(attempted(row, self._name(row), attempt, at_us))
        again = tried(row, attempt, next_us=at_us, response=_cut(outcome.response))
        self.settled.append(Settled(row.key, again))

    def _shut(self, row: Row, outcome: Outcome, attempt: Attempt) -> None:
        """The destination takes nothing now; its rows wait and lose no attempt."""
        name = self._name(row)
        self.emits.append(attempted(row, name, attempt, 0))
        self._back(row)
        if name in self._lanes.closed:
            return
        is_secret = outcome.status == "paused" and outcome.reply == MISSING
        how = MISSING if is_secret else outcome.status
        closed = Closed(how, outcome.reason, self.now_us)
        self._lanes.shut(name, closed)
        self.entries.append(
            record_of_nobody(
                f"destination.{outcome.status}", f"destination/{name}/{how}/{self.now_us}",
                {"destination": name, "how": how, "reason": outcome.reason,
                 "next": MEND if is_secret else ASK.format(name=name)},
                self.now_us,
            )
        )  # fmt: skip

    def _ended(
        self, each: Tried, parcel: Parcel, state: State, result: str, attempt: Attempt
    ) -> None:
        outcome = each.outcome
        assert outcome is not None
        why: dict[str, Json] = {"attempt": each.row.attempt, "latency_us": each.latency_us}
        if parcel.kind == "message":
            why |= parcel.body
            if outcome.bounce:
                why["status"] = outcome.bounce
        self._kept(
            each.row, state, result, attempt.reason, why, attempts=(attempt,),
            request=request_of(parcel), response=_cut(outcome.response),
        )  # fmt: skip

    def _kept(
        self,
        row: Row,
        state: State,
        result: str,
        reason: str,
        why: dict[str, Json],
        *,
        attempts: tuple[Attempt, ...] = (),
        request: str = "",
        response: str = "",
    ) -> None:
        kept = ended(
            row, state, reason, self.now_us, attempts=attempts, request=request, response=response
        )
        self.settled.append(Settled(row.key, kept))
        self.says.append(told(row, self._name(row), result, {"reason": reason, **why}, self.now_us))

    def _gone(self, row: Row, result: str, why: dict[str, Json]) -> None:
        self.settled.append(Settled(row.key, None))
        if result == "sent" and is_of_a_sync(row):
            self.taken.append(row)
            return
        self.says.append(told(row, self._name(row), result, why, self.now_us))

    def _back(self, row: Row) -> None:
        self.settled.append(Settled(row.key, released(row, next_us=self.now_us)))

    def _name(self, row: Row) -> str:
        return self._lanes.name_for(row.deliver)

    def _destined(self, row: Row) -> Destined | None:
        return self._lanes.destined(self._name(row))

    def _is_once(self, row: Row) -> bool:
        destined = self._destined(row)
        usual = destined.delivery if destined else "at_least_once"
        return delivery_of(row.deliver, usual) == "at_most_once"


def request_of(parcel: Parcel) -> str:
    """What was said, as it may be shown (A6)."""
    told: dict[str, object] = {"kind": parcel.kind, "body": parcel.body}
    if parcel.mail is not None:
        told["mail"] = parcel.mail
    return _cut(masked(msgspec.json.encode(told).decode()))


def _cut(text: str) -> str:
    """At most so many bytes."""
    return masked(text).encode()[:RESPONSE_MAX].decode("utf-8", "ignore")
