"""The registry, with what broke it, and proposals from recorded events."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.core.instant import DAY_US
from journeyfold.log.quarantine import HeldGroup
from journeyfold.project.proposing import written
from journeyfold.project.registry import history_of
from journeyfold.project.schema_cards import SchemaCard, SchemaSheet, cards, sheet
from journeyfold.runtime.inferring import inferred
from journeyfold.runtime.platform import Platform


class Schemas:
    """`api.desk.SchemaDesk`."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def cards(self) -> Sequence[SchemaCard]:
        return cards(self._platform.project, self._groups())

    def sheet(self, slug: str) -> SchemaSheet | None:
        return sheet(self._platform.project, slug, self._groups())

    def _groups(self) -> list[HeldGroup]:
        """What was held and what was let in with a mark."""
        quarantine = self._platform.log.quarantine
        return [*quarantine.groups(), *quarantine.flagged()]

    def proposal(self, slug: str, days: int) -> str | None:
        platform = self._platform
        subjects = history_of(platform.project).subjects().values()
        files = next((found for found in subjects if found[0].slug == slug), None)
        if files is None:
            return None
        since_us = platform.clock.now_us() - days * DAY_US
        for each in inferred(platform.log, since_us, name=files[0].name):
            if each.type == files[0].type:
                return written(platform.project, each)[1]
        return None
