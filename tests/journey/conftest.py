"""One person, a journey of a text, and time in the test's hands."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

import pytest

from journeyfold.core.effect import Deliver, Effect, Emit, Say
from journeyfold.core.event import Event, Json, Record
from journeyfold.core.instant import instant_us, rfc3339
from journeyfold.core.profile import Instance, Profile, Statement
from journeyfold.journey.advance import Journeys
from journeyfold.journey.program import Program
from journeyfold.journey.turn import Trace, Turn
from journeyfold.project.check import load_checked
from journeyfold.project.compile import Step, compile_project
from journeyfold.project.journeying import journeys_of, limits_of, programs_of
from journeyfold.project.scaffold import template_files

START = "2026-11-23T10:00:00Z"  # a Monday
NODE = "00" * 16
DATE = '{"type": "string", "format": "date-time"}'


def us(text: str) -> int:
    found = instant_us(text)
    assert found is not None
    return found


def project_of(journeys: dict[str, str], settings: str = "", messages: Iterable[str] = ("hello",)):
    files = template_files("shop")
    files["journeyfold.yaml"] = f"name: shop\ncurrency: EUR\n{dedent(settings)}"
    for name, text in journeys.items():
        files[f"journeys/{name}.yaml"] = dedent(text)
    for message in messages:
        files[f"templates/{message}/template.yaml"] = "subject: Hello"
        files[f"templates/{message}/body.html"] = "<p>Hello</p>"
    identify = "schemas/identify.1.json"
    files[identify] = files[identify].replace('"city":', f'"birthday": {DATE}, "city":')
    return load_checked(files)


class Rig:
    """`event` and `to` return the lines of the trace; `effects` gathers all there were."""

    def __init__(self, journeys: dict[str, str] | str, settings: str = "", **more) -> None:
        texts = {"it": journeys} if isinstance(journeys, str) else journeys
        self.project = project_of(texts, settings, **more)
        self.compiled = compile_project(self.project)
        around = self.compiled.surroundings
        self.limits = limits_of(self.project, around.trait, around.consent)
        self.chosen: Json = {"offer": "ten-percent"}
        programs = programs_of(self.project, self.compiled.journeys_typed, self.compiled.keys)
        self.engine = self.engine_of(programs)
        self.profile = Profile(person="p_" + "a" * 26)
        self.now_us, self.offset = us(START), 0
        self.effects: list[Effect] = []
        self.lines: list[str] = []

    def engine_of(self, live: dict[str, Program], pinned=None) -> Journeys:
        return journeys_of(live, pinned or {}, self.limits, self._decide)

    def _decide(self, _profile, _placement, _key, _now_us):
        return self.chosen, []

    # -- what happens -----------------------------------------------------------------------------

    def event(
        self, name: str, at: str | None = None, /, *, late_s: int = 0, event_id: str = "", traits=None,
        **properties: Json,
    ) -> list[str]:  # fmt: skip
        if at is not None:
            self.to(at, until_before=True)
        self.offset += 1
        event = Event(
            id=event_id or f"e{self.offset}", name=name, type="identify" if traits else "track",
            source="shop_web", identifiers=(), occurred_us=self.now_us - late_s * 1_000_000,
            received_us=self.now_us, properties=properties, traits=traits or {},
        )  # fmt: skip
        return self.fold(Record(self.offset, self.now_us, "event", event))

    def fold(self, record: Record) -> list[str]:
        step = Step(record, self.profile, bytes(16), (), self.compiled, [self.compiled.aggregation])
        effects = step.fold()
        self.effects += effects
        turn = self._turn(record.appended_us, record)
        self.engine.record(turn, [each for each in effects if isinstance(each, Emit)])
        self.effects += turn.effects
        return self._told()

    def traits(self, **traits: Json) -> list[str]:
        return self.event("Identify", traits=traits)

    def grant(self, *purposes: str) -> None:
        held = self.profile.consents.setdefault(NODE, {})
        held |= {purpose: Statement("granted", self.now_us, "c") for purpose in purposes}

    def deny(self, *purposes: str) -> None:
        held = self.profile.consents.setdefault(NODE, {})
        held |= {purpose: Statement("denied", self.now_us, "d") for purpose in purposes}

    def reachable(self) -> None:
        self.traits(email="ada@example.com")
        self.grant("marketing", "marketing_email")
        self.lines.clear()

    def to(self, at: str, *, until_before: bool = False) -> list[str]:
        """Let time pass; what is due exactly at `at` is settled, too, unless a record comes."""
        upto_us = us(at)
        while True:
            due_us = self.profile.journeys_due_us
            if not due_us or due_us > upto_us or (until_before and due_us == upto_us):
                break
            turn = self._turn(due_us, None)
            self.engine.time(turn)
            self.effects += turn.effects
        self.now_us = max(self.now_us, upto_us)
        return self._told()

    def _turn(self, now_us: int, record: Record | None) -> Turn:
        view = self.compiled.view(self.profile)
        if record is not None:
            view.event = record.event
        return Turn(self.profile, view, now_us, record, self._trace)

    def _trace(self, line: Trace) -> None:
        self.lines.append(f"{rfc3339(line.at_us)[5:-1]} {line.place} {line.what}")

    def _told(self) -> list[str]:
        told, self.lines = self.lines, []
        return told

    def membership_until(self, at: str) -> None:
        """Let memberships change by time, and tell the journeys of it."""
        for each in self.compiled.advance(self.profile, us(at) + 1):
            if isinstance(each, Emit):
                turn = self._turn(each.at_us, None)
                self.engine.moved(turn, [each])
                self.effects += turn.effects

    # -- what is there ------------------------------------------------------------------------------

    @property
    def running(self) -> list[Instance]:
        return [each for each in self.profile.journeys if not each.ended_us]

    @property
    def steps(self) -> list[str]:
        return [each.step for each in self.running]

    def emitted(self, name: str) -> list[dict[str, Json]]:
        return [e.properties for e in self.effects if isinstance(e, Emit) and e.name == name]

    @property
    def delivered(self) -> list[Deliver]:
        """Without the pushes of the shop's own triggers."""
        sent = (each for each in self.effects if isinstance(each, Deliver))
        return [each for each in sent if each.destination != "stream"]

    @property
    def said(self) -> list[Say]:
        return [each for each in self.effects if isinstance(each, Say)]


@pytest.fixture
def rig():
    """`rig(text)`: a person before a journey."""
    return Rig
