"""`journey simulate` for many people: invented shoppers, a file of records, or the log itself.

Households know nothing of each other, so invented ones are played on all cores at once; their
lines come together in the order of time. The same seed gives the same lines on any machine and
any number of cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import msgspec

from journeyfold.core.errors import UsageError
from journeyfold.core.event import Event, Identifier, Json
from journeyfold.core.instant import DAY_US, instant_us
from journeyfold.core.ports import Clock, EventLog
from journeyfold.identity.normalise import normalised
from journeyfold.journey.turn import Trace
from journeyfold.project.compile import compile_project
from journeyfold.project.given import default_source
from journeyfold.project.load import load
from journeyfold.project.model import Project
from journeyfold.project.pruned import Listening, pruned
from journeyfold.project.reports import Simulation
from journeyfold.project.scenario import Travelled
from journeyfold.runtime.clock import SystemClock
from journeyfold.runtime.garbage import rare_collections
from journeyfold.runtime.virtual import Timed, VirtualPlatform

SEED = "simulate"
ALONE = 400  # people who are not worth another process
_PIECE = 2_000

Progress = Callable[[int, int], None]


class Span(msgspec.Struct, frozen=True):
    """Lines are told from `from_us` on; time ends at `until_us`."""

    from_us: int
    until_us: int


def simulate(
    project: Project, asked: Simulation, log: EventLog | None,
    progress: Callable[[str, int, int | None], None],
) -> list[Travelled]:  # fmt: skip
    """What was asked; `log` holds the records where neither a file nor invented people do."""
    from_us = asked.from_us
    if asked.people is not None:
        begins_us = from_us if from_us is not None else _today_us(SystemClock())
        return simulate_people(
            project.files, asked.journey, asked.people, Span(begins_us, begins_us + asked.then_us),
            lambda done, total: progress("simulating people", done, total),
        )  # fmt: skip
    if asked.events is not None:
        told = read_lines(asked.events.read_text("utf-8"), asked.events.name)
    else:
        assert log is not None, "records come from somewhere"
        upto = asked.as_of if asked.as_of is not None else log.head()[0]
        told = list(recorded(log, upto))
    span = Span(from_us, from_us + asked.then_us) if from_us is not None else None
    return simulate_events(project, asked.journey, told, span, asked.then_us)


def _today_us(clock: Clock) -> int:
    return clock.now_us() // DAY_US * DAY_US


def simulate_people(
    files: Mapping[str, str], journey: str, people: int, span: Span,
    progress: Progress = lambda _done, _total: None, *, processes: int | None = None,
) -> list[Travelled]:  # fmt: skip
    """What happens to invented people from `span.from_us` on, in order."""
    workers = min(processes or os.cpu_count() or 1, max(1, people // ALONE))
    parts = [_Part(dict(files), journey, people, span, at, workers) for at in range(workers)]
    if workers == 1:
        lines = _played(parts[0])
    else:
        lines = []
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            for done, told in enumerate(pool.map(_played, parts), 1):
                lines += told
                progress(people * done // workers, people)
    return _in_order(lines)


@rare_collections()
def simulate_events(
    project: Project, journey: str, events: Iterable[Timed], span: Span | None, then_us: int
) -> list[Travelled]:
    """The same for recorded events; without a span time ends `then_us` after the last of them."""
    told = sorted(events, key=lambda one: one[0])
    if span is None:
        span = Span(0, max((at_us for at_us, _ in told), default=0) + then_us)
    played = _Play(project, journey, span)
    for household in _households(told, project):
        played.play(household)
    return _in_order(played.lines)


def recorded(log: EventLog, upto: int) -> Iterator[Timed]:
    """What people did, up to an offset; what the platform said of them it says again. What was
    imported comes when it happened, not when it was imported: else all of it would be too late.
    """
    after = -1
    while records := log.read(after, _PIECE):
        for record in records:
            is_told = record.kind in {"event", "consent"} and record.event.identifiers
            if record.offset <= upto and is_told and not record.event.source.startswith("_fold"):
                yield lived_us(record.event, record.appended_us), record.event
        after = records[-1].offset


def read_lines(text: str, name: str) -> list[Timed]:
    """Records as `export events` writes them, a JSON object a line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                row = msgspec.json.decode(line, type=_Row)
            except msgspec.DecodeError as error:
                raise UsageError(f"{name}:{number}: this is no exported record: {error}") from None
            at_us = instant_us(row.appended or row.occurred)
            occurred_us = instant_us(row.occurred)
            if at_us is None or occurred_us is None:
                raise UsageError(f"{name}:{number}: '{row.occurred}' is no instant")
            if row.kind in {"event", "consent"} and not row.source.startswith("_fold"):
                event = _event(row, occurred_us)
                found.append((lived_us(event, at_us), event))
    found.sort(key=lambda one: one[0])
    return found


def lived_us(event: Event, appended_us: int) -> int:
    """When it came, for who looks back: what was imported, when it happened."""
    is_imported = event.context.get("auth") == "import"
    return min(event.occurred_us, appended_us) if is_imported else appended_us


class _Row(msgspec.Struct):
    name: str
    occurred: str
    identifiers: list[tuple[str, str]]
    id: str
    source: str
    appended: str = ""
    kind: str = "event"
    type: str = "track"
    properties: dict[str, Json] = {}
    traits: dict[str, Json] = {}
    context: dict[str, Json] = {}


class _Part(msgspec.Struct, frozen=True):
    """Every `of`-th household, beginning with the `at`-th."""

    files: dict[str, str]
    journey: str
    people: int
    span: Span
    at: int
    of: int


class _Play:
    """One project, one journey's lines; households one after the other."""

    def __init__(self, project: Project, journey: str, span: Span, *, answer: bool = False) -> None:
        compiled = compile_project(pruned(project))
        self._journey, self._span = journey, span
        self._listening = Listening(compiled)
        self._platform = VirtualPlatform(compiled, self._note, people_answer=answer)
        self.lines: list[Trace] = []

    def play(self, events: Iterable[Timed]) -> None:
        heard = [one for one in events if self._listening.concerns(one[1])]
        self._listening.forget()
        self._platform.play(heard, self._span.until_us)

    def _note(self, line: Trace) -> None:
        if line.place.partition("/")[0] == self._journey and line.at_us >= self._span.from_us:
            self.lines.append(line)


@rare_collections()
def _played(part: _Part) -> list[Trace]:
    """In a process of its own, too: invented households from the beginning of the span."""
    from journeyfold.testing.lives import households, lives

    project = load(part.files)
    web = default_source(project.sources)
    servers = [name for name, each in sorted(project.sources.items()) if each.kind == "server"]
    server, span = (servers or [web])[0], part.span
    play = _Play(project, part.journey, span, answer=True)
    for number, household in enumerate(households(part.people)):
        if number % part.of == part.at:
            play.play(lives(SEED, household, span.from_us, span.until_us, web, server))
    return play.lines


def _households(events: Sequence[Timed], project: Project) -> Iterator[list[Timed]]:
    """Events whose people any identifier links, however far apart, in the order of time."""
    parent: dict[Identifier, Identifier] = {}

    def root(one: Identifier) -> Identifier:
        while (above := parent.setdefault(one, one)) != one:
            parent[one] = parent[above]
            one = above
        return one

    named = [normalised(event, project.identity)[0] for _, event in events]
    for identifiers in named:
        for other in identifiers[1:]:
            parent[root(identifiers[0])] = root(other)
    found: dict[Identifier, list[Timed]] = {}
    for one, identifiers in zip(events, named, strict=True):
        if identifiers:
            found.setdefault(root(identifiers[0]), []).append(one)
    yield from found.values()


def _event(row: _Row, occurred_us: int) -> Event:
    return Event(
        id=row.id, name=row.name, type=row.type, source=row.source,
        identifiers=tuple(Identifier(kind, value) for kind, value in row.identifiers),
        occurred_us=occurred_us, received_us=occurred_us, properties=row.properties,
        traits=row.traits, context=row.context,
    )  # fmt: skip


def _in_order(lines: list[Trace]) -> list[Travelled]:
    """By time; what happens to one person at one instant stays as it was told."""
    lines.sort(key=lambda line: (line.at_us, line.person))
    return [Travelled(*line) for line in lines]
