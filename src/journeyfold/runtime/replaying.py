"""`replay`: the state built anew from the log beside the live one, and compared byte by byte."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from journeyfold.adapters.lmdb_state import LmdbState
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Record
from journeyfold.core.ports import SPACES, Cursor, Entry, EventLog, Fate, Held, StateReader
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.people import sizes
from journeyfold.project.reports import ReplayReport
from journeyfold.project.standing import standing
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.garbage import rare_collections
from journeyfold.runtime.workspace import Workspace

Progress = Callable[[str, int, int | None], None]
BATCH = 4_000
DIFFERENCES_MAX = 20
# What was sent since, what is on its way, and why (it holds line numbers).
_NOT_COMPARED = frozenset({"outbox", "outbox_by", "row", "parked"})


@rare_collections()
def replay(workspace: Workspace, *, verify: bool, by: str, progress: Progress) -> ReplayReport:
    """Builds in a temporary directory inside the data directory, removed afterwards.

    With `verify` the live state is read at one commit and the rebuild goes up to its offset.
    """
    if by not in {"appended", "occurred"}:
        raise UsageError(f"--by: '{by}' is neither appended nor occurred")
    beside = Path(tempfile.mkdtemp(prefix="replay-", dir=workspace.place.data))
    live = workspace.read_state() if verify else None
    try:
        rebuilt = LmdbState(beside / "state.lmdb")
        started = time.monotonic()
        try:
            if live is None:
                records, people, outputs = _rebuild(workspace, rebuilt, None, by, progress)
                return _report(records, people, started, by)
            with live.read() as reader:
                upto = standing(reader).offset
                records, people, outputs = _rebuild(workspace, rebuilt, upto, by, progress)
                with rebuilt.read() as again:
                    differences = [*_parked(reader, again), *_compared(reader, again)]
            differences += _outputs(workspace, outputs, upto)
            return _report(records, people, started, by, differences)
        finally:
            rebuilt.close()
    finally:
        if live is not None:
            live.close()
        shutil.rmtree(beside)


def _rebuild(
    workspace: Workspace, state: LmdbState, upto: int | None, by: str, progress: Progress
) -> tuple[int, int, set[str]]:
    """(records folded, people, ids of what the fold emitted)."""
    head = workspace.log.head()[0] if upto is None else upto
    past = _Past(workspace.log, head, by)
    engine = Engine(
        workspace.log, workspace.node_key, lambda files: compile_project(load(files)),
        complete_builds=True,
    )  # fmt: skip
    loop = FoldLoop(past, state, engine, workspace.clock)
    while loop.batch(BATCH)[0]:
        past.clock_us = loop.standing.appended_us
        progress("replaying", loop.standing.offset + 1, head + 1)
    with state.read() as reader:
        return loop.standing.offset + 1, sizes(reader).get("people", 0), past.emitted


class _Past(EventLog):
    """The log up to an offset as the fold reads it; what the fold emits is noted, not appended.

    By `occurred`, log time is when it happened, as far as that never goes back: a reconstruction
    (segments C12).
    """

    def __init__(self, log: EventLog, upto: int, by: str) -> None:
        self._log, self._upto, self._by = log, upto, by
        self.clock_us = 0
        self.emitted: set[str] = set()

    def read(self, after: int, limit: int) -> list[Record]:
        limit = min(limit, self._upto - after)
        records = self._log.read(after, limit) if limit > 0 else []
        return _by_occurred(records, self.clock_us) if self._by == "occurred" else records

    def append(
        self,
        items: Sequence[Entry | Held],
        *,
        now_us: int,
        rejected: Iterable[tuple[str, int]] = (),
        cursor: Cursor | None = None,
        replayed: Sequence[int] = (),
    ) -> list[Fate]:
        del now_us, rejected, cursor, replayed  # nothing but outputs is appended by a fold
        self.emitted.update(item.event.id for item in items if isinstance(item, Entry))
        return [Fate("duplicate") for _ in items]

    def history(
        self, nodes: Iterable[bytes], *, upto: int, before: int | None = None, limit: int = 0
    ) -> list[Record]:
        return self._log.history(nodes, upto=min(upto, self._upto), before=before, limit=limit)

    def find(self, source: str, event_id: str) -> Record | None:
        return self._log.find(source, event_id)

    def head(self) -> tuple[int, int]:
        return self._upto, self.clock_us


def _by_occurred(records: Sequence[Record], clock_us: int) -> list[Record]:
    told = []
    for record in records:
        clock_us = max(clock_us, record.event.occurred_us)
        told.append(Record(record.offset, clock_us, record.kind, record.event))
    return told


def _compared(live: StateReader, rebuilt: StateReader) -> Iterator[str]:
    found = 0
    for space in SPACES:
        if space in _NOT_COMPARED:
            continue
        for key in _differing(live, rebuilt, space):
            found += 1
            if found > DIFFERENCES_MAX:
                yield "and more"
                return
            yield f"{space} {key!r}"


def _differing(live: StateReader, rebuilt: StateReader, space: str) -> Iterator[bytes]:
    """Keys present in one only, or with other bytes: a merge of two sorted scans."""
    ours, theirs = live.scan(space), rebuilt.scan(space)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            assert one is not None, "one of the two is there"
            yield one[0]
            one = next(ours, None)
        elif one is None or other[0] < one[0]:
            yield other[0]
            other = next(theirs, None)
        else:
            if one[1] != other[1]:
                yield one[0]
            one, other = next(ours, None), next(theirs, None)


def _parked(live: StateReader, rebuilt: StateReader) -> Iterator[str]:
    """What was parked under an earlier release, say, and folds now."""
    before, now = ({key for key, _ in reader.scan("parked")} for reader in (live, rebuilt))
    if before != now:
        yield (
            f"{len(before)} records are parked and {len(now)} would be: "
            "`journeyfold quarantine replay` folds them again"
        )


def _outputs(workspace: Workspace, emitted: set[str], upto: int) -> list[str]:
    """What the fold says it emitted must be in the log (architecture: a replay must agree)."""
    missing = [each for each in sorted(emitted) if workspace.log.find("_fold", each) is None]
    return [f"output {each} is not in the log up to {upto}" for each in missing[:DIFFERENCES_MAX]]


def _report(
    records: int, people: int, started: float, by: str, differences: list[str] | None = None
) -> ReplayReport:
    return ReplayReport(
        records=records, people=people, seconds=round(time.monotonic() - started, 3),
        by="occurred" if by == "occurred" else "appended",
        is_equal=None if differences is None else not differences,
        differences=tuple(differences or ()),
    )  # fmt: skip
