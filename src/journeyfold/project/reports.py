"""What long commands answer: values that the CLI prints, `--json` encodes and scripts read.

The shell fills them; the names here are a surface others write against, so fields are added,
never renamed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from journeyfold.core.event import Json
from journeyfold.journey.control import Move


class Ready(msgspec.Struct, frozen=True):
    """`up` and `demo` are ready. Secrets stand here once, at the first start."""

    url: str
    console_url: str
    sign_in: str = ""  # how to sign in, when a user was created just now
    write_key: str = ""
    server_key: str = ""
    example: str = ""  # a curl that returns a decision with its reasons
    notices: tuple[str, ...] = ()


class BadRow(msgspec.Struct, frozen=True):
    line: int
    reason: str
    detail: str = ""


class ImportReport(msgspec.Struct, frozen=True):
    """Two balances (collect C33, C44):

    rows_read = rows_in_events + rows_quarantined + rows_filtered, and
    received = appended + duplicate + quarantined + rejected, in events.
    """

    source: str
    rows_read: int
    rows_in_events: int
    rows_quarantined: int
    rows_filtered: int
    received: int
    appended: int
    duplicate: int
    quarantined: int
    rejected: int
    reasons: dict[str, int] = {}  # reason of a filtered or quarantined row → rows
    examples: tuple[BadRow, ...] = ()
    seconds: float = 0.0
    dry_run: bool = False

    @property
    def balances(self) -> bool:
        rows = self.rows_in_events + self.rows_quarantined + self.rows_filtered
        fates = self.appended + self.duplicate + self.quarantined + self.rejected
        return rows == self.rows_read and fates == self.received


class ReplayReport(msgspec.Struct, frozen=True):
    """`is_equal` is None unless `--verify` compared the bytes."""

    records: int
    people: int
    seconds: float
    by: Literal["appended", "occurred"] = "appended"
    is_equal: bool | None = None
    differences: tuple[str, ...] = ()


class Simulation(msgspec.Struct, frozen=True):
    """What `journey simulate` is asked to play: the records of a file, so many invented people, or
    the log up to a record; told from an instant on.
    """

    journey: str
    then_us: int  # after `from_us`, or after the last event
    from_us: int | None = None
    events: Path | None = None
    people: int | None = None
    as_of: int | None = None


class HeldItem(msgspec.Struct, frozen=True):
    """One message in quarantine."""

    id: int
    source: str
    name: str
    code: str
    pointer: str
    detail: str
    received_us: int
    event_id: str = ""
    schema: str = ""
    message: Json = None


class ParkedItem(msgspec.Struct, frozen=True):
    """A record the fold could not take, or could not take for one person."""

    offset: int
    source: str
    name: str
    code: str
    detail: str
    person: str = ""


class HeldList(msgspec.Struct, frozen=True):
    """`quarantine list`: messages that did not fit, and records the fold could not take."""

    items: tuple[HeldItem, ...] = ()
    parked: tuple[ParkedItem, ...] = ()


class QuarantineReplay(msgspec.Struct, frozen=True):
    """`still` counts by reason what remains in quarantine. With `parked` records `work` folds the
    log again beside the state, and puts the new one in its place when it is done.
    """

    tried: int
    appended: int
    duplicate: int
    still: dict[str, int] = {}
    rejected: int = 0
    dry_run: bool = False
    parked: int = 0


class Reason(msgspec.Struct, frozen=True):
    """One record or rule that made it so."""

    text: str
    at_us: int = 0
    offset: int = -1


class Explanation(msgspec.Struct, frozen=True):
    """The answer to `why`, then its reasons in order."""

    answer: str
    reasons: tuple[Reason, ...] = ()
    as_of: int = -1


class JourneyRow(msgspec.Struct, frozen=True):
    """A journey of the project in force and how it stands; `running` are runs, not people."""

    id: str
    version: str
    status: str  # live | paused | draining | stopped
    running: int
    since_us: int = 0  # since when it is not live
    by: str = ""
    title: str = ""


class StepRow(msgspec.Struct, frozen=True):
    version: str
    step: str
    people: int


class JourneyReport(msgspec.Struct, frozen=True):
    """Where people are, by version and step. `unknown_zone`: of them, whose trait `timezone` is no
    zone, so that their local times are those of their country or of the project (journeys E31).
    """

    journey: JourneyRow
    steps: tuple[StepRow, ...] = ()
    unknown_zone: int = 0


class JourneyAct(msgspec.Struct, frozen=True):
    """A command on a journey: the record that says it, -1 for what was only looked at. `moves`
    are those of a migration, by older version.
    """

    journey: str
    action: str
    offset: int = -1
    moves: dict[str, list[Move]] = {}


class KeyRow(msgspec.Struct, frozen=True):
    """A key as it is listed. `key` is its text and stands only in the answer that made it."""

    id: str
    kind: str
    source: str
    env: str
    created_us: int
    expires_us: int = 0
    revoked_us: int = 0
    last_used_us: int = 0  # to the minute
    key: str = ""
    state: Literal["live", "revoked", "expired"] = "live"


class ExportReport(msgspec.Struct, frozen=True):
    what: str
    path: str
    rows: int
    bytes: int


class BackupReport(msgspec.Struct, frozen=True):
    """`root_key` is where the key lies that the copy needs and does not hold."""

    path: str
    records: int
    bytes: int
    seconds: float
    root_key: str


class Figure(msgspec.Struct, frozen=True):
    """One number of a benchmark; ratios come from one run on one machine."""

    name: str
    value: float
    unit: str
    goal: float | None
    better: Literal["higher", "lower"]
    baseline: float | None = None
    ratio: float | None = None
    machine: str = ""
    more: dict[str, object] = {}  # what else the benchmark saw: percentiles, counts, conditions

    @property
    def is_reached(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal


class SyncRow(msgspec.Struct, frozen=True):
    """How a sync stands: `rows` are those the other side acknowledged, `told` what its last run
    counted.
    """

    id: str
    destination: str
    sync: str
    audience: str
    mode: str
    every: str
    rows: int
    ran_us: int
    stopped_us: int = 0
    asked_us: int = 0
    told: dict[str, int] = {}


class SyncChange(msgspec.Struct, frozen=True):
    change: str  # withdraw | remove | add | change
    key: str
    person: str


class SyncPreview(msgspec.Struct, frozen=True):
    """What a run would do now; `changes` are some of it, removals first."""

    sync: str
    is_stopped: bool
    counts: dict[str, int]
    changes: tuple[SyncChange, ...] = ()


class MailTest(msgspec.Struct, frozen=True):
    """A test of a message: what the destination made of it."""

    destination: str
    to: str
    subject: str
    status: str
    reason: str = ""


class MailHeard(msgspec.Struct, frozen=True):
    """`EFFECT WHAT STATUS` of each message that a mail was about."""

    reports: tuple[str, ...] = ()
