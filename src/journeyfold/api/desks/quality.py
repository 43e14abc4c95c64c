"""Quality as screens and the API ask about it (`api.desk_quality.QualityDesk`)."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.project.quality_report import DayLine, QualityCard
from journeyfold.runtime.platform import Platform
from journeyfold.runtime.quality_desk import QualityRoom


class Quality:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._room = QualityRoom(platform.place.data, platform.keyring, platform.log.marks)

    def card(self) -> QualityCard:
        return self._room.card(self._platform.project, self._platform.clock.now_us())

    def days(self, ruleset: str, rule: str, source: str) -> Sequence[DayLine]:
        return self._room.days(ruleset, rule, source)

    def offset_of(self, source: str, event_id: str) -> int:
        found = self._platform.log.find(source, event_id)
        return -1 if found is None else found.offset

    def ask(self) -> None:
        self._room.ask()
