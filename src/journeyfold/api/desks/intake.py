"""The log as a tail, and quarantine with its way back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.adapters.admin_audit import By
from journeyfold.api.cards import HeldReason, HeldRecord, Previewed, Replayed, Tally
from journeyfold.api.desks.snapshot import Snapshot, snapshot
from journeyfold.core.event import Identifier, Record
from journeyfold.log.quarantine import HeldMessage
from journeyfold.project.check import load_checked
from journeyfold.project.load import read_directory
from journeyfold.project.standing import standing
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.quarantine_work import (
    Choice,
    Judging,
    chosen_by,
    drop,
    preview,
    waiting,
)
from journeyfold.runtime.requarantine import judge_by, replay_held

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
        found: dict[tuple[str, str, str, str], HeldReason] = {}
        for group in waiting(self._platform.log):
            key = (group.code, group.pointer, group.name, group.source)
            before = found.get(key, HeldReason(*key, 0, group.first_us, group.last_us))
            found[key] = HeldReason(
                *key, before.waiting + group.messages, min(before.first_us, group.first_us),
                max(before.last_us, group.last_us), group.schema,
            )  # fmt: skip
        return sorted(
            found.values(), key=lambda reason: (-reason.waiting, reason.code, reason.name)
        )

    def rows(
        self, *, code: str = "", source: str = "", name: str = "", pointer: str = "",
        before: int = 0, limit: int = 50,
    ) -> Sequence[HeldRecord]:  # fmt: skip
        chosen = [
            message
            for message in chosen_by(self._platform.log, Choice(source, code, name, pointer))
            if not before or message.id < before
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

    def replay(
        self, *, code: str, source: str, name: str, actor: str, dry_run: bool, pointer: str = ""
    ) -> Replayed:
        chosen = list(chosen_by(self._platform.log, Choice(source, code, name, pointer)))
        judge = judge_by(self._platform.door.gates())
        done = replay_held(self._platform.log, judge, chosen, self._platform.clock, dry_run=dry_run)
        if not dry_run:
            self._audit(actor, "quarantine.replay", f"{source}/{code}/{name}")
        return Replayed(done.appended, done.duplicate, done.quarantined, done.rejected)

    def preview(self, *, code: str, source: str, name: str, pointer: str) -> Previewed:
        platform = self._platform
        judging = Judging(
            platform.log, platform.clock, platform.workspace.node_key,
            platform.keyring.derive("link"), platform.state, platform.project.hash,
        )  # fmt: skip
        done = preview(
            judging, Choice(source, code, name, pointer),
            lambda: load_checked(read_directory(platform.place.directory)),
        )  # fmt: skip
        problems = tuple(
            f"{each.file}:{each.line}: {each.code} {each.message}" for each in done.problems
        )
        return Previewed(
            done.tried, done.fits, done.duplicate, done.still, done.is_in_force, problems
        )

    def drop(self, *, code: str, source: str, name: str, pointer: str, actor: str) -> int:
        dropped = drop(self._platform.log, Choice(source, code, name, pointer))
        self._audit(actor, "quarantine.drop", f"{source}/{code}/{name}")
        return dropped

    def _audit(self, actor: str, act: str, subject: str) -> None:
        by = By(actor, "admin", self._platform.clock.now_us())
        self._platform.admin.audit.add(by, act, subject)


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
