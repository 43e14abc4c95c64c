"""One person as the fold knows them: facts, which merge, and process, which is re-keyed.

Facts are a commutative, idempotent merge of the person's events (architecture, principle 6).
The fold owns the profile it is given and changes it in place; a poisoned record is retried on a
fresh decode. Values are msgpack arrays: fields are appended at the end, never moved.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from journeyfold.core.event import Json

_SHORT = {"value": "v", "occurred_us": "t", "source": "s", "event": "e", "owner": "o"}


class Trait(msgspec.Struct, frozen=True, rename=_SHORT):
    """A value with its provenance; `owner` is the hex node of the record's owner (identity M6).

    A map with short keys where everything else is an array: beside it stands a list of traits,
    and msgpack must be able to tell the two apart.
    """

    value: Json
    occurred_us: int
    source: str
    event: str
    owner: str = ""


class Statement(msgspec.Struct, frozen=True, array_like=True):
    """A consent statement on one node and purpose (trust PRV-1)."""

    state: Literal["granted", "denied"]
    occurred_us: int
    event: str
    source: str = ""
    basis: str = "consent"
    policy_version: str = ""
    signal: str = ""  # gpc | tcf | gpp when a signal, not the person, said so


class Session(msgspec.Struct, frozen=True, array_like=True):
    """A run of events without a gap of 30 minutes."""

    first_us: int
    last_us: int
    events: int = 1


class Membership(msgspec.Struct, frozen=True, array_like=True):
    since_us: int
    cause: str = "event"  # event | time | merge | backfill | definition


class StageAt(msgspec.Struct, frozen=True, array_like=True):
    stage: str
    since_us: int


class Assignment(msgspec.Struct, frozen=True, array_like=True):
    """A sticky arm or variant (decisions E2); crossed: of two people with two arms one was made,
    so an analysis leaves them out (journeys E70).
    """

    arm: str
    bucket: int
    version: str
    assigned_us: int
    owner: str = ""
    is_crossed: bool = False


class Contact(msgspec.Struct, frozen=True, array_like=True):
    """A counted exposure, send or response; `key` makes the union of two people exact."""

    key: str
    kind: str  # exposed | clicked | dismissed | accepted | sent
    at_us: int
    placement: str = ""
    offer: str = ""
    category: str = ""


class Score(msgspec.Struct, frozen=True, array_like=True):
    value: float | None
    label: str | None
    version: str
    scored_us: int
    expires_us: int | None = None


class Instance(msgspec.Struct, array_like=True):
    """One run through one version of a journey (journeys 3); instants are log time.

    It stands at `step` since `at_us`, reached by the record at `at_offset`, and is looked at
    again at `due_us`. An ended one is kept while its goal may still be reached, and while a message
    of it may still be under way.
    """

    id: str
    journey: str
    version: str
    key: str
    entered_us: int
    entry: dict[str, Json]  # id, name, occurred, properties, identifiers of the entry event
    owner: str = ""  # hex node of the entry record's owner
    step: str = ""
    at_us: int = 0
    at_offset: int = -1
    due_us: int = 0  # 0 = waits for no instant
    until_us: int = 0  # the end of its age
    exits_us: int = 0  # when the condition of an exit may come true by itself
    vars: dict[str, Json] = {}
    arms: dict[str, str] = {}  # step → arm, where the unit is not the person
    visits: dict[str, int] = {}
    steps: int = 0  # taken so far
    is_held_out: bool = False
    held: str = ""  # the gate that holds a message back
    goal_us: int = 0  # event time at which the goal was reached
    ended_us: int = 0
    reason: str = ""
    goal_micros: int = 0  # what the goal was worth
    is_exited: bool = False  # ended by a rule, not by its last step: what is under way is not sent
    lines: dict[str, tuple[str, str, str]] = {}  # send → channel, template and arms on arrival


class Passage(msgspec.Struct, array_like=True):
    """How often somebody has entered a journey (under one key), and when last.

    `moves` are the moves of stage since, `LIFECYCLE/FROM/TO`: each counts once a run.
    """

    entries: int = 0
    started_us: int = 0
    ended_us: int = 0
    is_held_out: bool = False  # of the last run
    moves: tuple[str, ...] = ()


class Pending(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who comes into a journey at an instant, unless they leave its segment before: they
    have to stay in it so long, or their own clock has to show the time of a schedule.
    """

    journey: str
    entry: int  # which of its entries
    due_us: int
    slot: str = ""  # the wall time of a schedule
    cause: str = ""  # the event that asked for it


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """An event that ends a journey, remembered for a day: its entry may come after it (E22)."""

    id: str
    name: str
    source: str
    occurred_us: int
    at_us: int
    properties: dict[str, Json] = {}


class Profile(msgspec.Struct, array_like=True):
    """What LMDB holds per person. `seen` is the offset of the last record folded into it."""

    person: str
    seen: int = -1
    # facts
    first_us: int = 0  # least occurred_us of any record; 0 while there is none
    last_us: int = 0
    events: int = 0
    traits: dict[str, Trait | list[Trait]] = {}  # a list for the policies that keep several
    aggregates: dict[str, msgspec.Raw] = {}  # decoded when touched: core/aggregate.py
    sessions: list[Session] = []
    consents: dict[str, dict[str, Statement]] = {}  # hex node → purpose → latest
    contacts: list[Contact] = []  # pruned to the longest cap window
    # process
    memberships: dict[str, Membership] = {}
    stages: dict[str, StageAt] = {}
    assignments: dict[str, Assignment] = {}
    scores: dict[str, Score] = {}
    clock_us: int = 0  # log time up to which the passing of time has been evaluated
    wake_us: int = 0  # next instant at which a condition may change; 0 = never
    manual: list[str] = []  # segments a list put this person into
    dues: list[int] = []  # when each condition in force may change by time; 0 = never
    journeys: list[Instance] = []
    passages: dict[str, Passage] = {}  # journey, or journey/key
    journeys_due_us: int = 0  # next instant at which an instance is looked at; 0 = never
    pending: list[Pending] = []  # entries that are still to come
    heard: list[Heard] = []  # exit events of the last day
