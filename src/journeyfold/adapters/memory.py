"""The log and the state in memory: the shipped doubles, with the promises of the real ones.

Nothing survives the process, and nothing can be damaged; everything else is as
`testing.contracts` says. Not for more than a few hundred thousand records.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from journeyfold.adapters.memory_held import MemoryMarks, MemoryQuarantine
from journeyfold.collect.held import conflict
from journeyfold.core.event import ENVELOPE_VERSION, Record
from journeyfold.core.instant import MINUTE_US
from journeyfold.core.ports import (
    SPACES,
    Cursor,
    Entry,
    Fate,
    FateName,
    Held,
    StateReader,
    StateWriter,
)
from journeyfold.log import codec
from journeyfold.log.flags import flags_of


class MemoryLog:
    """`core.ports.EventLog`, and beside it `quarantine` and `marks`."""

    def __init__(self) -> None:
        self.quarantine = MemoryQuarantine()
        self.marks = MemoryMarks()
        self._lock = threading.RLock()
        self._records: list[Record] = []
        self._seen: dict[bytes, tuple[int, int]] = {}
        self._nodes: dict[bytes, list[int]] = {}

    def append(
        self,
        items: Sequence[Entry | Held],
        *,
        now_us: int,
        rejected: Iterable[tuple[str, int]] = (),
        cursor: Cursor | None = None,
        replayed: Sequence[int] = (),
    ) -> list[Fate]:
        with self._lock:
            # What cannot be encoded fails here, before anything has changed: all or nothing.
            bodies = [codec.encode(each.event) for each in items if isinstance(each, Entry)]
            events = iter(bodies)
            at_us = max(now_us, self.head()[1])
            # First, so that a message that is held anew finds its place free.
            self.quarantine.leave(replayed, "replayed")
            counts: dict[str, dict[FateName, int]] = {}
            fates = []
            for item in items:
                if isinstance(item, Entry):
                    source, fate = item.event.source, self._settle(item, next(events), at_us)
                else:
                    source, fate = item.source, self._hold(item)
                fates.append(fate)
                of_source = counts.setdefault(source, {})
                of_source[fate.fate] = of_source.get(fate.fate, 0) + 1
            for source, count in rejected:
                of_source = counts.setdefault(source, {})
                of_source["rejected"] = of_source.get("rejected", 0) + count
            for source, of_source in counts.items():
                self.marks.add(source, at_us // MINUTE_US, of_source)
            if cursor is not None:
                self.marks.set_cursor(cursor)
            return fates

    def drafts(self, items: Sequence[Entry | Held]) -> list[Entry | Held]:
        """Nothing to do before the lock, but finding out what cannot be encoded."""
        for each in items:
            if isinstance(each, Entry):
                codec.encode(each.event)
        return list(items)

    def append_drafts(
        self,
        drafts: Sequence[Entry | Held],
        *,
        now_us: int,
        rejected: Iterable[tuple[str, int]] = (),
        replayed: Sequence[int] = (),
    ) -> list[Fate]:
        return self.append(drafts, now_us=now_us, rejected=rejected, replayed=replayed)

    def read(self, after: int, limit: int) -> list[Record]:
        return self._records[after + 1 : after + 1 + limit]

    def history(
        self, nodes: Iterable[bytes], *, upto: int, before: int | None = None, limit: int = 0
    ) -> list[Record]:
        top = upto if before is None else min(upto, before - 1)
        named = {offset for node in nodes for offset in self._nodes.get(node, ()) if offset <= top}
        offsets = sorted(named, reverse=before is not None)[: limit or None]
        return [self._records[offset] for offset in offsets]

    def find(self, source: str, event_id: str) -> Record | None:
        known = self._seen.get(codec.dedupe_key(source, event_id))
        return self._records[known[1]] if known else None

    def head(self) -> tuple[int, int]:
        if not self._records:
            return -1, 0
        return self._records[-1].offset, self._records[-1].appended_us

    def close(self) -> None:
        """Nothing to do."""

    def _settle(self, entry: Entry, body: bytes, at_us: int) -> Fate:
        key = codec.dedupe_key(entry.event.source, entry.event.id)
        fingerprint = codec.signed_64(entry.fingerprint)
        known = self._seen.get(key)
        if known is None:
            offset = len(self._records)
            # Through bytes, so that nobody's later change of a dict changes the log.
            event = codec.decode(ENVELOPE_VERSION, body)
            self._records.append(Record(offset, at_us, entry.kind, event))
            self._seen[key] = (fingerprint, offset)
            self.quarantine.mark(flags_of(event))
            for node in dict.fromkeys(entry.nodes):
                self._nodes.setdefault(node, []).append(offset)
            return Fate("appended", offset)
        if known[0] == fingerprint:
            return Fate("duplicate", known[1])
        if entry.kind == "output":
            return Fate("duplicate", known[1], "output_differs")
        return self._hold(conflict(entry))

    def _hold(self, held: Held) -> Fate:
        self.quarantine.hold(held)
        return Fate("quarantined", -1, held.code, held.pointer, held.detail)


class _Spaces:
    """Sorted keys and their values by space."""

    def __init__(self, values: dict[str, dict[bytes, bytes]]) -> None:
        self.values = values
        self.keys = {space: sorted(each) for space, each in values.items()}

    def get(self, space: str, key: bytes) -> bytes | None:
        return self.values[space].get(key)

    def scan(
        self, space: str, start: bytes = b"", stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        keys = self.keys[space]
        first = bisect_left(keys, start)
        last = len(keys) if stop is None else bisect_left(keys, stop)
        for key in keys[first:last]:
            yield key, self.values[space][key]

    def change(self, space: str, key: bytes, value: bytes | None) -> None:
        """None deletes."""
        values, keys = self.values[space], self.keys[space]
        if value is None:
            if values.pop(key, None) is not None:
                del keys[bisect_left(keys, key)]
            return
        if key not in values:
            insort(keys, key)
        values[key] = value


class _Overlay:
    """Changes over what is committed; they are seen here first."""

    def __init__(self, committed: _Spaces) -> None:
        self._committed = committed
        self.changes: dict[str, dict[bytes, bytes | None]] = {space: {} for space in SPACES}

    def get(self, space: str, key: bytes) -> bytes | None:
        changed = self.changes[space]
        return changed[key] if key in changed else self._committed.get(space, key)

    def scan(
        self, space: str, start: bytes = b"", stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        changed = self.changes[space]
        found = dict(self._committed.scan(space, start, stop))
        for key, value in changed.items():
            if key < start or (stop is not None and key >= stop):
                continue
            found.pop(key, None)
            if value is not None:
                found[key] = value
        yield from sorted(found.items())

    def put(self, space: str, key: bytes, value: bytes) -> None:
        self.changes[space][key] = value

    def delete(self, space: str, key: bytes) -> None:
        self.changes[space][key] = None


class MemoryState:
    """`core.ports.StateStore`: a writer's changes join on exit; open readers keep their snapshot."""

    def __init__(self) -> None:
        self._committed = _Spaces({space: {} for space in SPACES})
        self._writing = threading.Lock()
        self._readers = 0

    @contextmanager
    def read(self) -> Iterator[StateReader]:
        self._readers += 1
        try:
            yield self._committed
        finally:
            self._readers -= 1

    @contextmanager
    def write(self) -> Iterator[StateWriter]:
        with self._writing:
            overlay = _Overlay(self._committed)
            yield overlay
            if self._readers:
                copied = {space: dict(each) for space, each in self._committed.values.items()}
                self._committed = _Spaces(copied)
            for space, changes in overlay.changes.items():
                for key, value in changes.items():
                    self._committed.change(space, key, value)

    def staged(self) -> AbstractContextManager[StateWriter]:
        return self.write()

    def settle(self) -> None:
        """A commit takes no time."""

    def newest(self) -> AbstractContextManager[StateReader]:
        return self.read()

    def warm(self, space: str, keys: Sequence[bytes]) -> None:
        """It is all in memory."""

    def trim(self) -> None:
        """Nothing is held twice."""

    def close(self) -> None:
        """Nothing to do."""
