"""What the door needs of the running platform, in one value that the runtime fills in.

Nothing here reads a clock or makes an id by itself, so tests pass in their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from journeyfold.collect.admit import Gate
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.keys import KeyStore
from journeyfold.collect.rate import Rates
from journeyfold.core.ports import Entry, Fate, FateName, Held

Append = Callable[[Sequence[Entry | Held], Sequence[tuple[str, int]]], Awaitable[list[Fate]]]
"""Durable append of (items, refused counts by source); raises Busy (collect C34, C36)."""


class Sample(msgspec.Struct, frozen=True):
    """A refused message without its values, for the debugger (collect C30)."""

    received_us: int
    code: str
    pointer: str
    detail: str
    name: str = ""


class Samples:
    """The last 100 refusals of each source, in memory only."""

    def __init__(self, keep: int = 100) -> None:
        self._keep = keep
        self._by_source: dict[str, deque[Sample]] = {}

    def add(self, source: str, received_us: int, why: Refused, item: object = None) -> None:
        kept = self._by_source.setdefault(source, deque(maxlen=self._keep))
        name = item.get("event") if isinstance(item, dict) else None
        short = name[:64] if isinstance(name, str) else ""
        kept.append(Sample(received_us, why.code, why.pointer, why.detail, short))

    def of(self, source: str) -> list[Sample]:
        """Newest first."""
        return list(reversed(self._by_source.get(source, ())))


@dataclass(slots=True)
class Door:
    """One per serving process. `gates` is asked on every request: a reload swaps what it returns."""

    now_us: Callable[[], int]
    monotonic_s: Callable[[], float]
    keys: KeyStore
    gates: Callable[[], Mapping[str, Gate]]
    append: Append
    fresh_id: Callable[[], str]
    count: Callable[[str, FateName, int], None]  # (source, result, how many), for /metrics
    reject: Callable[[str, int], None]  # refusals of requests that append nothing (REL-10)
    audit: Callable[[str, str], None]  # (act, source or address): server_key_in_url, unauthorized
    throttled: Callable[[str, int], None] = lambda _source, _status: None  # 429, 503: /metrics
    durability: str = "fsync"
    rates: Rates = field(default_factory=Rates)
    samples: Samples = field(default_factory=Samples)
