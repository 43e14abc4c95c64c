"""What the public pages of mail need of the platform: the message behind a token, and its records.

In small protocols, so that tests lay them over memory stores; `api.desks.post` is the platform's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from journeyfold.activate.tracking import TokenKey
from journeyfold.core.event import Event, Kind
from journeyfold.project.model import Project
from journeyfold.project.sent import Sent


class Preference(msgspec.Struct, frozen=True):
    """A purpose on the page, and whether it is granted now."""

    purpose: str
    is_granted: bool


class Page(msgspec.Struct, frozen=True):
    """The page behind an unsubscribe link. `said` is what has just been done: unsubscribed, saved."""

    project: str
    path: str
    preferences: tuple[Preference, ...]
    purpose: str = ""  # of the message
    said: str = ""
    language: str = "en"
    is_unsubscribed: bool = False  # from that purpose, before anything was done here


Render = Callable[[Page | None], str]
"""None: the link leads nowhere (any more)."""


class PostRoom(Protocol):
    """Synchronous calls are run in threads. EngineError while the state is being built."""

    @property
    def key(self) -> TokenKey: ...

    @property
    def project(self) -> Project: ...

    def now_us(self) -> int: ...

    def find(self, effect: str) -> Sent | None:
        """The message, as the state has it or, before it is folded, as the log has."""
        ...

    def granted(self, sent: Sent, purposes: Sequence[str]) -> dict[str, bool]:
        """What holds for its recipient now."""
        ...

    async def append(self, records: Sequence[tuple[Event, Kind]], *, folded: bool = False) -> None:
        """Durable when it returns; `folded`: and in force, if that takes no longer than seconds."""
        ...
