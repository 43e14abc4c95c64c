"""Entries that are still to come: a segment to be held for a while, a time of one's own clock.

Somebody who flaps in and out of a segment comes in only after they have stayed for `min_dwell`
(journeys E12). A schedule by people's own clocks asks once for everybody, ahead of the first zone;
each comes in when their clock shows the time (E36). The wake of a person knows both.
"""

from __future__ import annotations

from typing import NamedTuple

from journeyfold.core.cron import slot_us
from journeyfold.core.event import Event
from journeyfold.core.profile import Pending, Profile
from journeyfold.journey.definition import PERSON, Entry
from journeyfold.journey.limits import Reader
from journeyfold.journey.program import Program, length_us
from journeyfold.journey.turn import Turn


class Cause(NamedTuple):
    """What an entry goes by where no event of the person does."""

    id: str = ""
    slot: str = ""


def due_us(turn: Turn, program: Program, at: int, event: Event | None, reader: Reader) -> int:
    """When somebody comes in by this entry; an instant that has passed means now. -1: never."""
    entry = program.definition.entry[at]
    if entry.segment is not None:
        dwell_us = length_us(entry.segment.min_dwell)
        held = turn.profile.memberships.get(entry.segment.id)
        since_us = held.since_us if held is not None and event is not None else turn.now_us
        return since_us + dwell_us
    if entry.schedule is not None and event is not None:
        return own_us(turn.profile, entry, str(event.properties.get("slot", "")), reader)
    return turn.now_us


def own_us(profile: Profile, entry: Entry, slot: str, reader: Reader) -> int:
    """When the clock that a schedule goes by shows its slot; -1 where it never does."""
    assert entry.schedule is not None
    zone = reader.zone(profile) if entry.schedule.tz == PERSON else entry.schedule.tz
    at_us = slot_us(slot, zone) if slot else None
    return -1 if at_us is None else at_us


def pend(profile: Profile, program: Program, at: int, due: int, cause: Cause) -> None:
    """Remember it; one that waits for the same already stays as it is."""
    known = {(each.journey, each.entry, each.slot) for each in profile.pending}
    if (program.id, at, cause.slot) not in known:
        waits = Pending(program.id, at, due, cause.slot, cause.id)
        profile.pending = [*profile.pending, waits]


def give_up(profile: Profile, entries: list[tuple[str, int]]) -> None:
    """They left the segment before they had stayed long enough."""
    profile.pending = [
        each for each in profile.pending if (each.journey, each.entry) not in entries
    ]


def is_meant(profile: Profile, entry: Entry) -> bool:
    """Whether somebody who was asked for, or waited, is still who the entry is about."""
    if entry.segment is not None:
        return (entry.segment.id in profile.memberships) == (entry.segment.edge == "entered")
    return entry.schedule is None or entry.schedule.audience in profile.memberships
