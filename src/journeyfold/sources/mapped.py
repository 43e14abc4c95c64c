"""What a row, or a group of rows, becomes (collect C41, C44)."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.event import Event, Json


class Mapped(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """An event made of `rows` rows, the first of which stood on `line`.

    `fingerprint` tells a repeat from a conflict (collect C32); whoever reads a file takes it.
    `excess` is its size in bytes where that is above the limit of its source.
    """

    event: Event
    rows: int
    line: int
    fingerprint: int = 0
    excess: int = 0


class Message(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """A row that already is a wire message (`preset: wire`); `event_id` if it brings none."""

    message: dict[str, Json]
    event_id: str
    rows: int
    line: int


class Passed(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """Rows that become no event: filtered on purpose, or held because they make no sense."""

    fate: Literal["filtered", "quarantined"]
    reason: str
    rows: int
    line: int
    detail: str = ""
    text: str = ""  # the row as JSON, or the line as it stood in the file


Outcome: TypeAlias = Mapped | Message | Passed
