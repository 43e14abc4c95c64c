"""Writes that are seen at once and committed beside what comes next (ADR 41).

A batch writes into memory, over what is committed and what the batch before it wrote. Handed over,
it is put into a transaction of a thread of its own; putting needs the interpreter, so the caller
waits for that, and writing the pages does not, so the next batch is made meanwhile. There is never
more than one on its way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

from journeyfold.core.ports import SPACES, StateReader, StateWriter

Rows = Mapping[str, dict[bytes, bytes | None]]
"""Space → key → value; None where it is deleted."""


def no_rows() -> Rows:
    return {space: {} for space in SPACES}


class Ahead:
    """A reader with values that were read ahead from the same commit."""

    def __init__(self, below: StateReader, space: str, values: Mapping[bytes, bytes]) -> None:
        self._below, self._space, self._values = below, space, values
        self.scan = below.scan

    def get(self, space: str, key: bytes) -> bytes | None:
        found = self._values.get(key) if space == self._space else None
        return self._below.get(space, key) if found is None else found


class Overlay:
    """A `StateWriter` in memory: what it wrote, then what is `staged`, then what lies `below`."""

    def __init__(self, below: StateReader, staged: Rows) -> None:
        self._below, self._staged = below, staged
        self.rows = no_rows()

    def get(self, space: str, key: bytes) -> bytes | None:
        written = self.rows[space]
        if key in written:
            return written[key]
        staged = self._staged[space]
        return staged[key] if key in staged else self._below.get(space, key)

    def scan(
        self, space: str, start: bytes = b"", stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        changed = {**self._staged[space], **self.rows[space]}
        keys = sorted(key for key in changed if key >= start and (stop is None or key < stop))
        at = 0
        for key, value in self._below.scan(space, start, stop):
            while at < len(keys) and keys[at] < key:
                yield from _there(keys[at], changed)
                at += 1
            if at < len(keys) and keys[at] == key:
                yield from _there(key, changed)
                at += 1
            else:
                yield key, value
        for key in keys[at:]:
            yield from _there(key, changed)

    def put(self, space: str, key: bytes, value: bytes) -> None:
        self.rows[space][key] = value

    def delete(self, space: str, key: bytes) -> None:
        self.rows[space][key] = None


def _there(key: bytes, changed: Mapping[bytes, bytes | None]) -> Iterator[tuple[bytes, bytes]]:
    value = changed[key]
    if value is not None:
        yield key, value


class Committing:
    """`begin` opens a write transaction that commits on exit."""

    def __init__(self, begin: Callable[[], AbstractContextManager[StateWriter]]) -> None:
        self._begin = begin
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: Future[None] | None = None
        self.rows = no_rows()  # handed over, perhaps not committed yet

    def hand_over(self, rows: Rows) -> None:
        """Returns when they are in the transaction; `settle` says whether it was committed."""
        assert self._under_way is None, "one commit at a time"
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "committing")
        is_put = threading.Event()
        self.rows = rows
        self._under_way = self._thread.submit(self._commit, rows, is_put)
        is_put.wait()

    def wait(self) -> None:
        """Until nothing is on its way; a failure is for who handed it over. What is committed is
        not held over the state any more: whoever waits is about to change it there.
        """
        under_way = self._under_way
        if under_way is not None and under_way.exception() is None:
            self.rows = no_rows()

    def require_going(self) -> None:
        """Raises what went wrong, if that is known. What was committed stays in `rows`: somebody
        may have read ahead before it was.
        """
        under_way = self._under_way
        if under_way is not None and under_way.done() and under_way.exception() is not None:
            self.settle()

    def settle(self) -> None:
        """Until it is committed; raises what went wrong, and what it wrote is forgotten then."""
        under_way = self._under_way
        if under_way is None:
            return
        try:
            under_way.result()
        finally:
            self._under_way, self.rows = None, no_rows()

    def close(self) -> None:
        self.wait()
        if self._thread is not None:
            self._thread.shutdown()

    def _commit(self, rows: Rows, is_put: threading.Event) -> None:
        try:
            with self._begin() as writer:
                for space, changed in rows.items():
                    for key, value in changed.items():
                        if value is None:
                            writer.delete(space, key)
                        else:
                            writer.put(space, key, value)
                is_put.set()
        finally:
            is_put.set()
