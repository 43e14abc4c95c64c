"""The second chance: held messages under today's plan, each leaving with its append (collect C31)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.collect.admit import Gate, replay
from journeyfold.collect.json_entry import Refused
from journeyfold.core.ports import Clock, Entry, Fate, Held
from journeyfold.log.quarantine import HeldMessage
from journeyfold.project.reports import HeldItem

Judge = Callable[[Held], Entry | Held | Refused]
_PIECE = 500


class Retried(msgspec.Struct, frozen=True):
    """`still` counts by reason what stays held."""

    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    still: dict[str, int] = {}


def replay_held(
    log: SqliteLog, judge: Judge, messages: Sequence[HeldMessage], clock: Clock, *, dry_run: bool
) -> Retried:
    """Judge each message anew; append those that fit. Repeating it changes nothing."""
    fates: Counter[str] = Counter()
    still: Counter[str] = Counter()
    fitting: list[tuple[int, Entry]] = []
    for message in messages:
        judged = judge(message.held)
        if isinstance(judged, Entry):
            fitting.append((message.id, judged))
        elif isinstance(judged, Held):
            fates["quarantined"] += 1
            still[judged.code] += 1
        else:
            fates["rejected"] += 1
            still[judged.code] += 1
    for at in range(0, len(fitting), _PIECE):
        done = _appended(log, fitting[at : at + _PIECE], clock, dry_run=dry_run)
        fates.update(fate.fate for fate in done)
        still.update(fate.code for fate in done if fate.fate == "quarantined")
    return Retried(
        fates["appended"], fates["duplicate"], fates["quarantined"], fates["rejected"], dict(still)
    )


def judge_by(gates: Mapping[str, Gate]) -> Judge:
    """By the gate of the source that sent it; a source that is gone refuses."""

    def judge(held: Held) -> Entry | Held | Refused:
        gate = gates.get(held.source)
        if gate is None:
            return Refused("unknown_source", "", f"the project has no source {held.source}")
        return replay(gate, held)

    return judge


def chosen(
    log: SqliteLog, source: str | None, code: str | None, items: Sequence[int]
) -> list[HeldMessage]:
    """What is held and meant, oldest first."""
    if items:
        found = [log.quarantine.get(item) for item in items]
        return [each for each in found if each is not None and each.state == "held"]
    every: list[HeldMessage] = []
    while page := log.quarantine.page(
        source=source, code=code, after=every[-1].id if every else 0, limit=_PIECE
    ):
        every += page
    return every


def item_of(message: HeldMessage) -> HeldItem:
    """As the command line shows it."""
    held = message.held
    try:
        shown = msgspec.json.decode(held.message)
    except msgspec.DecodeError:
        shown = held.message.decode("utf-8", "replace")
    return HeldItem(
        id=message.id, source=held.source, name=held.name, code=held.code, pointer=held.pointer,
        detail=held.detail, received_us=held.received_us, event_id=held.event_id,
        schema=held.schema, message=shown,
    )  # fmt: skip


def _appended(
    log: SqliteLog, piece: Sequence[tuple[int, Entry]], clock: Clock, *, dry_run: bool
) -> list[Fate]:
    if dry_run:
        return [
            Fate("duplicate" if log.find(entry.event.source, entry.event.id) else "appended")
            for _, entry in piece
        ]
    return log.append(
        [entry for _, entry in piece], now_us=clock.now_us(), replayed=[row for row, _ in piece]
    )
