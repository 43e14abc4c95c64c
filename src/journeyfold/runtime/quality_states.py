"""How fresh sources are, from the counters of the door: no record is read for it (quality Q35)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.log.conservation import Tally
from journeyfold.log.store import Marks
from journeyfold.project.model import Project
from journeyfold.project.quality import Bound
from journeyfold.quality.freshness import LEARN_US, Fresh, State, freshness, learned, read_rhythm
from journeyfold.quality.result import Run
from journeyfold.quality.rule import WEIGHT, Rule
from journeyfold.quality.score import Result, Status
from journeyfold.runtime.workspace import Workspace

STATUS: dict[State, Status] = {
    "fresh": "pass", "late": "warn", "stale": "fail", "silent": "fail", "ended": "empty",
    "unknown": "empty",
}  # fmt: skip
ENDED = "ended"
"""What `update:` of a source says when nothing more comes."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Sightings:
    """By source: the minutes in which something was appended, of the last 28 days, and the newest.

    `refresh` reads the counters of the minutes since the last look only.
    """

    def __init__(self, marks: Marks, now_us: int) -> None:
        self._marks, self._since = marks, (now_us - LEARN_US) // MINUTE_US
        self.minutes: dict[str, list[int]] = {}
        self.known = {tally.source for tally in marks.totals() if _came(tally)}
        self._after = self._since
        self.refresh(now_us)

    def refresh(self, now_us: int) -> None:
        self._since = (now_us - LEARN_US) // MINUTE_US
        for tally in self._marks.tallies(self._after):
            if not _came(tally):
                continue
            self.known.add(tally.source)
            minutes = self.minutes.setdefault(tally.source, [])
            if not minutes or minutes[-1] < tally.minute:
                minutes.append(tally.minute)
            self._after = max(self._after, tally.minute)

    def newest_us(self, source: str) -> int | None:
        """The end of the minute; of a source not heard of for 28 days the beginning of that span."""
        minutes = self.minutes.get(source)
        if minutes:
            return (minutes[-1] + 1) * MINUTE_US
        return self._since * MINUTE_US if source in self.known else None


def _came(tally: Tally) -> bool:
    return tally.appended + tally.duplicate > 0


def fresh_sources(project: Project, marks: Marks, now_us: int) -> dict[str, Fresh]:
    """Every source of the project by its declared rhythm, else by the one it shows."""
    sightings = Sightings(marks, now_us)
    return {
        name: of_source(project, name, source.rhythm, sightings, now_us)
        for name, source in project.sources.items()
    }


def of_source(
    project: Project, name: str, declared: str, sightings: Sightings, now_us: int
) -> Fresh:
    rhythm = read_rhythm(declared)
    here = (_EPOCH + timedelta(microseconds=now_us)).astimezone(
        ZoneInfo(project.settings.time_zone)
    )
    offset = here.utcoffset() or timedelta()
    minutes = sightings.minutes.get(name, [])
    return freshness(
        sightings.newest_us(name), now_us, rhythm, ended=declared in (ENDED, "once"),
        offset_us=offset // timedelta(microseconds=1),
        learned_us=learned(minutes, now_us) if rhythm is None else None,
    )  # fmt: skip


def freshness_of(
    bound: Bound, rule: Rule, workspace: Workspace, run: Run
) -> Iterator[tuple[str, Result]]:
    """Of the sources that a rule is about: one, or all that send the event."""
    assert rule.freshness is not None, "a rule of this key"
    project = workspace.project_in_force()
    sightings = Sightings(workspace.log.marks, run.at_us)
    for name in sources_of(bound.ruleset.dataset, project, sightings):
        declared = rule.freshness.expected or project.sources[name].rhythm
        yield name, result_of_state(rule, of_source(project, name, declared, sightings, run.at_us))


def sources_of(dataset: str, project: Project, sightings: Sightings) -> list[str]:
    """The source itself; of an event every source that was ever heard of."""
    if dataset in project.sources:
        return [dataset]
    return sorted(sightings.known & set(project.sources))


def result_of_state(rule: Rule, fresh: Fresh) -> Result:
    status = STATUS[fresh.state]
    n = 0 if status == "empty" else 1
    return Result(
        rule.id, rule.dimension, WEIGHT[rule.severity], n, int(status == "fail"), status,
        detail=told_of(fresh),
    )  # fmt: skip


def told_of(fresh: Fresh) -> str:
    """`late: the newest record is 2h old, 1h is expected`."""
    if fresh.age_us is None:
        return fresh.state
    age = _span(fresh.age_us)
    expected = ""
    if fresh.expected_us is not None:
        word = "usual" if fresh.is_learned else "expected"
        expected = f", {_span(fresh.expected_us)} is {word}"
    return f"{fresh.state}: the newest record is {age} old{expected}"


def _span(us: int) -> str:
    """`3 d 4 h`, `2 h 5 min`, `7 min`."""
    if us >= DAY_US:
        return f"{us // DAY_US} d {us % DAY_US // HOUR_US} h"
    if us >= HOUR_US:
        return f"{us // HOUR_US} h {us % HOUR_US // MINUTE_US} min"
    return f"{us // MINUTE_US} min"
