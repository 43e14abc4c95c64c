"""What screens show of journeys: definitions with their figures, versions, runs and drafts.

Figures come from `project.figures` as they are; here stands what a screen needs around them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.errors import Problem
from journeyfold.journey.control import LIVE, Control
from journeyfold.journey.definition import Journey
from journeyfold.project.figures import VersionFigures

Verb: TypeAlias = Literal["pause", "resume", "drain", "stop"]


class JourneyCard(msgspec.Struct, frozen=True):
    """A journey of the project in force; `figures` are of all its versions together."""

    id: str
    file: str
    version: str
    definition: Journey
    figures: VersionFigures
    control: Control = LIVE
    published_us: int = 0


class VersionCard(msgspec.Struct, frozen=True):
    """One version as it was published, newest first; `text` is its file then."""

    version: str
    published_us: int
    by: str = ""
    text: str = ""
    running: int = 0
    is_in_force: bool = False


class RunLine(msgspec.Struct, frozen=True):
    """One thing that happened to a person in a journey, with the record that says so."""

    at_us: int
    step: str
    what: str
    offset: int = -1


class Run(msgspec.Struct, frozen=True):
    """One person's run: where they stand and until when, then how they came there."""

    id: str
    journey: str
    version: str
    key: str
    entered_us: int
    step: str = ""
    since_us: int = 0
    due_us: int = 0  # 0 = waits for no instant
    held: str = ""  # the gate that holds a message back
    is_held_out: bool = False
    ended_us: int = 0
    reason: str = ""
    goal_us: int = 0
    arms: dict[str, str] = {}
    lines: tuple[RunLine, ...] = ()


class Draft(msgspec.Struct, frozen=True):
    """A journey's text looked at: its definition where it can be read, and every problem.

    `steps` are the first and last line of each step in the text.
    """

    journey: Journey | None
    problems: tuple[Problem, ...] = ()
    steps: Mapping[str, tuple[int, int]] = {}


class Played(msgspec.Struct, frozen=True):
    """What a draft would do with some events, or what is wrong with them."""

    lines: tuple[PlayedLine, ...] = ()
    problems: tuple[Problem, ...] = ()


class PlayedLine(msgspec.Struct, frozen=True):
    at_us: int
    person: str
    step: str
    what: str
