"""What happened: identifiers, events and the records of the log.

An `Event` is what a sender claims; a `Record` is that event with the place the log gave it.
All instants are integer microseconds UTC and end in `_us`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
else:
    Json = object  # msgspec resolves no recursive alias; the door has checked what is inside

Kind = Literal[
    "event",  # a source event or an imported record: changes state on replay
    "consent",  # a statement made through the API or the preference page
    "decision",  # what decide answered, with its reasons and propensities
    "timer",  # log time passed: people whose wake is due are advanced
    "project",  # the definitions in force from here on, with their text
    "cutpoints",  # quintile borders from the last snapshot
    "definition",  # a back-fill is complete: the new definitions hold from here on
    "evidence",  # a verdict on identity: link, cannot-link, retract, block
    "output",  # a fact the fold emitted; a replay recomputes it and must agree
    "erased",  # a body that a right removed; offset and digest stay
    "journey",  # a journey was paused, resumed, drained, stopped or migrated
    "erasure",  # a person is to be forgotten: their nodes, as keyed hashes
]
KINDS: tuple[Kind, ...] = (
    "event", "consent", "decision", "timer", "project",
    "cutpoints", "definition", "evidence", "output", "erased", "journey",
    "erasure",
)  # fmt: skip  # the position is the code in the log: append only
ENVELOPE_VERSION = 1


class Identifier(msgspec.Struct, frozen=True, array_like=True, order=True):
    """A claim about who: `kind` as in identity.yaml, `value` as it was sent (identity I2)."""

    kind: str
    value: str


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened, as the door admitted it. Unique per (source, id).

    `context["auth"]` is stamped by the door: browser | server | webhook | import | stream | system.
    """

    id: str
    name: str
    type: str
    source: str
    identifiers: tuple[Identifier, ...]
    occurred_us: int
    received_us: int
    properties: dict[str, Json] = {}
    traits: dict[str, Json] = {}
    context: dict[str, Json] = {}
    schema: str | None = None


def is_bot(event: Event) -> bool:
    """Told by the door from the user agent, or said by the sender itself (collect C48)."""
    agent = event.context.get("agent")
    told = type(agent) is dict and agent.get("bot") is True
    return told or event.context.get("bot") is True


class Record(msgspec.Struct, frozen=True):
    """An event in the log. Offsets are dense; `appended_us` is log time and never goes back."""

    offset: int
    appended_us: int
    kind: Kind
    event: Event


# Properties of one person's ten years fit; a hostile sender's do not (collect C11).
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
