"""What must happen because of a record. Pure code returns effects; the shell carries them out.

Every effect has a key that depends only on the log, so repeating a batch repeats the keys and
nothing happens twice.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TypeAlias

import msgspec

from journeyfold.core.event import Json


class Emit(msgspec.Struct, frozen=True):
    """A fact the fold found: appended to the log as an `output` record with id = hash(key)."""

    key: str
    name: str
    person: str
    at_us: int
    properties: dict[str, Json]


class Deliver(msgspec.Struct, frozen=True):
    """Something for the outbox: sent after the commit, at least once, by `destination`."""

    key: str
    destination: str
    person: str
    due_us: int
    purpose: str
    payload: dict[str, Json]


class Say(msgspec.Struct, frozen=True):
    """An event about a person that comes back through the log like any other (journeys E41)."""

    key: str
    name: str
    type: str
    person: str
    at_us: int
    properties: dict[str, Json] = {}
    traits: dict[str, Json] = {}


class Moved(msgspec.Struct, frozen=True):
    """A run reached a step: counted with the state, and in no record of its own. `came_from` is
    empty where it began; `is_first` is false where it has been at this step before. `line` is what
    the message of the step is reported by, of a run that came to it before its goal.
    """

    journey: str
    version: str
    came_from: str
    to: str
    is_held_out: bool
    is_first: bool
    line: tuple[str, str, str] | None = None  # channel, template, arms so far


Effect: TypeAlias = Emit | Deliver | Say | Moved


def effect_id(key: str) -> str:
    """The event id of an output: 128 bits of BLAKE2b over the effect's key, in hex."""
    return blake2b(key.encode(), digest_size=16).hexdigest()
