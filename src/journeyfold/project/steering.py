"""A command on a journey, carried out on everybody who is in it (journeys E61, E62); a new tz
database, on everybody who is in any (E33).

What was due before the command is settled first, under the state of things before it: a worker that
is late takes nobody another way (E1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from journeyfold.core.effect import Effect
from journeyfold.core.event import Record
from journeyfold.core.ports import StateWriter
from journeyfold.core.profile import Profile
from journeyfold.journey.control import ZONES
from journeyfold.project.compile import Compiled
from journeyfold.project.definitions import Definitions
from journeyfold.project.people import People

Each = Callable[[Iterable[Profile], Callable[[Profile], list[Effect]]], list[Effect]]
"""Evaluates people one by one; who cannot be evaluated keeps nobody else from it (REL-12)."""


def steer(
    record: Record, writer: StateWriter, people: People, definitions: Definitions, each: Each
) -> list[Effect]:
    """A record of kind `journey`: how the journey stands from here on, and what that does."""
    now_us, before = record.appended_us, definitions.in_force
    assert before is not None, "a project is activated before any command"
    effects = settle_overdue(now_us, writer, people, before, each)
    event = record.event
    if event.name == ZONES:
        definitions.standing.zones = str(event.properties["version"])
    else:
        definitions.steer(record)
    definitions.save(writer)
    after = definitions.in_force
    travel = after.travel if after is not None else None
    if travel is None:
        return effects
    if event.name == ZONES:
        everyone = people.travellers(writer)
        return effects + each(everyone, lambda one: travel.rezone(one, now_us))
    inside = people.travellers(writer, str(event.properties["journey"]))
    return effects + each(inside, lambda one: travel.steer(one, event, now_us))


def settle_overdue(
    now_us: int, writer: StateWriter, people: People, compiled: Compiled, each: Each
) -> list[Effect]:
    """Let time pass for everybody who was due before an instant."""
    late = map(people.open, people.due(writer, now_us - 1))
    return each(late, lambda one: compiled.advance(one, now_us))
