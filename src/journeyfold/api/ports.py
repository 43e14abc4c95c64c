"""What the JSON API needs of the running platform, in one value that the runtime fills in.

Keys, clock and append are the door's (`collect.door`); reads are the console's desk (`api.desk`),
so both faces show the same. Added here are decisions, the entry of records that the API itself
writes, and waiting for the fold. Nothing here reads a clock or makes an id by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from journeyfold.activate.outbox import Filter
from journeyfold.api.desk import Desk
from journeyfold.api.hub import Hub
from journeyfold.collect.door import Door
from journeyfold.core.event import Event, Identifier, Json, Kind
from journeyfold.core.ports import Entry, EventLog
from journeyfold.decide.call import Person
from journeyfold.decide.catalogue import Catalogue
from journeyfold.decide.eligible import Conditions
from journeyfold.decide.reservations import Reservations
from journeyfold.identity.explain import Why
from journeyfold.journey.definition import Journey
from journeyfold.project.cleaned import Tally
from journeyfold.project.reports import SyncRow
from journeyfold.project.taxonomies import Missed
from journeyfold.runtime.outbox_view import Act, DestinationAct, DestinationCard, Outbox


class Situation(Person, Conditions, Protocol):
    """One person, one context, one instant, on one snapshot of the state."""

    @property
    def person(self) -> str:
        """Empty while the subject is unknown."""
        ...

    @property
    def unit(self) -> str:
        """Whom variants are drawn by: the person, or who the subject would become."""
        ...

    @property
    def profile_offset(self) -> int:
        """The consumed offset of the snapshot; -1 before the first record."""
        ...

    def anonymous(self) -> Situation:
        """The same context and instant for nobody: no facts at all (decisions A5)."""
        ...


class Decisions(Protocol):
    """The project in force as decide needs it; swapped atomically on a reload."""

    def catalogue(self) -> Catalogue | None:
        """None only before the first project is loaded."""
        ...

    def situate(
        self, subject: Sequence[Identifier], context: Mapping[str, Json], now_us: int, source: str
    ) -> Situation:
        """Normalises the identifiers as the door would; `source` is whose key asks, and its basis
        holds for a stranger. Raises EngineError when unreadable.
        """
        ...


class OutboxDesk(Protocol):
    """What waits to be delivered and where to; a command is an entry to append."""

    def filter(
        self, keys: Sequence[str] = (), *, destination: str = "", state: str = "",
        journey: str = "", kind: str = "", reason: str = "",
    ) -> Filter: ...  # fmt: skip

    def page(self, asked: Filter, after: str = "", limit: int = 100) -> Outbox: ...

    def matching(self, act: Act, asked: Filter) -> int: ...

    def destinations(self) -> list[DestinationCard]: ...

    def command(self, act: Act, asked: Filter, by: str) -> Entry: ...

    def destination_command(self, act: DestinationAct, name: str, by: str) -> Entry: ...


EntryOf = Callable[[Event, Kind, int, str], Entry]
"""(event, kind, fingerprint, key id) → the entry with the nodes of its usable identifiers."""


@dataclass(slots=True)
class Services:
    """One per serving process."""

    door: Door
    desk: Desk
    log: EventLog
    decisions: Decisions
    entry_of: EntryOf
    receipt_key: bytes  # the keyring's `link` key
    wait_folded: Callable[[int, float], Awaitable[bool]]  # (offset, seconds): is it folded?
    node_of: Callable[[Identifier], bytes | None]  # after normalisation; None when unusable
    why: Callable[[Identifier, Identifier], Why]
    purposes: Callable[[], frozenset[str]]
    hub: Hub
    reservations: Reservations
    outbox: OutboxDesk
    journeys: Callable[[], Mapping[str, Journey]] = dict  # of the project in force
    syncs: Callable[[], Sequence[SyncRow]] = list
    cleaned: Callable[[], Sequence[Tally]] = list
    misses: Callable[[], Sequence[Missed]] = list
