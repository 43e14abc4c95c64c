"""The sample desk's registry: its versions, a field that fails, and a proposal."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.log.quarantine import HeldGroup
from journeyfold.project.schema_cards import SchemaCard, SchemaSheet, cards, sheet
from journeyfold.testing.sample_schemas import sample_project

_HELD = ("web", "Order Completed", "schema", "/properties/total", "order_completed.1")


class SampleSchemas:
    def __init__(self, now_us: int) -> None:
        self._groups = [
            HeldGroup(*_HELD, "held", 14, now_us - 9_000_000, now_us),
            HeldGroup(*_HELD, "replayed", 3, now_us - 9_000_000, now_us),
            HeldGroup(*_HELD, "flagged", 5, now_us - 9_000_000, now_us),
        ]

    def cards(self) -> Sequence[SchemaCard]:
        return cards(sample_project(), self._groups)

    def sheet(self, slug: str) -> SchemaSheet | None:
        return sheet(sample_project(), slug, self._groups)

    def proposal(self, slug: str, days: int) -> str | None:
        del days
        return '{\n  "title": "Order Completed"\n}\n' if slug == "order_completed" else None
