"""The log as a tail, and quarantine with its way back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.adapters.admin_audit import By
from journeyfold.api.cards import HeldReason, HeldRecord, Replayed, Tally
from journeyfold.api.desks.snapshot import Snapshot, snapshot
from journeyfold.core.event import Identifier, Record
from journeyfold.log.quarantine import HeldMessage
from journeyfold.project.engine import standing
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.requarantine import every_held, judge_by, replay_held

_MINUTE_US = 60_000_000


class Log:
    """`api.desk.LogDesk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def head(self) -> tuple[int, int]:
        return self._platform.log.head()

    def read(self, after: int, limit: int) -> list[Record]:
        return self._platform.log.read(after, limit)

    def folded(self) -> tuple[int, int]:
        state = self._platform.state()
        if state is None:
            return -1, 0
        with state.read() as reader:
            done = standing(reader)
        return done.offset, done.appended_us

    def tallies(self, since_us: int) -> Sequence[Tally]:
        summed: dict[str, list[int]] = {}
        for row in self._platform.log.marks.tallies(since_us // _MINUTE_US):
            if row.source.startswith("_"):  # the platform's own records
                continue
            counts = summed.setdefault(row.source, [0, 0, 0, 0])
            for place, fate in enumerate(("appended", "duplicate", "quarantined", "rejected")):
                counts[place] += getattr(row, fate)
        return [Tally(source, *counts) for source, counts in sorted(summed.items())]


class QuarantineRoom:
    """`api.desk.QuarantineDesk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def reasons(self) -> Sequence[HeldReason]:
        found: dict[tuple[str, str, str, str], list[int]] = {}
        for message in every_held(self._platform.log):
            held = message.held
            key = (held.code, held.pointer, held.name, held.source)
            at = found.setdefault(key, [0, held.received_us, held.received_us])
            at[0] += 1
            at[1], at[2] = min(at[1], held.received_us), max(at[2], held.received_us)
        reasons = [HeldReason(*key, *row) for key, row in found.items()]
        return sorted(reasons, key=lambda reason: (-reason.waiting, reason.code, reason.name))

    def rows(
        self, *, code: str = "", source: str = "", name: str = "", before: int = 0, limit: int = 50
    ) -> Sequence[HeldRecord]:
        chosen = [
            message
            for message in every_held(self._platform.log, source or None, code or None)
            if (not name or message.held.name == name) and (not before or message.id < before)
        ]
        newest = chosen[-limit:][::-1]
        with snapshot(self._platform) as look:
            return [_record(message, look) for message in newest]

    def row(self, held_id: int) -> HeldRecord | None:
        message = self._platform.log.quarantine.get(held_id)
        if message is None or message.state != "held":
            return None
        with snapshot(self._platform) as look:
            return _record(message, look)

    def replay(self, *, code: str, source: str, name: str, actor: str, dry_run: bool) -> Replayed:
        chosen = [
            message
            for message in every_held(self._platform.log, source or None, code or None)
            if not name or message.held.name == name
        ]
        judge = judge_by(self._platform.door.gates())
        done = replay_held(self._platform.log, judge, chosen, self._platform.clock, dry_run=dry_run)
        if not dry_run:
            by = By(actor, "admin", self._platform.clock.now_us())
            self._platform.admin.audit.add(by, "quarantine.replay", f"{source}/{code}/{name}")
        return Replayed(done.appended, done.duplicate, done.quarantined, done.rejected)


class _Claim(msgspec.Struct):
    kind: str
    value: str


class _Named(msgspec.Struct):
    """The part of a held message that says whom it is about, as the door wrote it."""

    identifiers: tuple[_Claim, ...] = ()


def _person(message: bytes, look: Snapshot) -> str:
    """Who has one of its identifiers now; the message itself has touched nobody."""
    try:
        named = msgspec.json.decode(message, type=_Named)
    except msgspec.DecodeError:  # one that an older door wrote otherwise
        return ""
    claims = (Identifier(one.kind, one.value) for one in named.identifiers)
    nodes = filter(None, map(look.node, claims))
    return next(filter(None, map(look.resolver.person_of, nodes)), "")


def _record(message: HeldMessage, look: Snapshot) -> HeldRecord:
    held = message.held
    return HeldRecord(
        id=message.id, source=held.source, name=held.name, event_id=held.event_id, code=held.code,
        pointer=held.pointer, detail=held.detail, received_us=held.received_us,
        message=held.message, person=_person(held.message, look),
    )  # fmt: skip
