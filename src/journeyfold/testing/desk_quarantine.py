"""Quarantine of the sample desk: what is held, and what is done to it, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from journeyfold.api.cards import HeldReason, HeldRecord, Previewed, Replayed
from journeyfold.log.quarantine import place_of
from journeyfold.testing.sample_people import Sample


class SampleQuarantine:
    def __init__(self, of: Sample) -> None:
        self.held = of.held

    def reasons(self) -> Sequence[HeldReason]:
        found: dict[tuple[str, str, str, str], list[HeldRecord]] = {}
        for row in self.held:
            place = place_of(row.pointer)
            found.setdefault((row.code, place, row.name, row.source), []).append(row)
        reasons = [
            HeldReason(
                *key, len(rows), min(r.received_us for r in rows), max(r.received_us for r in rows)
            )
            for key, rows in found.items()
        ]
        return sorted(reasons, key=lambda reason: -reason.waiting)

    def rows(
        self, *, code: str = "", source: str = "", name: str = "", pointer: str = "",
        before: int = 0, limit: int = 50,
    ) -> Sequence[HeldRecord]:  # fmt: skip
        chosen = [
            row
            for row in reversed(self.held)
            if (not code or row.code == code)
            and (not source or row.source == source)
            and (not name or row.name == name)
            and (not pointer or place_of(row.pointer) == pointer)
            and (not before or row.id < before)
        ]
        return chosen[:limit]

    def row(self, held_id: int) -> HeldRecord | None:
        return next((row for row in self.held if row.id == held_id), None)

    def replay(
        self, *, code: str, source: str, name: str, actor: str, dry_run: bool, pointer: str = ""
    ) -> Replayed:
        del actor
        chosen = self.rows(
            code=code, source=source, name=name, pointer=pointer, limit=len(self.held)
        )
        if not dry_run:
            self._leave(chosen)
        return Replayed(appended=len(chosen))

    def preview(self, *, code: str, source: str, name: str, pointer: str) -> Previewed:
        """Half of what is chosen fits the files on the sample's disk."""
        tried = len(
            self.rows(code=code, source=source, name=name, pointer=pointer, limit=len(self.held))
        )
        still = {code or "schema": tried - tried // 2} if tried else {}
        return Previewed(tried, tried // 2, 0, still)

    def drop(self, *, code: str, source: str, name: str, pointer: str, actor: str) -> int:
        del actor
        chosen = self.rows(
            code=code, source=source, name=name, pointer=pointer, limit=len(self.held)
        )
        self._leave(chosen)
        return len(chosen)

    def _leave(self, chosen: Sequence[HeldRecord]) -> None:
        gone = {row.id for row in chosen}
        self.held[:] = [row for row in self.held if row.id not in gone]
