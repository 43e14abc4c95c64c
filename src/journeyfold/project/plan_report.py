"""What `plan` answers: what a changed project would have made of recorded history.

A surface others write against, so fields are added, never renamed.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from journeyfold.journey.control import Move


class Mover(msgspec.Struct, frozen=True):
    """An example of someone who would enter or leave."""

    person: str
    direction: Literal["enters", "leaves"]
    because: str


class SegmentChange(msgspec.Struct, frozen=True):
    segment: str
    before: int | None  # None: the segment is new
    after: int | None  # None: the segment is removed
    entered: int
    left: int
    examples: tuple[Mover, ...] = ()


class DecisionChange(msgspec.Struct, frozen=True):
    placement: str
    compared: int
    differ: int
    examples: tuple[str, ...] = ()


class PlannedMessage(msgspec.Struct, frozen=True):
    step: str
    template: str
    sent: int


class JourneyDay(msgspec.Struct, frozen=True):
    """One day in UTC; what gates held back or skipped, by gate."""

    day: str
    entered: int
    sent: int
    held: dict[str, int] = {}
    skipped: dict[str, int] = {}


class JourneyChange(msgspec.Struct, frozen=True):
    """What a new or changed journey would have done within the window. `entered_before` is what
    the one in force did; None for a new one. `moves` are of those who are in it now.
    """

    journey: str
    change: Literal["added", "changed", "removed"]
    version: str
    entered_before: int | None
    entered: int
    people: int
    held_out: int
    sent: int
    examples: tuple[str, ...] = ()
    messages: tuple[PlannedMessage, ...] = ()
    days: tuple[JourneyDay, ...] = ()
    moves: tuple[Move, ...] = ()


class TraitChange(msgspec.Struct, frozen=True):
    """Of how many people a trait would be another, and of how many it would have no value."""

    trait: str
    people: int
    lost: int
    examples: tuple[str, ...] = ()


class Regrouped(msgspec.Struct, frozen=True):
    """People who are one under the one rules and several under the others, as `kind:value`."""

    change: Literal["merged", "split"]
    parts: tuple[tuple[str, ...], ...]


class IdentityChange(msgspec.Struct, frozen=True):
    """What other rules make of everybody. `lost` and `gained` are identifiers that name somebody
    under one of the two only.
    """

    merges: int
    splits: int
    lost: int
    gained: int
    limits: tuple[str, ...]
    examples: tuple[Regrouped, ...]


class PlanReport(msgspec.Struct, frozen=True):
    """What the changed project would have made of recorded history (segments B6)."""

    window: str
    people: int
    records: int
    segments: tuple[SegmentChange, ...] = ()
    stages: tuple[SegmentChange, ...] = ()
    decisions: tuple[DecisionChange, ...] = ()
    journeys: tuple[JourneyChange, ...] = ()
    definitions: dict[str, Literal["added", "changed", "removed"]] = {}  # `offer/ten-percent`
    untouched: int = 0
    reconstructed: bool = False
    traits: tuple[TraitChange, ...] = ()
    identity: IdentityChange | None = None  # where identity.yaml says something else

    @property
    def has_changes(self) -> bool:
        found = (self.definitions, self.segments, self.stages, self.decisions, self.traits)
        return any(found)
