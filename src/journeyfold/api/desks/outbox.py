"""The outbox and the destinations of a running platform, for the API and the console."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from journeyfold.activate.outbox import Filter
from journeyfold.core.errors import EngineError
from journeyfold.core.ports import Entry, StateReader
from journeyfold.project.model import Project
from journeyfold.runtime import outbox_view as view
from journeyfold.runtime.platform import Platform


class OutboxRoom:
    """Reads are of the last commit; a command is an entry for the caller to append."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def filter(
        self, keys: Sequence[str] = (), *, destination: str = "", state: str = "",
        journey: str = "", kind: str = "", reason: str = "",
    ) -> Filter:  # fmt: skip
        return view.filter_of(
            self._project, keys, destination=destination, state=state, journey=journey,
            kind=kind, reason=reason,
        )  # fmt: skip

    def page(self, asked: Filter, after: str = "", limit: int = 100) -> view.Outbox:
        with self._look() as reader:
            return view.page(reader, self._project, asked, after=after, limit=limit)

    def matching(self, act: view.Act, asked: Filter) -> int:
        with self._look() as reader:
            return view.matching(reader, act, asked)

    def destinations(self) -> list[view.DestinationCard]:
        with self._look() as reader:
            return view.destinations(reader, self._project, self._platform.place.run)

    def command(self, act: view.Act, asked: Filter, by: str) -> Entry:
        now_us = self._platform.clock.now_us()
        fresh = self._platform.door.fresh_id()
        return view.command(act, asked, by, now_us, f"outbox/{act}/{fresh}")

    def destination_command(self, act: view.DestinationAct, name: str, by: str) -> Entry:
        return view.destination_command(act, name, by, self._platform.clock.now_us())

    @property
    def _project(self) -> Project:
        compiled = self._platform.compiled
        return compiled.project if compiled is not None else self._platform.project

    @contextmanager
    def _look(self) -> Iterator[StateReader]:
        state = self._platform.state()
        if state is None:
            raise EngineError("the state is being built")
        with state.read() as reader:
            yield reader
