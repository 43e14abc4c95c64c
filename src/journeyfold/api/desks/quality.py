"""Quality as screens and the API ask about it (`api.desk_quality.QualityDesk`)."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.core.instant import SECOND_US
from journeyfold.project.model import Project
from journeyfold.project.quality_report import DayLine, FreshLine, QualityCard
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.quality_desk import QualityRoom

FRESH_US = 15 * SECOND_US  # sources are counted by the minute


class Quality:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._room = QualityRoom(platform.place.data, platform.keyring, platform.log.marks)
        self._fresh: tuple[Project, int, Sequence[FreshLine]] | None = None

    def card(self) -> QualityCard:
        return self._room.card(self._platform.project, self._platform.clock.now_us())

    def freshness(self) -> Sequence[FreshLine]:
        project, now_us = self._platform.project, self._platform.clock.now_us()
        kept = self._fresh
        if kept is None or kept[0] is not project or not 0 <= now_us - kept[1] < FRESH_US:
            kept = self._fresh = (project, now_us, self._room.freshness(project, now_us))
        return kept[2]

    def days(self, ruleset: str, rule: str, source: str) -> Sequence[DayLine]:
        return self._room.days(ruleset, rule, source)

    def offset_of(self, source: str, event_id: str) -> int:
        found = self._platform.log.find(source, event_id)
        return -1 if found is None else found.offset

    def ask(self) -> None:
        self._room.ask()
