"""Triggers on their way to open pages: who entered a segment that a placement waits for (W4).

The fold's process publishes, this process keeps each trigger until it is too old, and wakes the
streams of that person. A page that connects late or polls still finds it.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import msgspec

NODES_MAX = 20_000
KEPT_PER_NODE = 20
STREAMS_MAX = 1_000


class Triggered(msgspec.Struct, frozen=True):
    """`placement` should be decided now, because of an entry at `entered_us`."""

    placement: str
    entered_us: int


class _Kept(NamedTuple):
    """A trigger that waits for its page until it is too old."""

    entered_us: int
    until_us: int


class Hub:
    """In memory only: a trigger is worth nothing when its page is gone."""

    def __init__(self, nodes_max: int = NODES_MAX) -> None:
        self._nodes_max = nodes_max
        self._kept: OrderedDict[bytes, dict[str, _Kept]] = OrderedDict()
        self._waiting: dict[bytes, set[asyncio.Event]] = {}
        self.dropped: Counter[str] = Counter()
        self.open = 0

    def publish(
        self,
        nodes: Iterable[bytes],
        placement: str,
        entered_us: int,
        *,
        now_us: int,
        max_age_us: int,
    ) -> bool:
        """Tell whoever listens for any of the person's nodes; False, and counted, if too old."""
        if now_us - entered_us > max_age_us:
            self.dropped["too_old"] += 1
            return False
        for node in nodes:
            kept = self._kept.setdefault(node, {})
            new = _Kept(entered_us, entered_us + max_age_us)
            kept[placement] = max(new, kept.get(placement, new))
            self._kept.move_to_end(node)
            if len(kept) > KEPT_PER_NODE:
                del kept[min(kept, key=lambda each: (kept[each], each))]
            for waiting in self._waiting.get(node, ()):
                waiting.set()
        while len(self._kept) > self._nodes_max:
            self._kept.popitem(last=False)
        return True

    def since(self, node: bytes, after_us: int, now_us: int) -> list[Triggered]:
        """Triggers entered after an instant and not too old now, oldest first."""
        found = [
            Triggered(placement, kept.entered_us)
            for placement, kept in self._kept.get(node, {}).items()
            if kept.entered_us > after_us and now_us <= kept.until_us
        ]
        return sorted(found, key=lambda each: (each.entered_us, each.placement))

    @contextmanager
    def listening(self, node: bytes) -> Iterator[asyncio.Event]:
        """An event that is set when something is published for the node."""
        woken = asyncio.Event()
        self._waiting.setdefault(node, set()).add(woken)
        self.open += 1
        try:
            yield woken
        finally:
            self.open -= 1
            self._waiting[node].discard(woken)
            if not self._waiting[node]:
                del self._waiting[node]
