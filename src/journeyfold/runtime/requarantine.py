"""The second chance: held messages under today's plan, each leaving with its append (collect C31),
and records the fold had to park, folded again (REL-12).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from journeyfold.adapters.sqlite_log import SqliteLog
from journeyfold.adapters.state_opening import Damage, open_state
from journeyfold.collect.admit import Gate, replay
from journeyfold.collect.json_entry import Refused
from journeyfold.core.errors import UsageError
from journeyfold.core.ports import Clock, Entry, Fate, Held, StateStore
from journeyfold.log.quarantine import HeldMessage
from journeyfold.project.parking import Parked
from journeyfold.project.reports import HeldItem, ParkedItem, QuarantineReplay
from journeyfold.runtime import refolding
from journeyfold.runtime.gates import gates_of
from journeyfold.runtime.notify import Notifier
from journeyfold.runtime.workspace import Workspace

Judge = Callable[[Held], Entry | Held | Refused]
FOLD_FAILED = "fold_failed"  # the reason under which parked records are asked for
_PIECE = 500


class Retried(msgspec.Struct, frozen=True):
    """`still` counts by reason what stays held."""

    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    still: dict[str, int] = {}


def replay_chosen(
    workspace: Workspace, source: str | None, code: str | None, items: Sequence[int], *,
    dry_run: bool, progress: Callable[[str, int, int | None], None],
) -> QuarantineReplay:  # fmt: skip
    """What the command line asks: with the consents of the last commit, as the door judges."""
    messages = chosen(workspace.log, source, code, items)
    progress("replaying quarantine", 0, len(messages))
    with last_commit(workspace) as state:
        gates = gates_of(
            workspace.project_in_force(), workspace.node_key, lambda: state,
            receipt_key=workspace.keyring.derive("link"),
        )  # fmt: skip
        done = replay_held(
            workspace.log, judge_by(gates), messages, workspace.clock, dry_run=dry_run
        )
        parked = [] if items else parked_of(state, source, code)
    progress("replaying quarantine", len(messages), len(messages))
    if parked and not dry_run:
        refolding.ask(workspace.log.marks)
    notifier = Notifier(workspace.place.run, "work")
    notifier.send()
    notifier.close()
    return QuarantineReplay(
        tried=len(messages), appended=done.appended, duplicate=done.duplicate, still=done.still,
        rejected=done.rejected, dry_run=dry_run, parked=len(parked),
    )  # fmt: skip


def parked_of(state: StateStore | None, source: str | None, code: str | None) -> list[Parked]:
    """What the fold could not take, oldest first; no state, nothing parked."""
    if state is None or code not in {None, FOLD_FAILED}:
        return []
    with state.read() as reader:
        found = refolding.parked_in(reader)
    return [each for each in found if source is None or each.source == source]


@contextmanager
def last_commit(workspace: Workspace) -> Iterator[StateStore | None]:
    """The state as `work` left it; None while there is none."""
    opened = open_state(workspace.place.data, "read")
    if isinstance(opened, Damage):
        yield None
        return
    try:
        yield opened
    finally:
        opened.close()


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
    for fate in _fates(log, fitting, clock, dry_run=dry_run):
        fates[fate.fate] += 1
        still.update([fate.code] if fate.fate == "quarantined" else [])
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
    """What is held and meant, oldest first. UsageError for a message that never was there."""
    if items:
        found = [_known(log, item) for item in items]
        return [each for each in found if each.state == "held"]
    return list(every_held(log, source, code))


def _known(log: SqliteLog, item: int) -> HeldMessage:
    message = log.quarantine.get(item)
    if message is None:
        raise UsageError(f"there is no message {item} in quarantine")
    return message


def newest(log: SqliteLog, source: str | None, code: str | None, limit: int) -> list[HeldMessage]:
    """What is held, newest first."""
    return list(deque(every_held(log, source, code), maxlen=limit))[::-1]


def every_held(
    log: SqliteLog, source: str | None = None, code: str | None = None
) -> Iterator[HeldMessage]:
    """Oldest first, a page at a time."""
    after = 0
    while page := log.quarantine.page(source=source, code=code, after=after, limit=_PIECE):
        yield from page
        after = page[-1].id


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


def parked_item_of(parked: Parked) -> ParkedItem:
    """As the command line shows it: the error itself, without the way to it."""
    *_, error = parked.why.strip().splitlines()
    return ParkedItem(
        offset=parked.offset, source=parked.source, name=parked.name, code=FOLD_FAILED,
        detail=error, person=parked.person,
    )  # fmt: skip


def _fates(
    log: SqliteLog, fitting: Sequence[tuple[int, Entry]], clock: Clock, *, dry_run: bool
) -> Iterator[Fate]:
    if dry_run:
        yield from log.quarantine.would_be([entry for _, entry in fitting])
        return
    for at in range(0, len(fitting), _PIECE):
        piece = fitting[at : at + _PIECE]
        yield from log.append(
            [entry for _, entry in piece], now_us=clock.now_us(), replayed=[row for row, _ in piece]
        )
