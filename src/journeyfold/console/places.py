"""The places of the rail: where they lead, their picture and their key after `g` (console C14)."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True):
    """`first` places stay in the bottom bar of a narrow screen; the others are under More."""

    path: str
    name: str
    icon: str
    key: str = ""
    first: bool = False
    act: str = "look"  # for whom it is there at all


PLACES: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "Now",
        (
            Place("/", "Overview", "home", "o", first=True),
            Place("/live", "Live", "live", "e", first=True),
            Place("/quarantine", "Quarantine", "quality", "q"),
            Place("/quality", "Quality", "flag", "y"),
        ),
    ),
    (
        "People",
        (
            Place("/people", "People", "people", "p", first=True),
            Place("/review", "Review", "merge", "r", act="look at pairs"),
            Place("/audit", "Audit", "check", "a"),
            Place("/segments", "Segments", "segment", "s"),
        ),
    ),
    (
        "Act",
        (
            Place("/journeys", "Journeys", "journey", "j", first=True),
            Place("/messages", "Messages", "mail", "m"),
            Place("/outbox", "Outbox", "outbox", "t"),
            Place("/mailbox", "Mailbox", "inbox", "i"),
        ),
    ),
    (
        "Set up",
        (
            Place("/sources", "Sources", "source", "u"),
            Place("/schemas", "Schemas", "segment", "c"),
            Place("/lineage", "Lineage", "branch", "n"),
            Place("/settings", "Settings", "key", "k"),
        ),
    ),
)
