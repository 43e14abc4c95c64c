"""What is held back: well-formed messages that today's plan cannot use (collect C30, C31).

The rows live in the log's own file, so a message enters quarantine in the transaction that counts
it and leaves in the transaction that appends it (`EventLog.append(replayed=…)`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from journeyfold.core.ports import Held

HeldState = Literal["held", "replayed", "dropped"]


class HeldMessage(msgspec.Struct, frozen=True):
    """A row of quarantine. Of one that has left, message and detail are gone (empty)."""

    id: int
    state: HeldState
    held: Held


class HeldCount(msgspec.Struct, frozen=True):
    source: str
    code: str
    messages: int
    first_us: int  # received_us of the oldest and the newest
    last_us: int


class Quarantine(Protocol):
    def page(
        self,
        *,
        source: str | None = None,
        code: str | None = None,
        state: HeldState = "held",
        after: int = 0,
        limit: int = 100,
    ) -> list[HeldMessage]:
        """Rows with id > after, oldest first."""
        ...

    def get(self, row: int) -> HeldMessage | None: ...

    def counts(self) -> list[HeldCount]:
        """What is held, by source and code."""
        ...

    def drop(self, rows: Sequence[int]) -> int:
        """Give messages up: their content is removed, the row stays. Returns how many were held."""
        ...

    def prune(self, *, before_us: int, bytes_max: int) -> int:
        """Drop what was received before an instant, then the oldest above a source's bytes."""
        ...
