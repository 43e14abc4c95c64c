"""What is held back: well-formed messages that today's plan cannot use (collect C30, C31).

The rows live in the log's own file, so a message enters quarantine in the transaction that counts
it and leaves in the transaction that appends it (`EventLog.append(replayed=…)`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, Protocol, TypeAlias

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


class HeldGroup(msgspec.Struct, frozen=True):
    """Messages of one state that are in quarantine for one reason at one place.

    Places in lists and files stand for each other: `/products/3/sku` and `/line/17` are counted
    as `/products/*/sku` and `/line/*`. `schema` is the version that judged, empty for none.
    What is `flagged` never was held: it was let in, and marked.
    """

    source: str
    name: str
    code: str
    pointer: str
    schema: str
    state: HeldState | Literal["flagged"]
    messages: int
    first_us: int  # received_us of the oldest and the newest
    last_us: int


def place_of(pointer: str) -> str:
    """A pointer without the number of a list's item or a file's line."""
    return "/".join(
        "*" if part.isascii() and part.isdigit() else part for part in pointer.split("/")
    )


GroupState: TypeAlias = HeldState | Literal["flagged"]
Counted: TypeAlias = tuple[str, str, str, str, str, GroupState, int, int, int]
"""The fields of a group whose place still names an item or a line."""


def grouped(rows: Iterable[Counted]) -> list[HeldGroup]:
    """Groups of the same place added up; most messages first."""
    found: dict[tuple[str, str, str, str, str, GroupState], list[int]] = {}
    for source, name, code, pointer, schema, state, messages, first_us, last_us in rows:
        key = (source, name, code, place_of(pointer), schema, state)
        at = found.setdefault(key, [0, first_us, last_us])
        at[0], at[1], at[2] = at[0] + messages, min(at[1], first_us), max(at[2], last_us)
    groups = [HeldGroup(*key, *numbers) for key, numbers in found.items()]
    return sorted(groups, key=lambda each: (-each.messages, each.code, each.name, each.pointer))


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

    def groups(self) -> list[HeldGroup]:
        """Everything that ever was held, counted; most messages first. Contents are not read."""
        ...

    def flagged(self) -> list[HeldGroup]:
        """What was let in with a mark, ever, counted likewise."""
        ...

    def drop(self, rows: Sequence[int]) -> int:
        """Give messages up: their content is removed, the row stays. Returns how many were held."""
        ...

    def prune(self, *, before_us: int, bytes_max: int) -> int:
        """Drop what was received before an instant, then the oldest above a source's bytes."""
        ...
