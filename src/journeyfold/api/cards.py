"""What screens and the JSON API show: values without behaviour, read from the platform's stores.

Every figure here is derived from the log or measured by a process; none is kept for its own sake.
Personal values are masked when they are shown (`api/mask.py`), not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from journeyfold.core.errors import Problem
from journeyfold.core.event import Json
from journeyfold.project.plan_report import JourneyChange


class Tally(msgspec.Struct, frozen=True):
    """Fates of one source since an instant: received is their sum (collect C33)."""

    source: str
    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0

    @property
    def received(self) -> int:
        return self.appended + self.duplicate + self.quarantined + self.rejected


class HeldRecord(msgspec.Struct, frozen=True):
    """A message in quarantine. `id` grows with arrival; `message` is the item as JSON."""

    id: int
    source: str
    name: str
    event_id: str
    code: str
    pointer: str
    detail: str
    received_us: int
    message: bytes
    person: str = ""


class HeldReason(msgspec.Struct, frozen=True):
    """Why messages wait, as one line of the overview: `first_us` … `last_us` bound them."""

    code: str
    pointer: str
    name: str
    source: str
    waiting: int
    first_us: int
    last_us: int
    schema: str = ""  # the version that judged


class Replayed(msgspec.Struct, frozen=True):
    """What a replay of quarantine did or, dry, would do (collect C31)."""

    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0

    @property
    def tried(self) -> int:
        return self.appended + self.duplicate + self.quarantined + self.rejected


class Previewed(msgspec.Struct, frozen=True):
    """What a replay would do under the project as its files are on the disk (collect C31).

    `still` counts by reason what would stay; `problems` are said when the files cannot be used.
    """

    tried: int
    fits: int = 0
    duplicate: int = 0
    still: dict[str, int] = {}
    is_in_force: bool = False
    problems: tuple[str, ...] = ()


class PullCard(msgspec.Struct, frozen=True):
    """How a source that is pulled stands. Instants are 0 for never; counts are of its last run, or
    of a stream since it began, and `refused` says why some were rejected. `failures` are in a row; what has `failed` waits for somebody to do
    what `problem` says. Of a stream there are its lag, how far it has come, when that was committed,
    what its server keeps for it, and an `alarm` while that is too much.
    """

    state: Literal["waiting", "running", "failing", "failed"] = "waiting"
    next_us: int = 0
    started_us: int = 0
    ended_us: int = 0
    succeeded_us: int = 0
    rows: int = 0
    appended: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rejected: int = 0
    refused: str = ""
    failures: int = 0
    problem: str = ""
    lag_us: int | None = None
    lag_bytes: int | None = None
    position: str = ""
    committed_us: int = 0
    retained_bytes: int | None = None
    alarm: str = ""


class SourceCard(msgspec.Struct, frozen=True):
    """A source as the inventory declares it; `last_us` 0 while nothing came. `pull` is there for
    what is imported by schedule or followed.
    """

    id: str
    title: str
    kind: str  # client | server | webhook | file | database | api | stream
    env: str
    basis: str = ""
    last_us: int = 0
    events_day: int = 0
    write_key: str = ""  # the prefix, or the whole public key where it is known
    pull: PullCard | None = None

    @property
    def is_read(self) -> bool:
        """The platform reads it; nobody sends with a key."""
        return self.kind in {"file", "database", "api", "stream"}


class SegmentCard(msgspec.Struct, frozen=True):
    """A segment definition with its figures; `size` is None where none is kept (contextual)."""

    id: str
    when: str
    file: str
    kind: str = "rule"
    tags: tuple[str, ...] = ()
    state: Literal["live", "building", "draft"] = "live"
    size: int | None = None
    entered_day: int = 0
    left_day: int = 0
    used_by: tuple[str, ...] = ()


class StageCard(msgspec.Struct, frozen=True):
    lifecycle: str
    stage: str
    when: str
    size: int = 0


class Day(msgspec.Struct, frozen=True):
    """One day of a segment's series: who came and went, and the size at its end.

    `joined` members became one person with another member: fewer, though nobody left.
    """

    start_us: int
    size: int
    entered: int
    left: int
    joined: int = 0


class Operand(msgspec.Struct, frozen=True):
    """What stood on one side of a leaf; `type` is the condition language's name of it."""

    text: str
    value: Json
    type: str = "any"


class Reason(msgspec.Struct, frozen=True):
    """One leaf of a condition with what it met (segments C17); None is unknown.

    `records` are the offsets of the latest records that its operands were read from.
    """

    text: str
    holds: bool | None
    operands: tuple[Operand, ...] = ()
    records: tuple[int, ...] = ()


class Why(msgspec.Struct, frozen=True):
    """Why a person is in a segment or not, and when that changes if nothing happens."""

    segment: str
    holds: bool
    reasons: tuple[Reason, ...] = ()
    next_us: int = 0


class Node(msgspec.Struct, frozen=True):
    """An identifier of a person with the record that first showed it."""

    kind: str
    value: str
    strength: str  # account | contact | device
    first_us: int
    records: int
    offset: int = -1
    node: str = ""  # hex, as owners of traits are named


class Refusal(msgspec.Struct, frozen=True):
    """A link that identity did not make, and why (identity R5)."""

    kind: str
    value: str
    reason: str
    at_us: int
    offset: int = -1


class Joined(msgspec.Struct, frozen=True):
    """Two identifiers that are one person: each as (kind, value), and the record that says so.

    `method` is `review` where somebody said it, `linkage` where a model did, else the record held both.
    """

    a: tuple[str, str]
    b: tuple[str, str]
    at_us: int
    offset: int
    method: str = "event"


class Identity(msgspec.Struct, frozen=True):
    nodes: tuple[Node, ...] = ()
    refused: tuple[Refusal, ...] = ()
    joined: tuple[Joined, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """A person found by identifier: which one matched."""

    person: str
    kind: str
    value: str
    last_us: int = 0


class Checked(msgspec.Struct, frozen=True):
    """The answer of POST /v1/conditions/check: canonical text and AST, or problems.

    `matches` people of `sampled` hold it now, of `people` in all; `lines` are the same for each
    child of a top-level all/any; `examples` are a few who match.
    """

    text: str = ""
    ast: Json = None
    problems: tuple[Problem, ...] = ()
    sampled: int = 0
    people: int = 0
    matches: int = 0
    lines: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()


class Overlap(msgspec.Struct, frozen=True):
    """Of so many members of a segment: how many are in each other one, most first."""

    members: int = 0
    others: tuple[tuple[str, int], ...] = ()


class Shift(msgspec.Struct, frozen=True):
    """What a plan says of one segment (segments B6)."""

    segment: str
    before: int
    after: int
    entering: tuple[str, ...] = ()  # examples
    leaving: tuple[str, ...] = ()
    entered: int = 0
    left: int = 0


class Plan(msgspec.Struct, frozen=True):
    shifts: tuple[Shift, ...] = ()
    decisions: int = 0
    decisions_changed: int = 0
    window_us: int = 0
    problems: tuple[Problem, ...] = ()
    journeys: tuple[JourneyChange, ...] = ()


class ProjectCard(msgspec.Struct, frozen=True):
    """The project in force. `refused` are the problems of a newer text that was not taken."""

    name: str
    zone: str
    hash: str
    files: dict[str, str]
    published_us: int
    published_by: str = ""
    previous: dict[str, str] = {}
    writable: bool = True
    refused: tuple[Problem, ...] = ()
    identifiers: tuple[str, ...] = ()  # kinds, strongest first
    events: tuple[str, ...] = ()  # names for the builder's lists
    traits: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


class KeyCard(msgspec.Struct, frozen=True):
    id: str
    prefix: str
    kind: str  # pub | srv
    source: str
    created_us: int
    used_us: int = 0
    revoked_us: int = 0
    expired_us: int = 0  # when it ended by itself; 0 while it has not

    @property
    def is_live(self) -> bool:
        return not (self.revoked_us or self.expired_us)


class Health(msgspec.Struct, frozen=True):
    """Figures no record carries: measured by the processes themselves; None is not measured."""

    ingest_p95_us: int | None = None
    decide_p99_us: int | None = None
    decisions_day: int | None = None
    log_bytes: int | None = None
    state_bytes: int | None = None
    parked: int = 0


class Stale(Exception):  # noqa: N818 - a state of the world: someone else published meanwhile
    """Publish was asked on a version that is no longer in force; carries the one that is."""

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__("the project changed since this page was opened")
        self.files = dict(files)
