"""The platform as a screen sees it: what the console asks for, in small protocols.

A screen names exactly what it needs, so a test can lay a desk of memory adapters. Nothing here
writes except the verbs `replay`, `plan` (nothing lasting), `publish`, `create`, `revoke` and
`audit`. All calls are synchronous; the console runs them in threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from journeyfold.api.audit_cards import AuditDesk
from journeyfold.api.cards import (
    Checked,
    Day,
    Found,
    Health,
    HeldReason,
    HeldRecord,
    Identity,
    KeyCard,
    Overlap,
    Plan,
    Previewed,
    ProjectCard,
    Replayed,
    SegmentCard,
    SourceCard,
    StageCard,
    Tally,
    Why,
)
from journeyfold.api.desk_act import JourneyDesk, OutboxDesk, PostDesk
from journeyfold.api.desk_quality import QualityDesk
from journeyfold.api.review_cards import ReviewDesk
from journeyfold.core.event import Json, Record
from journeyfold.core.ports import Clock
from journeyfold.core.profile import Profile
from journeyfold.profile.traits import HeldTrait
from journeyfold.project.erasure import Going
from journeyfold.project.registered import Published
from journeyfold.project.schema_cards import SchemaCard, SchemaSheet
from journeyfold.project.stocktaking import Stock


class LogDesk(Protocol):
    """The log as a tail: offsets are dense, so times become offsets by bisection."""

    def head(self) -> tuple[int, int]: ...

    def read(self, after: int, limit: int) -> list[Record]: ...

    def folded(self) -> tuple[int, int]:
        """(last offset the fold consumed, its log time)."""
        ...

    def tallies(self, since_us: int) -> Sequence[Tally]: ...


class QuarantineDesk(Protocol):
    def reasons(self) -> Sequence[HeldReason]:
        """Most waiting first."""
        ...

    def rows(
        self,
        *,
        code: str = "",
        source: str = "",
        name: str = "",
        pointer: str = "",
        before: int = 0,
        limit: int = 50,
    ) -> Sequence[HeldRecord]:
        """Newest first; `before` is an id, 0 starts at the newest."""
        ...

    def row(self, held_id: int) -> HeldRecord | None: ...

    def replay(
        self, *, code: str, source: str, name: str, actor: str, dry_run: bool, pointer: str = ""
    ) -> Replayed: ...

    def preview(self, *, code: str, source: str, name: str, pointer: str) -> Previewed:
        """A replay under the project as its files are on the disk; keeps nothing."""
        ...

    def drop(self, *, code: str, source: str, name: str, pointer: str, actor: str) -> int:
        """Give messages up for good; how many."""
        ...


class PeopleDesk(Protocol):
    def find(self, value: str, kind: str = "") -> Sequence[Found]:
        """Exact, after normalisation; any kind when none is given."""
        ...

    def of(self, record: Record) -> str:
        """The person a record belongs to now; "" for none."""
        ...

    def profile(self, person: str) -> Profile | None:
        """By id or by the id of a person who was merged into another (then `.person` differs)."""
        ...

    def features(self, profile: Profile) -> Mapping[str, Json]: ...

    def prepared(self, profile: Profile) -> Mapping[str, Json]:
        """Features as models take them: filled in and scaled, where the project says so."""
        ...

    def traits(self, profile: Profile) -> Mapping[str, HeldTrait]:
        """What holds by each trait's policy, in order of name."""
        ...

    def identity(self, profile: Profile) -> Identity: ...

    def history(self, profile: Profile, before: int | None, limit: int) -> Sequence[Record]:
        """Newest first."""
        ...

    def recent(self, limit: int) -> Sequence[Profile]:
        """People of the latest records, newest first."""
        ...

    def going(self, person: str) -> Going | None:
        """What an erasure would take; None for somebody unknown, or erased."""
        ...

    def total(self) -> int: ...


class SegmentDesk(Protocol):
    def segments(self) -> Sequence[SegmentCard]: ...

    def stages(self) -> Sequence[StageCard]: ...

    def series(self, segment: str, since_us: int) -> Sequence[Day]: ...

    def members(self, segment: str, after: str, limit: int) -> Sequence[str]:
        """Person ids in order, those > `after`."""
        ...

    def overlap(self, segment: str) -> Overlap:
        """Counted on the first ten thousand people; takes a moment."""
        ...

    def why(self, profile: Profile, segment: str) -> Why: ...

    def check(self, condition: str | Json, *, in_decision: bool = False) -> Checked:
        """Text or AST in; nothing is kept (segments B7). `in_decision`: the condition may read a
        decision's context, so it is typed and not counted.
        """
        ...


class ProjectDesk(Protocol):
    def card(self) -> ProjectCard: ...

    def sources(self) -> Sequence[SourceCard]: ...

    def registry(self) -> Published:
        """The schemas that are published, as a registry answers for them."""
        ...

    def stock(self) -> Stock:
        """The inventory: what sources declare, what is observed of them, who uses it."""
        ...

    def plan(self, files: Mapping[str, str]) -> Plan:
        """Recorded history under the changed files; takes seconds."""
        ...

    def publish(self, files: Mapping[str, str], *, base: str, actor: str) -> str:
        """Write the files; the new hash. Raises Stale unless `base` is the hash in force."""
        ...


class SchemaDesk(Protocol):
    def cards(self) -> Sequence[SchemaCard]: ...

    def sheet(self, slug: str) -> SchemaSheet | None: ...

    def proposal(self, slug: str, days: int) -> str | None:
        """What recorded events of these days propose; None when none came. Takes a moment."""
        ...


class KeyDesk(Protocol):
    def cards(self) -> Sequence[KeyCard]: ...

    def create(self, kind: str, source: str, actor: str) -> str:
        """The key's whole text, shown once."""
        ...

    def revoke(self, key_id: str, actor: str) -> bool: ...

    def audit(self, actor: str, act: str, subject: str, reason: str = "") -> None: ...


class Desk(Protocol):
    """The platform as screens see it. Attributes, because each is useful alone."""

    @property
    def clock(self) -> Clock: ...
    @property
    def log(self) -> LogDesk: ...
    @property
    def quarantine(self) -> QuarantineDesk: ...
    @property
    def people(self) -> PeopleDesk: ...
    @property
    def reviews(self) -> ReviewDesk: ...
    @property
    def audits(self) -> AuditDesk: ...
    @property
    def segments(self) -> SegmentDesk: ...
    @property
    def journeys(self) -> JourneyDesk: ...
    @property
    def outbox(self) -> OutboxDesk: ...
    @property
    def post(self) -> PostDesk: ...
    @property
    def quality(self) -> QualityDesk: ...
    @property
    def project(self) -> ProjectDesk: ...
    @property
    def schemas(self) -> SchemaDesk: ...
    @property
    def keys(self) -> KeyDesk: ...

    def health(self) -> Health: ...
