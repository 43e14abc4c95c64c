"""Appends of an import, one at a time, beside whoever judges the next rows (ADR 36).

SQLite writes and waits for the disk without the interpreter, so the next transaction's rows are
judged meanwhile. Transactions stay in their order and each carries its own cursor: what a crash
leaves is what it left when they were waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Protocol, Self

from journeyfold.core.ports import Cursor, Entry, Fate, Held

Draft = Callable[[Sequence[Entry | Held]], Sequence[Any]]
"""What of an append needs no lock; done while the items are at hand, so that of an event only
what is written waits for its transaction."""


class Append(Protocol):
    """One transaction of the log: items, tally and cursor commit together or not at all.

    `items` are what `Draft` made of them.
    """

    def __call__(
        self,
        items: Sequence[Any],
        *,
        rejected: Sequence[tuple[str, int]],
        cursor: Cursor,
    ) -> list[Fate]: ...


class Appending:
    """`begin` one, then `settle` it; leaving the block waits for what was begun."""

    def __init__(self, append: Append) -> None:
        self._append = append
        self._thread = ThreadPoolExecutor(1, "append")
        self._begun: Future[list[Fate]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()

    def begin(
        self,
        items: Sequence[Any],
        *,
        rejected: Sequence[tuple[str, int]],
        cursor: Cursor,
    ) -> None:
        assert self._begun is None, "one at a time: settle the last one first"
        self._begun = self._thread.submit(self._append, items, rejected=rejected, cursor=cursor)

    def settle(self) -> list[Fate]:
        """The fates of what was begun last, in its order; raises what the append raised."""
        begun, self._begun = self._begun, None
        return [] if begun is None else begun.result()
