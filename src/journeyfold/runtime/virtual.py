"""A platform in virtual time: events in, and everything that is due in between, at its instant.

The engine, its waits and its gates are the real ones; nothing is kept or sent. A delivery says at
once that it was sent, and what the platform says of people comes back through the fold like
anything else. People whom nothing links never meet, so each household is played from beginning to
end with only its own profiles at hand: no clock ticks, and nothing is decoded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from itertools import count

from journeyfold.adapters.memory import MemoryState
from journeyfold.core.chance import uniform
from journeyfold.core.effect import Deliver, Effect, Say
from journeyfold.core.event import Event, Json, Kind, Record
from journeyfold.core.instant import HOUR_US, MINUTE_US
from journeyfold.core.ports import Cursor, Entry, EventLog, Fate, Held, StateWriter
from journeyfold.core.profile import Profile
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.journey.control import entry_event
from journeyfold.journey.turn import Trace
from journeyfold.project.compile import OWN_SOURCE, Compiled
from journeyfold.project.engine import Engine
from journeyfold.project.pretend import is_message, pretended, said_of
from journeyfold.runtime.slots import Slots, asked_in

KEY = bytes(32)  # nothing here is secret, and the same events give the same people
Timed = tuple[int, Event]
OPENED, CLICKED = 0.34, 0.11  # of what invented people are sent
ANSWER_WITHIN_US = 30 * HOUR_US


class VirtualPlatform:
    """`play` one household after the other. `note` hears every line of every journey."""

    def __init__(
        self, compiled: Compiled, note: Callable[[Trace], None], *, people_answer: bool = False
    ) -> None:
        self._compiled, self._people_answer = compiled, people_answer
        self._tape = _Tape(compiled)
        self._engine = Engine(self._tape, KEY, lambda _files: compiled)
        self._note, self._number = note, count()
        self._slots = Slots(compiled, 0)
        project = compiled.project
        told: dict[str, Json] = {"hash": project.hash, "files": dict(project.files)}
        activated = _event("project.activated", "_system", project.hash, 0, told, "system")
        with MemoryState().write() as writer:
            self._engine.fold(writer, [self._tape.take(activated, 0, "project")])
        if self._engine.compiled.travel is not None:
            self._engine.compiled.travel.trace = note

    def play(self, events: Iterable[Timed], until_us: int) -> None:
        """`events` of people who are linked to nobody outside, in the order of time."""
        waiting = [(at_us, next(self._number), event) for at_us, event in events]
        self._slots = Slots(self._engine.compiled, waiting[0][0] if waiting else until_us)
        with MemoryState().write() as writer:
            self._engine.begin(writer)
            while self._next(waiting, writer, until_us):
                pass
        self._engine.forget()
        self._tape.forget()

    def _next(
        self, waiting: list[tuple[int, int, Event]], writer: StateWriter, until_us: int
    ) -> bool:
        """The next thing that happens: something falls due, or a record comes (E1)."""
        awake = [each for each in self._engine.people.touched() if each.wake_us]
        due = min(awake, key=_turn, default=None) if len(awake) != 1 else awake[0]
        at_us = waiting[0][0] if waiting else until_us + 1
        slot_us = self._slots.next_us
        if slot_us <= until_us and slot_us < min(at_us, due.wake_us if due else slot_us + 1):
            self._ask_in(slot_us, waiting)
            return True
        if due is not None and due.wake_us < at_us and due.wake_us <= until_us:
            at_us = due.wake_us
            effects = self._engine.compiled.advance(due, at_us + 1)
            self._happen(self._engine.people.count(effects), at_us, waiting)
            return True
        if at_us > until_us:
            return False
        record = self._tape.take(heappop(waiting)[2], at_us)
        self._happen(self._engine.apply(record, writer), at_us, waiting)
        return True

    def _ask_in(self, at_us: int, waiting: list[tuple[int, int, Event]]) -> None:
        """A slot of a schedule has come: the platform asks in whom it is meant for."""
        people = sorted(self._engine.people.touched(), key=lambda each: each.person)
        for intake, slot, profile in asked_in(self._slots.take(at_us), people):
            who = self._engine.identifier_of(profile.person)
            if who is not None:
                journey = intake.program.id
                event = entry_event(
                    journey, f"enter/{journey}/{slot}/{profile.person}", (who,), at_us,
                    {"slot": slot}, intake.at,
                )  # fmt: skip
                heappush(waiting, (at_us, next(self._number), event))

    def _happen(
        self, effects: Sequence[Effect], at_us: int, waiting: list[tuple[int, int, Event]]
    ) -> None:
        for effect in effects:
            said: list[Say] = []
            if isinstance(effect, Say):
                said = [effect]
            elif isinstance(effect, Deliver) and is_message(effect):
                said = self._delivered(effect, at_us)
            for say in said:
                if (event := self._event_of(say)) is not None:
                    heappush(waiting, (say.at_us, next(self._number), event))

    def _delivered(self, deliver: Deliver, at_us: int) -> list[Say]:
        """Sent, as far as anybody knows; invented people open and click, by lot."""
        profile = self._engine.people.get(deliver.person)
        if profile is None:
            return []
        found = pretended(self._engine.compiled, profile, deliver)
        said = [said_of(deliver, found, at_us)]
        if found.result != "sent":
            place = f"{deliver.payload['journey']}/{deliver.payload['step']}"
            self._note(Trace(at_us, deliver.person, place, f"skipped {found.gate}"))
        elif self._people_answer:
            lot = uniform("sample", "answer", deliver.key)
            names = ["message.opened"] * (lot < OPENED) + ["message.clicked"] * (lot < CLICKED)
            later_us = at_us + MINUTE_US + round(lot / OPENED * ANSWER_WITHIN_US)
            said += [_answer(said[0], name, later_us) for name in names]
        return said

    def _event_of(self, say: Say) -> Event | None:
        """As it comes back through the log; None where nobody can be named."""
        who = self._engine.identifier_of(say.person)
        if who is None:
            return None
        return Event(
            id=say.key, name=say.name, type=say.type, source=OWN_SOURCE, identifiers=(who,),
            occurred_us=say.at_us, received_us=say.at_us, properties=say.properties,
            traits=say.traits, context={"auth": "system"},
        )  # fmt: skip


class _Tape(EventLog):
    """The records of the household in hand, as the fold may read them; nothing is written."""

    def __init__(self, compiled: Compiled) -> None:
        self._rules = compiled.project.identity
        self._records: list[Record] = []
        self._offsets = count()

    def take(self, event: Event, at_us: int, kind: Kind = "event") -> Record:
        record = Record(next(self._offsets), at_us, kind, event)
        self._records.append(record)
        return record

    def forget(self) -> None:
        self._records.clear()

    def append(
        self,
        items: Sequence[Entry | Held],
        *,
        now_us: int,
        rejected: Iterable[tuple[str, int]] = (),
        cursor: Cursor | None = None,
        replayed: Sequence[int] = (),
    ) -> list[Fate]:
        del items, now_us, rejected, cursor, replayed
        raise AssertionError("a fold in virtual time appends nothing")

    def read(self, after: int, limit: int) -> list[Record]:
        return [each for each in self._records if each.offset > after][:limit]

    def history(
        self, nodes: Iterable[bytes], *, upto: int, before: int | None = None, limit: int = 0
    ) -> list[Record]:
        wanted = frozenset(nodes)
        found = [
            each
            for each in self._records
            if each.offset <= upto and wanted.intersection(self._nodes(each.event))
        ]
        if before is None:
            return found
        return [each for each in reversed(found) if each.offset < before][: limit or None]

    def find(self, source: str, event_id: str) -> Record | None:
        records = (each for each in self._records if each.event.id == event_id)
        return next((each for each in records if each.event.source == source), None)

    def head(self) -> tuple[int, int]:
        last = self._records[-1] if self._records else None
        return (last.offset, last.appended_us) if last is not None else (-1, 0)

    def _nodes(self, event: Event) -> list[bytes]:
        return [node_of(each, KEY) for each in normalised(event, self._rules)[0]]


def _turn(profile: Profile) -> tuple[int, str]:
    return profile.wake_us, profile.person


def _answer(sent: Say, name: str, at_us: int) -> Say:
    key = f"{sent.properties['message']}/{name.partition('.')[2]}"
    return Say(key, name, "track", sent.person, at_us, properties=sent.properties)


def _event(
    name: str, source: str, id_: str, at_us: int, properties: dict[str, Json], type_: str
) -> Event:
    return Event(
        id=id_, name=name, type=type_, source=source, identifiers=(), occurred_us=at_us,
        received_us=at_us, properties=properties, context={"auth": "system"},
    )  # fmt: skip
