"""Who comes into a journey, by what, and when: events, edges of segments, stages, and what is asked.

An entry acts on an edge, not on a state; one that has to hold for a while, or that waits for a
person's own clock, is pending until its instant comes (journeys E12, E36).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from journeyfold.core.effect import Emit
from journeyfold.core.event import Event
from journeyfold.core.instant import rfc3339
from journeyfold.journey.control import ASKED
from journeyfold.journey.definition import PERSON
from journeyfold.journey.enter import Entering
from journeyfold.journey.limits import Reader
from journeyfold.journey.pending import Cause, due_us, give_up, own_us, pend
from journeyfold.journey.program import Program, entries_by, length_us, opposites
from journeyfold.journey.turn import Turn


class Arrivals:
    """The entries of the journeys that may be entered."""

    def __init__(self, live: Mapping[str, Program], entering: Entering, reader: Reader) -> None:
        self._live, self._entering, self._reader = live, entering, reader
        self._entries, self._opposites = entries_by(live), opposites(live)
        self.ends = frozenset(
            each.event
            for program in live.values()
            for _, each in program.exits
            if each.event is not None and each.late
        )
        self._opens = self.ends | {name for kind, name in self._entries if kind == "event"}

    def concerns(self, event: Event, moves: Sequence[Emit]) -> bool:
        """Whether this could let anybody in who is in no journey and waits for none, or has to be
        remembered for those who come in later.
        """
        if event.name in self._opens or _is_asked(event):
            return True
        return any(cause in self._entries or cause in self._opposites for cause in causes_of(moves))

    def come_in(self, turn: Turn, causes: Sequence[tuple[str, str]], event: Event | None) -> None:
        for cause in causes:
            if cause in self._opposites:
                give_up(turn.profile, self._opposites[cause])
        found = [pair for cause in causes for pair in self._entries.get(cause, ())]
        found.sort(key=lambda pair: (-pair[0].priority, pair[0].id))
        for program, at in found:
            due = due_us(turn, program, at, None, self._reader)
            if due > turn.now_us:
                turn.note(program, "", f"enters at {rfc3339(due)} if they stay")
                pend(turn.profile, program, at, due, Cause())
            else:
                self._entering.attempt(turn, program, at)
        if event is not None and _is_asked(event):
            self._asked_in(turn, event)

    def _asked_in(self, turn: Turn, event: Event) -> None:
        """By the API's own entries, or by the one the platform names (E12)."""
        program = self._live.get(str(event.properties.get("journey")))
        if program is None:
            return
        named = event.context.get("entry")
        for at, entry in enumerate(program.definition.entry):
            if named is None and entry.api:
                self._entering.attempt(turn, program, at)
            elif named == at:
                self._asked_by(turn, program, at, event)

    def _asked_by(self, turn: Turn, program: Program, at: int, event: Event) -> None:
        cause = Cause(event.id, str(event.properties.get("slot") or ""))
        due = due_us(turn, program, at, event, self._reader)
        schedule = program.definition.entry[at].schedule
        if due > turn.now_us:
            turn.note(program, "", f"enters at {rfc3339(due)}")
            pend(turn.profile, program, at, due, cause)
        elif due >= 0 and not (
            schedule is not None
            and schedule.tz == PERSON
            and turn.now_us - due > length_us(schedule.catch_up)
        ):
            self._entering.attempt(turn, program, at, cause)
        else:
            self._entering.refuse(turn, program, at, "missed")

    def come_due(self, turn: Turn) -> None:
        """Those whose instant has come."""
        profile = turn.profile
        come = [each for each in profile.pending if each.due_us <= turn.now_us]
        if not come:
            return
        profile.pending = [each for each in profile.pending if each.due_us > turn.now_us]
        come.sort(key=lambda one: (one.due_us, one.journey, one.entry, one.slot))
        for each in come:
            program = self._live.get(each.journey)
            if program is not None and each.entry < len(program.definition.entry):
                cause = Cause(each.cause, each.slot)
                self._entering.attempt(turn, program, each.entry, cause)

    def recount(self, turn: Turn) -> None:
        """By the clock of the zone they are in now."""
        profile = turn.profile
        for at, each in enumerate(profile.pending):
            program = self._live.get(each.journey)
            known = program is not None and each.entry < len(program.definition.entry)
            if each.slot and program is not None and known:
                entry = program.definition.entry[each.entry]
                if entry.schedule is not None:
                    due = max(own_us(profile, entry, each.slot, self._reader), turn.now_us)
                    profile.pending[at] = msgspec.structs.replace(each, due_us=due)


def _is_asked(event: Event) -> bool:
    """What the API and schedules append (E12), or a server says itself. A browser may say what
    happened on its page, not who enters what.
    """
    return event.name == ASKED and event.context.get("auth") in {"server", "system"}


def causes_of(moves: Iterable[Emit]) -> list[tuple[str, str]]:
    found = []
    for emit in moves:
        told = emit.properties
        if emit.name == "stage.changed":
            found.append(("stage", f"{told['lifecycle']}/{told['to']}"))
        elif emit.name in {"segment.entered", "segment.left"}:
            found.append((emit.name.partition(".")[2], str(told["segment"])))
    return found
