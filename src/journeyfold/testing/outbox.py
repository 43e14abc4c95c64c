"""An outbox in memory, for tests of the API and the console."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from journeyfold.activate.outbox import Filter, Row
from journeyfold.adapters.memory import MemoryState
from journeyfold.core.ports import Entry
from journeyfold.project.load import load
from journeyfold.project.model import Project
from journeyfold.runtime import outbox
from journeyfold.runtime import outbox_view as view
from journeyfold.testing.desk import NOW_US

_FILES = {"journeyfold.yaml": "name: shop\ncurrency: EUR\ntime_zone: UTC\n"}


class SampleOutbox:
    """`api.ports.OutboxDesk`: `put` rows into it; the clock stands still."""

    def __init__(self, project: Project | None = None, run: Path = Path("/nonexistent")) -> None:
        self.state = MemoryState()
        self.project, self.run = project or load(_FILES), run
        self._commands = 0

    def put(self, *rows: Row) -> None:
        with self.state.write() as writer:
            for row in rows:
                outbox.put(writer, row)

    def filter(
        self, keys: Sequence[str] = (), *, destination: str = "", state: str = "",
        journey: str = "", kind: str = "", reason: str = "",
    ) -> Filter:  # fmt: skip
        return view.filter_of(
            self.project, keys, destination=destination, state=state, journey=journey,
            kind=kind, reason=reason,
        )  # fmt: skip

    def page(self, asked: Filter, after: str = "", limit: int = 100) -> view.Outbox:
        with self.state.read() as reader:
            return view.page(reader, self.project, asked, after=after, limit=limit)

    def matching(self, act: view.Act, asked: Filter) -> int:
        with self.state.read() as reader:
            return view.matching(reader, act, asked)

    def destinations(self) -> list[view.DestinationCard]:
        with self.state.read() as reader:
            return view.destinations(reader, self.project, self.run)

    def command(self, act: view.Act, asked: Filter, by: str) -> Entry:
        self._commands += 1
        return view.command(act, asked, by, NOW_US, f"outbox/{act}/{self._commands}")

    def destination_command(self, act: view.DestinationAct, name: str, by: str) -> Entry:
        return view.destination_command(act, name, by, NOW_US)
