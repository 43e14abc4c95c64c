"""What is true of a whole request: when it came, by whose right, with which batch-level fields.

Everything `admit` needs besides the message stands here, so that admission is a pure function.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from journeyfold.core.event import Json

Auth = Literal["browser", "server", "webhook", "import", "stream"]
"""How much the sender is trusted (collect C09); stamped into `context.auth`."""


class Arrival(msgspec.Struct, frozen=True):
    """One per request. `received_us` is read once (collect C24)."""

    received_us: int
    auth: Auth
    key_id: str = ""
    type: str = ""  # the path's type; empty in a batch
    context: dict[str, Json] = {}  # batch level (collect C18)
    integrations: dict[str, Json] = {}
    sent: str = ""  # batch `sentAt`, else the header; as text, kept when a time is corrected
    sent_us: int | None = None
    idempotency_key: str = ""
    user_agent: str = ""  # of the browser itself; a server's says nothing about the person
    ip: str = ""
    country: str = ""  # as a trusted proxy says
    language: str = ""  # `Accept-Language` of the browser itself
    gpc: bool = False
    hops: int = 0  # of ours that a webhook came through (journeys A22)
    is_bounded: bool = False  # the messages' shapes are within `json_entry.BOUND`

    @property
    def is_client(self) -> bool:
        """A write key in a browser or app: its claims bind less, its clock is corrected more."""
        return self.auth == "browser"
