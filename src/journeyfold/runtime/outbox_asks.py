"""The outbox and the destinations from the command line: read from the state, changed by records.

It works beside a running platform and without one: a command holds once its record is in the log,
and is carried out when `work` folds it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from journeyfold.activate.outbox import Filter
from journeyfold.core.errors import UsageError
from journeyfold.core.ports import Entry, StateReader
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.standing import standing
from journeyfold.runtime import outbox_view as view
from journeyfold.runtime.outbox_view import (
    Act,
    DestinationAct,
    DestinationCard,
    DestinationDone,
    Outbox,
    OutboxDone,
)
from journeyfold.runtime.workspace import Workspace

BY = "command line"
WAIT_S = 3.0  # a platform that runs folds it at once


class OutboxAsks:
    """What a command may ask of an open workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._project = workspace.project_in_force()

    def filter(
        self, keys: Sequence[str], *, destination: str, state: str, journey: str, reason: str
    ) -> Filter:
        return view.filter_of(
            self._project, keys, destination=destination, state=state, journey=journey,
            reason=reason,
        )  # fmt: skip

    def listed(self, wanted: Filter, limit: int) -> Outbox:
        with self._reading() as reader:
            return view.page(reader, self._project, wanted, limit=limit)

    def act(self, verb: Act, wanted: Filter, *, dry_run: bool) -> OutboxDone:
        with self._reading() as reader:
            rows = view.matching(reader, verb, wanted)
        if dry_run or not rows:
            return OutboxDone(verb, rows)
        now_us = self._workspace.clock.now_us()
        entry = view.command(verb, wanted, BY, now_us, f"outbox/{verb}/{now_us}")
        return OutboxDone(verb, rows, *self._said(entry, now_us))

    def destinations(self) -> list[DestinationCard]:
        with self._reading() as reader:
            return view.destinations(reader, self._project, self._workspace.place.run)

    def destination_act(self, verb: DestinationAct, name: str) -> DestinationDone:
        known = [card.id for card in self.destinations()]
        if name not in known:
            hint = did_you_mean(name, known) or "see `journeyfold destination list`"
            raise UsageError(f"there is no destination '{name}'; {hint}")
        now_us = self._workspace.clock.now_us()
        entry = view.destination_command(verb, name, BY, now_us)
        return DestinationDone(name, verb, *self._said(entry, now_us))

    def _said(self, entry: Entry, now_us: int) -> tuple[int, bool]:
        """The record's offset, and whether `work` has carried it out."""
        (fate,) = self._workspace.log.append([entry], now_us=now_us)
        until_s = time.monotonic() + WAIT_S
        while time.monotonic() < until_s:
            with self._reading() as reader:
                if standing(reader).offset >= fate.offset:
                    return fate.offset, True
            time.sleep(0.05)
        return fate.offset, False

    @contextmanager
    def _reading(self) -> Iterator[StateReader]:
        state = self._workspace.read_state()
        try:
            with state.read() as reader:
                yield reader
        finally:
            state.close()
