"""One person, a journey of a text, and time in the test's hands."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

import pytest

from journeyfold.core.effect import Deliver, Effect, Emit, Say
from journeyfold.core.errors import ProjectError
from journeyfold.core.event import Event, Json, Record
from journeyfold.core.instant import instant_us, rfc3339
from journeyfold.core.profile import Instance, Profile, Statement
from journeyfold.journey.program import Program
from journeyfold.journey.turn import Trace
from journeyfold.project.check import check
from journeyfold.project.compile import compile_project
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.project.step import Step

START = "2026-11-23T10:00:00Z"  # a Monday
NODE = "00" * 16
DATE = '{"type": "string", "format": "date-time"}'


def us(text: str) -> int:
    found = instant_us(text)
    assert found is not None
    return found


def project_of(
    journeys: dict[str, str], settings: str = "", messages: Iterable[str] = ("hello",), more=None,
    allowed: Iterable[str] = ("P165",),
):  # fmt: skip
    own = ("journeys/", "templates/", "tests/")
    files = {
        path: text for path, text in template_files("shop").items() if not path.startswith(own)
    }
    files["journeyfold.yaml"] = f"name: shop\ncurrency: EUR\n{dedent(settings)}"
    for name, text in journeys.items():
        files[f"journeys/{name}.yaml"] = dedent(text)
    for message in messages:
        files[f"templates/{message}/template.yaml"] = (
            "subject: Hello\nfrom: Shop <hello@shop.example>"
        )
        files[f"templates/{message}/body.html"] = "<p>Hello</p>"
    files["destinations/crm.yaml"] = "type: slack\nsecret: ${env:CRM}\n"
    files["templates/cart.liquid"] = "{{ entry.properties.cart_id }}"
    files |= more or {}
    identify = "schemas/identify.1.json"
    declared = files[identify].replace(', "loyalty"]', "]")  # a purpose of the shop's own
    files[identify] = declared.replace('"city":', f'"birthday": {DATE}, "city":')
    project = load(files)
    errors = [each for each in check(project) if each.severity == "error"]
    wrong = [each for each in errors if each.code not in allowed]
    if wrong:
        raise ProjectError(wrong)
    return project


class Rig:
    """`event` and `to` return the lines of the trace; `effects` gathers all there were."""

    def __init__(self, journeys: dict[str, str] | str, settings: str = "", **more) -> None:
        texts = {"it": journeys} if isinstance(journeys, str) else journeys
        self.project = project_of(texts, settings, **more)
        self.compiled = compile_project(self.project)
        self.compiled._decide = lambda *_asked: (self.chosen, [])
        self.compiled.ride_on({})
        self.chosen: Json = {"offer": "ten-percent"}
        self.profile = Profile(person="p_" + "a" * 26)
        self.now_us, self.offset = us(START), 0
        self.effects: list[Effect] = []
        self.lines: list[str] = []

    @property
    def travel(self):
        self.compiled.travel.trace = self._trace
        return self.compiled.travel

    @property
    def program(self) -> Program:
        """Of the journey that stands first."""
        return next(iter(self.compiled.programs.values()))

    # -- what happens -----------------------------------------------------------------------------

    def event(
        self, name: str, at: str | None = None, /, *, late_s: int = 0, event_id: str = "", traits=None, context=None,
        **properties: Json,
    ) -> list[str]:  # fmt: skip
        if at is not None:
            self.to(at, until_before=True)
        self.offset += 1
        event = Event(
            id=event_id or f"e{self.offset}", name=name, type="identify" if traits else "track",
            source="shop_web", identifiers=(), occurred_us=self.now_us - late_s * 1_000_000,
            received_us=self.now_us, properties=properties, traits=traits or {},
            context=context or {},
        )  # fmt: skip
        return self.fold(Record(self.offset, self.now_us, "event", event))

    def fold(self, record: Record) -> list[str]:
        assert self.travel is not None
        collecting = [self.compiled.aggregation]
        step = Step(record, self.profile, bytes(16), (), self.compiled, collecting)
        self.effects += step.fold()
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
        assert self.travel is not None
        upto_us = us(at)
        self.effects += self.compiled.advance(self.profile, upto_us + (not until_before))
        self.now_us = max(self.now_us, upto_us)
        return self._told()

    def _trace(self, line: Trace) -> None:
        self.lines.append(f"{rfc3339(line.at_us)[5:-1]} {line.place} {line.what}")

    def _told(self) -> list[str]:
        told, self.lines = self.lines, []
        return told

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
