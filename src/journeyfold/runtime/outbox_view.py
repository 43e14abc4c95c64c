"""The outbox and its destinations as people see them: cards, counts, and commands as records.

Reads one snapshot of the state and what `work` last said of its lanes. A command is a record:
`work` carries it out when it folds it, now or after its next start (journeys A6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias, cast

import msgspec

from journeyfold.activate.lane_figures import LaneFigures, Standing, read_figures
from journeyfold.activate.outbox import STATES, Attempt, Filter, Row, State, kind_of
from journeyfold.core.effect import Deliver
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json
from journeyfold.core.ports import Entry, StateReader
from journeyfold.project.model import Project
from journeyfold.runtime import outbox, outbox_index

Act: TypeAlias = Literal["retry", "resend", "drop"]
DestinationAct: TypeAlias = Literal["pause", "resume"]
LIST_MAX = 500
_RECORDS = {"pause": "paused", "resume": "resumed"}
_MOVES: dict[Act, frozenset[State]] = {
    "retry": frozenset({"dead", "pending"}),
    "resend": frozenset({"dead", "pending", "unknown"}),
    "drop": frozenset({"dead", "pending", "unknown"}),
}
"""The states that an act is about; what is on its way is left alone."""


class AttemptCard(msgspec.Struct, frozen=True):
    at_us: int
    latency_us: int
    result: str
    reason: str


class RowCard(msgspec.Struct, frozen=True):
    """One row. `request` and `response` are masked; `next_us` is when it goes (again)."""

    key: str
    kind: str
    destination: str
    person: str
    state: State
    purpose: str
    due_us: int
    next_us: int
    attempt: int
    reason: str = ""
    settled_us: int = 0
    journey: str = ""
    step: str = ""
    channel: str = ""
    attempts: tuple[AttemptCard, ...] = ()
    request: str = ""
    response: str = ""


class DestinationCard(msgspec.Struct, frozen=True):
    """`status` is why rows wait, if they do: paused, disabled or missing (no such destination)."""

    id: str
    type: str
    status: Literal["open", "paused", "disabled", "missing"]
    reason: str = ""
    since_us: int = 0
    breaker: Standing = "closed"
    breaker_until_us: int = 0
    under_way: int = 0
    rows: dict[str, int] = {}  # by state
    oldest_due_us: int = 0  # of those that wait; 0 where none does
    attempts: dict[str, int] = {}  # by outcome, since `work` began
    problem: str = ""


class Outbox(msgspec.Struct, frozen=True):
    """A page of rows with the counts of all that the filter holds for."""

    rows: tuple[RowCard, ...]
    counts: dict[str, int]
    next_cursor: str | None = None


class OutboxDone(msgspec.Struct, frozen=True):
    """`rows` is how many a command is about; without a record (`offset` -1) nothing changes."""

    act: Act
    rows: int
    offset: int = -1
    is_folded: bool = False


class DestinationDone(msgspec.Struct, frozen=True):
    destination: str
    act: DestinationAct
    offset: int = -1
    is_folded: bool = False


def page(
    reader: StateReader, project: Project, asked: Filter, *, after: str = "", limit: int = 100
) -> Outbox:
    """Rows in the order of their keys, those > `after`; pushes to open pages are none."""
    name_of = outbox.names_of(project)
    found = list(islice(outbox_index.rows(reader, asked, after), limit + 1))
    shown = [card(row, name_of(row.deliver)) for row in found[:limit]]
    counts = outbox_index.counts(reader, asked)
    return Outbox(tuple(shown), counts, shown[-1].key if len(found) > limit else None)


def card(row: Row, destination: str) -> RowCard:
    deliver, payload = row.deliver, row.deliver.payload
    return RowCard(
        key=row.key, kind=kind_of(deliver), destination=destination,
        person=deliver.person, state=row.state, purpose=deliver.purpose, due_us=deliver.due_us,
        next_us=row.next_us, attempt=row.attempt, reason=row.reason, settled_us=row.settled_us,
        journey=_word(payload.get("journey")), step=_word(payload.get("step")),
        channel=_word(payload.get("channel")), attempts=tuple(map(_attempt, row.attempts)),
        request=row.request, response=row.response,
    )  # fmt: skip


def destinations(reader: StateReader, project: Project, run: Path) -> list[DestinationCard]:
    """Those of the project, the mailbox of development where it is in use, and those that only
    rows still name; by id.
    """
    closed, figures = outbox.closed_in(reader), read_figures(run)
    kinds = {name: str(each.__struct_config__.tag) for name, each in project.destinations.items()}
    tallies, oldest = _tallies(reader, outbox.names_of(project))
    known = {*kinds, *tallies, *figures, *closed}
    return [
        _destination(
            name, kinds.get(name, outbox.DEVELOPMENT if name == outbox.DEVELOPMENT else ""), closed.get(name),
            figures.get(name) or LaneFigures(name), tallies.get(name, {}), oldest.get(name, 0),
        )
        for name in sorted(known)
    ]  # fmt: skip


def matching(reader: StateReader, act: Act, asked: Filter) -> int:
    """How many rows a command is about now."""
    counts = outbox_index.counts(reader, asked)
    return sum(n for state, n in counts.items() if state in _MOVES[act])


def command(act: Act, asked: Filter, by: str, now_us: int, id_: str) -> Entry:
    told: dict[str, Json] = {"filter": msgspec.to_builtins(asked), "by": by}
    return outbox.command(f"outbox.{act}", told, now_us, id_)


def destination_command(act: DestinationAct, name: str, by: str, now_us: int) -> Entry:
    reason = f"by {by}" if act == "pause" else ""
    return outbox.destination_command(_RECORDS[act], name, now_us, by, reason)


def _destination(
    name: str, kind: str, closed: outbox.Closed | None, figures: LaneFigures,
    rows: dict[str, int], oldest_us: int,
) -> DestinationCard:  # fmt: skip
    status: Literal["open", "paused", "disabled", "missing"] = "open" if kind else "missing"
    if closed is not None:
        status = "disabled" if closed.how == "disabled" else "paused"
    return DestinationCard(
        name, kind, status, closed.reason if closed else "", closed.since_us if closed else 0,
        figures.breaker, figures.until_us, figures.under_way, rows, oldest_us, figures.attempts,
        figures.problem,
    )  # fmt: skip


def _tallies(
    reader: StateReader, name_of: Callable[[Deliver], str]
) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """By destination: rows by state, and since when the oldest that waits was due."""
    tallies: dict[str, dict[str, int]] = {}
    oldest: dict[str, int] = {}

    def add(deliver: Deliver, state: str, n: int) -> str:
        name = name_of(deliver)
        tally = tallies.setdefault(name, {})
        tally[state] = tally.get(state, 0) + n
        return name

    for group, n in outbox_index.groups(reader):
        name = add(group.deliver, "pending" if group.waits else group.standing, n)
        if group.waits and (
            due_us := outbox_index.oldest_us(reader, group.destination, group.kind)
        ):
            oldest[name] = min(oldest.get(name, due_us), due_us)
    for row in outbox_index.leased(reader):
        add(row.deliver, "leased", 1)
        add(row.deliver, "pending", -1)
    kept = {name: {s: n for s, n in each.items() if n} for name, each in tallies.items()}
    return kept, oldest


def _attempt(attempt: Attempt) -> AttemptCard:
    return AttemptCard(attempt.at_us, attempt.latency_us, attempt.result, attempt.reason)


def _word(value: Json) -> str:
    return value if isinstance(value, str) else ""


def filter_of(
    project: Project, keys: Sequence[str] = (), *, destination: str = "", state: str = "",
    journey: str = "", kind: str = "", reason: str = "",
) -> Filter:  # fmt: skip
    """UsageError for a state there is not."""
    if state and state not in STATES:
        raise UsageError(f"there is no state '{state}'; there are {', '.join(STATES)}")
    named = (destination, *_channels(project, destination)) if destination else ()
    return Filter(
        keys=tuple(keys), destinations=named, state=cast("State", state), journey=journey,
        kind=kind, reason=reason,
    )  # fmt: skip


def _channels(project: Project, destination: str) -> list[str]:
    """What rows name that go there without naming it."""
    name_of = outbox.names_of(project)
    return [
        channel
        for channel in ("email", "push", "sms")
        if name_of(Deliver("", channel, "", 0, "", {})) == destination
    ]
