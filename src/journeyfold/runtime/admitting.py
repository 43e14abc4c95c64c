"""People let into journeys by the platform: who is in a segment already, and schedules (E12, E36).

Each is asked in by a record of its own, so a replay knows. The job looks through the committed
state a slice at a time, at most so many people a second, and keeps its place in the log beside what
it has appended: a crash goes on where it was, and asking twice lets nobody in twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from journeyfold.core.cron import Cron, read_cron, slot_after, slot_text, slot_us
from journeyfold.core.effect import effect_id
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import duration_us
from journeyfold.core.localtime import local, tz_version
from journeyfold.core.ports import Clock, Cursor, Entry, EventLog, StateReader, StateStore
from journeyfold.core.profile import Profile
from journeyfold.journey.control import LIVE, SYSTEM, ZONES, entry_event
from journeyfold.journey.definition import PERSON
from journeyfold.journey.program import Program
from journeyfold.log.store import Marks
from journeyfold.project.compile import Compiled
from journeyfold.project.people import decode_profile
from journeyfold.runtime.fold_loop import FoldLoop

PEOPLE_PER_S = 500
SLICE_ROWS = 2_000  # profiles looked past at a time; those not in the segment are not decoded
LOOK_S = 0.5
MISSED = "journey.missed"
_MISSED_MAX = 100  # slots a look
FIRST_ZONE, _LAST_ZONE = "Pacific/Kiritimati", "Etc/GMT+12"  # where a date begins, and ends


class Intake(NamedTuple):
    """One entry of a journey that the platform has to ask people in by."""

    program: Program
    at: int
    segment: str
    edge: str = "entered"
    cron: Cron | None = None
    zone: str = ""  # of a schedule; empty for people's own
    catch_up_us: int = 0

    @property
    def name(self) -> str:
        """Of its place in the log; a schedule goes on through versions, include_current does not."""
        kind = "schedule" if self.cron is not None else f"enter/{self.program.version}"
        return f"{kind}/{self.program.id}/{self.at}"


class Standing(msgspec.Struct):
    """How far an intake is: `done` is its last slot, `now` the one under way (for a segment `done`
    says that everybody was asked), `after` the last person looked at.
    """

    done: str = ""
    now: str = ""
    after: str = ""


class Admitting:
    """`run` is called when the fold has nothing to do."""

    def __init__(
        self,
        log: EventLog,
        marks: Marks,
        state: StateStore,
        clock: Clock,
        *,
        people_per_s: int = PEOPLE_PER_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._marks, self._state, self._clock = log, marks, state, clock
        self._per_s, self._monotonic_s = people_per_s, monotonic_s
        self._known: dict[str, Standing] = {}
        self._compiled: Compiled | None = None
        self._intakes: list[Intake] = []
        self._allowance, self._filled_s = 0.0, monotonic_s()
        self._next_look_s = 0.0

    def run(self, loop: FoldLoop) -> None:
        """A slice of each intake that is under way; now and then a look at what is due."""
        compiled, now_s = loop.engine.definitions.in_force, self._monotonic_s()
        if compiled is None:
            return
        if compiled is not self._compiled:
            self._compiled, self._intakes = compiled, list(intakes_of(compiled))
        looks = now_s >= self._next_look_s
        if looks:
            self._next_look_s = now_s + LOOK_S
            self._tell_zones(loop, compiled)
        controls = loop.engine.definitions.standing.controls
        for intake in self._intakes:
            if controls.get(intake.program.id, LIVE).status != "live":
                continue
            standing = self._standing(intake)
            if looks and not standing.now:
                self._begin(intake, standing)
            if standing.now:
                self._slice(loop, intake, standing, now_s)

    def _tell_zones(self, loop: FoldLoop, compiled: Compiled) -> None:
        """Waits for a local time are counted anew when the tz database is another (E33)."""
        version = tz_version()
        if compiled.programs and loop.engine.definitions.standing.zones != version:
            now_us = self._clock.now_us()
            told: dict[str, Json] = {"version": version}
            loop.append("journey", ZONES, told, now_us, f"zones/{version}/{now_us}")

    # -- what is due ----------------------------------------------------------------------------

    def _standing(self, intake: Intake) -> Standing:
        known = self._known.get(intake.name)
        if known is None:
            raw = self._marks.cursor(intake.name)
            known = msgspec.json.decode(raw, type=Standing) if raw else Standing()
            self._known[intake.name] = known
        return known

    def _begin(self, intake: Intake, standing: Standing) -> None:
        if intake.cron is None:
            if not standing.done:
                standing.now = intake.program.version
            return
        now_us = self._clock.now_us()
        if not standing.done:  # a new schedule begins with its first slot from now on
            here = local(now_us, intake.zone or FIRST_ZONE)
            standing.done = slot_text(here.date(), here.hour * 60 + here.minute)
            self._keep(intake, standing, [])
        for _ in range(_MISSED_MAX):
            slot = slot_after(intake.cron, standing.done)
            opens_us = slot_us(slot, intake.zone or FIRST_ZONE) if slot else None
            if not slot or (opens_us is not None and opens_us > now_us):
                return
            closes_us = slot_us(slot, intake.zone or _LAST_ZONE)
            if closes_us is not None and now_us - closes_us <= intake.catch_up_us:
                standing.now, standing.after = slot, ""
                return
            standing.done = slot
            missed = [] if closes_us is None else [_missed(intake, slot, now_us)]
            self._keep(intake, standing, missed)

    # -- a slice --------------------------------------------------------------------------------

    def _slice(self, loop: FoldLoop, intake: Intake, standing: Standing, now_s: float) -> None:
        most = self._allowed(now_s)
        if most < 1:
            return
        entries: list[Entry] = []
        is_through, last = True, standing.after
        with self._state.read() as reader:
            start = f"{last}\0".encode() if last else b""
            for seen, (key, raw) in enumerate(reader.scan("profile", start)):
                if len(entries) >= most or seen >= SLICE_ROWS:
                    is_through = False
                    break
                last = key.decode()
                if _may_be_meant(intake, raw) and is_meant(intake, decode_profile(raw)):
                    entries += self._asked(loop, reader, intake, standing.now, last)
        self._allowance -= len(entries)
        if is_through:
            standing.done, standing.now, standing.after = standing.now, "", ""
        else:
            standing.after = last
        self._keep(intake, standing, entries)

    def _allowed(self, now_s: float) -> int:
        grown = self._allowance + (now_s - self._filled_s) * self._per_s
        self._allowance, self._filled_s = min(grown, float(self._per_s)), now_s
        return int(self._allowance)

    def _asked(
        self, loop: FoldLoop, reader: StateReader, intake: Intake, slot: str, person: str
    ) -> list[Entry]:
        engine, journey = loop.engine, intake.program.id
        who = engine.identifier_of(person, reader)
        if who is None:
            return []
        properties: dict[str, Json] = {"slot": slot} if intake.cron is not None else {}
        event = entry_event(
            journey, f"enter/{journey}/{slot}/{person}", (who,), self._clock.now_us(), properties,
            intake.at,
        )  # fmt: skip
        return [Entry(event=event, kind="event", nodes=(engine.node_of(who),))]

    def _keep(self, intake: Intake, standing: Standing, entries: list[Entry]) -> None:
        """The place is committed with what was appended on the way to it."""
        cursor = Cursor(intake.name, msgspec.json.encode(standing))
        self._log.append(entries, now_us=self._clock.now_us(), cursor=cursor)


def intakes_of(compiled: Compiled) -> Iterator[Intake]:
    for name in sorted(compiled.programs):
        program = compiled.programs[name]
        for at, entry in enumerate(program.definition.entry):
            if entry.segment is not None and entry.segment.include_current:
                yield Intake(program, at, entry.segment.id, entry.segment.edge)
            if entry.schedule is not None:
                schedule = entry.schedule
                yield Intake(
                    program, at, schedule.audience, cron=read_cron(schedule.cron),
                    zone="" if schedule.tz == PERSON else schedule.tz,
                    catch_up_us=duration_us(schedule.catch_up) or 0,
                )  # fmt: skip


def _may_be_meant(intake: Intake, raw: bytes) -> bool:
    """Whoever is in a segment has its name in the profile: the others need not be decoded."""
    return intake.edge == "left" or intake.segment.encode() in raw


def is_meant(intake: Intake, profile: Profile) -> bool:
    return (intake.segment in profile.memberships) == (intake.edge == "entered")


def _missed(intake: Intake, slot: str, now_us: int) -> Entry:
    """A slot nobody was let in by: it is older than `catch_up` allows (E36)."""
    event = Event(
        id=effect_id(f"missed/{intake.program.id}/{intake.at}/{slot}"), name=MISSED, type="output",
        source=SYSTEM, identifiers=(), occurred_us=now_us, received_us=now_us,
        properties={"journey": intake.program.id, "slot": slot}, context={"auth": "system"},
    )  # fmt: skip
    return Entry(event=event, kind="output")
