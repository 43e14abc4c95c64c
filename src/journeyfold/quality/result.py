"""What is kept of runs: results by rule, day and source, series, coverage, alerts (quality Q12)."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import msgspec

from journeyfold.quality.rule import Dimension
from journeyfold.quality.score import Status


class Run(msgspec.Struct, frozen=True):
    """Everything a run looks at is in its arguments and the log up to `watermark`."""

    id: str
    at_us: int
    watermark: int
    since: str  # the first UTC day that is computed; empty for all
    dataset: str  # empty for all
    project: str  # hash
    state: Literal["running", "done", "failed", "given_up"] = "running"
    ended_us: int = 0
    seconds: float = 0.0
    told: dict[str, int] = {}  # status → rules


class Found(msgspec.Struct, frozen=True):
    """One row of results; `day` is a UTC day as text, `source` empty where none is meant. That a
    rule could not be run is of no day: what it found before stays beside it.
    """

    ruleset: str
    rule: str
    source: str
    day: str
    run: str
    at_us: int
    dimension: Dimension
    weight: int
    n: int
    bad: int
    status: Status
    watermark: int
    detail: str = ""
    samples: tuple[str, ...] = ()

    @property
    def value(self) -> Fraction | None:
        return 1 - Fraction(self.bad, self.n) if self.n else None


AUTO = "auto"
"""`since` of the night's run: the days that are not final, and what came in of older ones."""


class Asked(msgspec.Struct, frozen=True):
    """`since` is a UTC day or AUTO; `dataset` is one of the project's; both empty for all."""

    dataset: str = ""
    since: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """A run and what it found, rule by rule and day by day."""

    run: Run
    found: tuple[Found, ...]


class Point(msgspec.Struct, frozen=True):
    """One day of what an anomaly rule looks at."""

    rule: str
    source: str
    day: str
    value: float


class Column(msgspec.Struct, frozen=True):
    name: str
    is_covered: bool


class OpenAlert(msgspec.Struct, frozen=True):
    """At most one a rule and source, until it recovers (Q37). A muted one told nobody."""

    ruleset: str
    rule: str
    source: str
    since_us: int
    day: str
    muted: bool = False
