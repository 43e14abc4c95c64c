"""Pairs that may be one person, as screens and the API show them, and the desk that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from journeyfold.core.event import Json
from journeyfold.identity.evidence import Verdict
from journeyfold.identity.review import Answer, Said, State, Step
from journeyfold.runtime.evidence_desk import EvidenceDone

Stands = Literal["two", "one", "apart", "gone"]
"""What the two are now: two people, one, kept apart by a verdict; or one of them is erased."""


class PairRow(msgspec.Struct, frozen=True):
    """A line of the queue; ends are (kind, value)."""

    id: str
    weight: float
    probability: float
    a: tuple[str, str]
    b: tuple[str, str]
    proposed_us: int
    said: tuple[Said, ...] = ()
    state: State = "open"
    decided_us: int = 0
    stands: Stands = "two"

    @property
    def is_disputed(self) -> bool:
        return {"same", "different"} <= {each.answer for each in self.said}


class Stated(msgspec.Struct, frozen=True):
    """A trait as the records of one identifier state it."""

    value: Json
    source: str
    occurred_us: int


class Side(msgspec.Struct, frozen=True):
    """One of the two: an identifier with what its own records say."""

    kind: str
    value: str
    person: str
    first_us: int
    records: int
    traits: dict[str, Stated]


class Pair(msgspec.Struct, frozen=True):
    """`prior` and the weights of `steps` sum to the row's weight."""

    row: PairRow
    a: Side
    b: Side
    prior: float
    steps: tuple[Step, ...]
    model: str
    offset: int
    refusal: str = ""  # said to be the same, and two people all the same: why


class Queue(msgspec.Struct, frozen=True):
    """The strongest first. `unlisted` pairs found no room; `after` continues the list."""

    rows: tuple[PairRow, ...]
    open: int
    unlisted: int
    reviewers: int
    after: str = ""
    is_set_up: bool = True  # the project says what to compare


class RunCard(msgspec.Struct, frozen=True):
    """A run of linkage. `is_withdrawn`: what its model linked has been taken back."""

    run: str
    model: str
    mode: Literal["full", "incremental"]
    at_us: int
    rows: int
    pairs: int
    opened: int
    linked: int
    refused: int
    unlisted: int
    left_out: int
    skipped: tuple[str, ...]
    failure: str
    is_done: bool
    is_withdrawn: bool


class ReviewDesk(Protocol):
    def queue(self, after: str = "", limit: int = 50) -> Queue: ...

    def decided(self, limit: int) -> Sequence[PairRow]:
        """The latest first."""
        ...

    def pair(self, id_: str) -> Pair | None: ...

    def runs(self, limit: int) -> Sequence[RunCard]:
        """The latest first."""
        ...

    def answer(self, id_: str, answer: Answer, actor: str) -> int:
        """The offset of the record. UsageError for a pair that is unknown or decided."""
        ...

    def undo(self, model: str, actor: str) -> int:
        """Take back what a model linked, and what it will; what people said stays."""
        ...

    def evidence(self, verdict: Verdict, actor: str, *, dry_run: bool) -> EvidenceDone:
        """UsageError where it names nobody."""
        ...
