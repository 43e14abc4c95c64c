"""What a line of an imported file turns out to be: a row of values, or a line that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from journeyfold.core.event import Json
from journeyfold.sources.recipe import ColumnType

Row: TypeAlias = tuple[int, tuple[object, ...]]
"""(line number, values in the order of the columns)."""


class BadLine(msgspec.Struct, frozen=True):
    """A line that is no row: `code` is the reason in the ledger, `text` what stood there."""

    line: int
    code: str
    detail: str
    text: str = ""


class Rows(msgspec.Struct):
    """`total` is None where only reading tells. `grouped` rows come with equal keys together.

    `mark` says how far a pull has come with the row it gave last (ADR 30).
    """

    columns: dict[str, ColumnType]
    stream: Iterator[Row | BadLine]
    total: int | None = None
    mark: Callable[[], Json] = lambda: None


class NoAnswer(Exception):  # noqa: N818 - a state of the world, and ends as an ImportFailed
    """A server did not give the rest: what came before it counts, the next run goes on there."""


class WrongFile(Exception):  # noqa: N818 - it says what is wrong, and ends as an ImportFailed
    """The file cannot be read as what the source says it is: one sentence for the user."""
