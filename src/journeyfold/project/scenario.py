"""`tests/*.yaml`: given these events and this clock, expect this (issue: project directory).

A scenario is a list of steps. `steps_of` turns what the author wrote into events with instants
and ids; `project/rehearsal.py` plays them through an engine and compares.
"""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta

from journeyfold.core.event import Event, Identifier, Json

Span = Annotated[str, Meta(pattern="^[1-9][0-9]*(s|m|h|d|w)$", examples=["5m"])]


class DecideExpectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a placement must answer. Only what is written is compared."""

    placement: str
    context: dict[str, Json] = {}
    offer: str | None = None
    variant: str | None = None
    offers: list[str] | None = None  # all slots, in order
    reasons: dict[str, str] = {}  # offer → reason code
    fallback_level: int | None = None


class Delivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something the platform must have sent: to a destination, or a push to a placement."""

    destination: str | None = None
    placement: str | None = None
    template: str | None = None


class MessageExpectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message a journey sent, held or skipped. Only what is written is compared."""

    journey: str | None = None
    step: str | None = None
    template: str | None = None
    channel: str | None = None
    result: Literal["sent", "held", "skipped", "failed"] = "sent"
    gate: str | None = None


class RunExpectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where somebody's newest run through a journey stands. Only what is written is compared."""

    step: str | None = None
    ended: str | None = None  # the reason; empty: it is still running
    entries: int | None = None
    held_out: bool | None = None
    goal: bool | None = None


class Expectation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"in_": "in"}):
    """What must hold at the end of a step, for the person behind `of`."""

    of: str | None = None  # kind:value; the first identifier of the scenario when absent
    in_: list[str] = []
    not_in: list[str] = []
    stage: str | dict[str, str] | None = None
    features: dict[str, Json] = {}
    traits: dict[str, Json] = {}
    consent: dict[str, str] = {}
    decide: DecideExpectation | list[DecideExpectation] = []
    people: list[list[str]] | None = None
    suppressed: list[str] | None = None
    dropped_fields: list[str] | None = None
    deliveries: list[Delivery] | None = None
    messages: list[MessageExpectation] | None = None  # all of this person so far, in order
    journey: dict[str, str | RunExpectation | None] = {}  # null: never entered


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events, then time passes (`wait`, or until `now`), then what must hold."""

    given: list[dict[str, Json]] = []
    wait: Span | None = None
    now: str | None = None
    expect: Expectation | list[Expectation] = []


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One named scenario; `then` continues it in further steps."""

    name: str
    given: list[dict[str, Json]] = []
    wait: Span | None = None
    now: str | None = None
    expect: Expectation | list[Expectation] = []
    then: list[Step] = []

    def steps(self) -> list[Step]:
        return [Step(self.given, self.wait, self.now, self.expect), *self.then]


class SeenMessage(msgspec.Struct, frozen=True):
    """What became of one message to one person; `at_us` is when."""

    at_us: int
    person: str
    journey: str
    step: str
    result: str
    channel: str = ""
    template: str = ""
    gate: str = ""
    reason: str = ""  # of one that failed


class SeenRun(msgspec.Struct, frozen=True):
    """The newest run of a person through a journey; `entries` counts all of them."""

    step: str
    ended: str = ""
    entries: int = 1
    held_out: bool = False
    goal: bool = False


class SeenPerson(msgspec.Struct, frozen=True):
    """One person as the engine knows them now."""

    person: str
    identifiers: tuple[Identifier, ...] = ()
    segments: tuple[str, ...] = ()
    stages: dict[str, str] = {}
    features: dict[str, Json] = {}
    traits: dict[str, Json] = {}
    consents: dict[str, str] = {}  # purpose → granted or denied, after every default
    runs: dict[str, SeenRun] = {}  # journey → the newest run through it


class SeenDecision(msgspec.Struct, frozen=True):
    """What a placement answered: (offer, variant) by slot, and every candidate's reason code."""

    items: tuple[tuple[str, str], ...] = ()
    reasons: dict[str, str] = {}
    fallback_level: int = 0


class Travelled(msgspec.Struct, frozen=True):
    """One line of a simulation: `place` is journey/step."""

    at_us: int
    person: str
    place: str
    what: str


class RehearsalEngine(Protocol):
    """A platform in memory. Instants are log time and never go back."""

    def feed(self, event: Event, at_us: int) -> tuple[str, ...]:
        """Admit and fold; the names of fields the consent gate dropped."""
        ...

    def advance(self, to_us: int) -> None: ...

    def profile(self, identifier: Identifier) -> SeenPerson | None: ...

    def people(self) -> list[SeenPerson]: ...

    def decide(
        self, placement: str, identifier: Identifier, context: dict[str, Json], at_us: int
    ) -> SeenDecision: ...

    def suppressed(self) -> list[str]:
        """Links that a limit refused, as `limit user_id 2>1`."""
        ...

    def travelled(self) -> list[Travelled]:
        """What has happened to people in journeys so far, in order."""
        ...

    def messages(self) -> list[SeenMessage]:
        """What became of the messages of journeys so far, in order."""
        ...

    def deliveries(self) -> list[dict[str, Json]]:
        """Everything sent or pushed so far: {destination|placement, template, …}."""
        ...
