"""Events that go on to a destination as they come in: which, for what purpose, what is said.

A forwarded event is an effect of the fold as a message is. Its key is made of the destination, the
forward and the event, so a batch folded twice, or a state built anew, repeats the key.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from journeyfold.activate.naming import effect_key

Slug: TypeAlias = Annotated[
    str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]{0,63}$", examples=["orders"])
]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Duration: TypeAlias = Annotated[
    str, msgspec.Meta(pattern="^(0|[1-9][0-9]{0,9})[smhdw]$", examples=["15m"])
]
FieldMap: TypeAlias = dict[Name, str]

EVERY = "*"  # in the place of an event's name: whatever the sources send
FIELDS_MAX = 200


class Forward(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One kind of event. Without a `map` the whole event is said.

    `where`, and what `map` says of the event, is worked out as the event is folded; what `map`
    says of the person alone, when it is sent (journeys E55). An event that is older than
    `max_event_age` when it comes in is history, and stays here.
    """

    id: Slug
    event: Name
    where: str | None = None
    purpose: str = ""
    map: FieldMap = {}
    max_event_age: Duration = "1d"

    def __post_init__(self) -> None:
        if len(self.map) > FIELDS_MAX:
            raise ValueError(f"at most {FIELDS_MAX} fields are mapped")


def forward_key(destination: str, forward: str, source: str, event: str) -> str:
    """The id of the effect; two sources may use one id for two events."""
    return effect_key("forward", destination, forward, source, event)
