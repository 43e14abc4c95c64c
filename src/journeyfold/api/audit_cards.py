"""What a screen or a call asks about who is who beyond the present: reports, decisions, the past."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from journeyfold.core.event import Identifier
from journeyfold.identity.decisions import Kind
from journeyfold.identity.explain import Why
from journeyfold.project.identity_report import IdentityReport

if TYPE_CHECKING:
    from journeyfold.api.desk import PeopleDesk


class DecisionRow(msgspec.Struct, frozen=True):
    """One decision about who is who (identity X3). `before` and `after` are ids of people."""

    offset: int
    number: int
    kind: Kind
    at: str
    event: str
    actor: str
    rule: str
    project: str
    links: tuple[str, ...]
    score: float | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    undo: str


class AuditDesk(Protocol):
    def latest(self) -> IdentityReport | None: ...

    def of_date(self, date: str) -> IdentityReport | None: ...

    def now(self) -> IdentityReport:
        """Made from the last commit, and kept; takes seconds with many people."""
        ...

    def decisions(self, since: int, limit: int) -> Sequence[DecisionRow]:
        """From an offset on, oldest first."""
        ...

    def last(self, limit: int, *, by_models: bool = True) -> Sequence[DecisionRow]:
        """Newest first; with or without what runs of linkage proposed."""
        ...

    def why(self, a: Identifier, b: Identifier, as_of: int) -> Why: ...

    def past(self, person: str, as_of: int) -> PeopleDesk:
        """People as they were; UsageError with the valid range beyond the log."""
        ...
