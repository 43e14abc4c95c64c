"""What screens and the API ask about quality: like `api.desk`, small and synchronous."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from journeyfold.project.quality_report import DayLine, FreshLine, QualityCard


class QualityDesk(Protocol):
    def card(self) -> QualityCard: ...

    def freshness(self) -> Sequence[FreshLine]:
        """Of every source, a few seconds old: cheap enough to be asked all the time."""
        ...

    def days(self, ruleset: str, rule: str, source: str) -> Sequence[DayLine]:
        """Newest first."""
        ...

    def offset_of(self, source: str, event_id: str) -> int:
        """Of the record of a sample; -1 when there is none."""
        ...

    def ask(self) -> None:
        """A run of all rules, as soon as `work` comes to it."""
        ...
