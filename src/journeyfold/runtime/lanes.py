"""The lanes of a project's destinations: opened when first needed, closed when changed.

A send that names no destination goes to the first one of its channel; e-mail without any goes to
the mailbox of development. A destination that is paused, disabled or not there has no lane, so its
rows wait.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from journeyfold.activate.destination import Destination, Destined, Http, Parcel, Tools
from journeyfold.activate.destinations.mailbox import MAILBOX
from journeyfold.activate.lane_figures import LaneFigures
from journeyfold.activate.outbox import Row
from journeyfold.core.chance import draw_64
from journeyfold.core.effect import Deliver
from journeyfold.core.errors import JourneyfoldError
from journeyfold.core.event import Json
from journeyfold.core.ports import Clock, StateReader, StateStore
from journeyfold.project.compile import Compiled
from journeyfold.project.letters import Letters
from journeyfold.project.people import profile_of
from journeyfold.project.substitute import substitute
from journeyfold.runtime.lane import Lane, Ready, Tried
from journeyfold.runtime.outbox import DEVELOPMENT, Closed, closed_in, names_of, now_of
from journeyfold.runtime.prepare import Broken, Look, prepare

Done = Callable[[list[Tried] | Exception], None]


class Client(Http, Protocol):
    """The one client of all that is opened."""

    def close(self) -> None: ...


class Lanes:
    """Used by the dispatcher's thread; `compiled` is the version in force."""

    def __init__(
        self,
        state: StateStore,
        in_force: Callable[[], Compiled | None],
        clock: Clock,
        http_within: Callable[[Sequence[str]], Client],
        directory: Path,
        data: Path,
        letters: Letters,
    ) -> None:
        self._letters = letters
        self._state, self._in_force, self._clock = state, in_force, clock
        self._http_within, self._directory, self._data = http_within, directory, data
        self._allowed: tuple[str, ...] = ()
        self._http: Client | None = None
        self._lanes: dict[str, Lane] = {}
        self._left: list[Lane] = []  # of a changed destination: calls under way end there
        self._done: Done = lambda _tried: None
        self._hash = ""
        self._name_of: Callable[[Deliver], str] = lambda deliver: deliver.destination
        self.closed: dict[str, Closed] = {}

    def answer_to(self, done: Done) -> None:
        self._done = done

    def version(self) -> str:
        """Of the project whose destinations these are."""
        compiled = self._in_force()
        return compiled.hash if compiled is not None else ""

    def name_for(self, deliver: Deliver) -> str:
        """The destination that will take it."""
        self._follow()
        return self._name_of(deliver)

    def destined(self, name: str) -> Destined | None:
        found = self._compiled().project.destinations.get(name)
        return MAILBOX if found is None and name == DEVELOPMENT else found

    def get(self, name: str) -> Lane | None:
        """None while its rows have to wait."""
        self._follow()
        if name in self.closed:
            return None
        lane = self._lanes.get(name)
        if lane is None:
            destined = self.destined(name)
            if destined is None:
                return None
            lane = self._lanes[name] = Lane(
                name, destined, partial(self._open, name, destined), self._prepare,
                self._clock.now_us, self._done,
            )  # fmt: skip
        return lane

    def shut(self, name: str, closed: Closed) -> None:
        """Give it nothing more until `look` finds it resumed."""
        self.closed[name] = closed

    def look(self, reader: StateReader) -> None:
        """Which are paused, as records have it; one that was resumed begins anew."""
        found = closed_in(reader)
        for name in self.closed.keys() - found.keys():
            self._leave(name)
        self.closed = found
        for name in found:
            if (lane := self._lanes.get(name)) is not None:
                lane.shut()

    def each(self) -> list[Lane]:
        return list(self._lanes.values())

    def figures(self, now_us: int) -> list[LaneFigures]:
        return [lane.figures_at(now_us) for lane in self._lanes.values()]

    def close(self, within_s: float) -> None:
        lanes = [*self._lanes.values(), *self._left]
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join(within_s / max(1, len(lanes)))
        if self._http is not None:
            self._http.close()

    def _follow(self) -> None:
        """Another version of the project: what it says differently is opened anew."""
        project = self._compiled().project
        if project.hash == self._hash:
            return
        self._hash = project.hash
        allowed = project.settings.server.outgoing.allow
        if allowed != self._allowed or self._http is None:
            if self._http is not None:
                self._http.close()  # calls under way end; the next ones are the new client's
            self._allowed, self._http = allowed, self._http_within(allowed)
            for name in list(self._lanes):
                self._leave(name)
        self._name_of = names_of(project)
        for name, lane in list(self._lanes.items()):
            if lane.destined != self.destined(name):
                self._leave(name)

    def _compiled(self) -> Compiled:
        found = self._in_force()
        assert found is not None, "a project is activated before there is anything to send"
        return found

    def _leave(self, name: str) -> None:
        lane = self._lanes.pop(name, None)
        if lane is not None:
            lane.stop()
            self._left = [each for each in (*self._left, lane) if not each.is_over]

    def _open(self, name: str, destined: Destined) -> Destination:
        assert self._http is not None, "a lane is opened after the project was read"
        return destined.open(
            Tools(
                name, self._http, self._data, self._secret, self._clock.now_us,
                lambda what: draw_64("jitter", name, what), self._directory,
            )
        )  # fmt: skip

    def _secret(self, text: str) -> str:
        """UsageError names the variable or the file that is not there."""
        return substitute(
            text, os.environ, lambda name: (self._directory / name).read_text("utf-8")
        )

    def said(self, row: Row) -> dict[str, Json]:
        """What the record of a message says beside where it came from, written once more."""
        destined = self.destined(self.name_for(row.deliver))
        (ready,) = self._prepare([row], destined) if destined is not None else (None,)
        return ready.body if isinstance(ready, Parcel) else {}

    def _prepare(self, rows: Sequence[Row], destined: Destined) -> list[Ready]:
        """In a lane's thread: the last look at each person (journeys E51)."""
        compiled, now_us = self._compiled(), self._clock.now_us()
        with self._state.read() as reader:
            people = [profile_of(reader, now_of(reader, row.deliver.person)) for row in rows]
        looks = [Look(compiled, who, destined.purpose, now_us, self._letters) for who in people]
        return [_ready(row, look) for row, look in zip(rows, looks, strict=True)]


def _ready(row: Row, look: Look) -> Ready:
    try:
        return prepare(row.deliver, look)
    except JourneyfoldError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug of ours that this row meets keeps no other
        return Broken(f"it cannot be made: {type(error).__name__}: {error}")
