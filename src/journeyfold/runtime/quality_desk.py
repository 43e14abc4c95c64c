"""Quality as people ask about it: run the rules, and what the last runs found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from journeyfold.adapters.directory_lock import DirectoryLock
from journeyfold.adapters.keyring import Keyring
from journeyfold.adapters.quality_store import FILE_NAME, QualityStore
from journeyfold.core.errors import Busy
from journeyfold.log.conservation import gaps
from journeyfold.log.store import Marks
from journeyfold.project.model import Project
from journeyfold.project.quality_report import (
    AlertLine,
    DayLine,
    FreshLine,
    QualityCard,
    QualityReport,
    day_lines,
    rule_lines,
    score_lines,
    trends,
)
from journeyfold.quality.result import Asked, Found
from journeyfold.runtime.quality_alerts import Alerting
from journeyfold.runtime.quality_job import run_in_child
from journeyfold.runtime.quality_states import fresh_sources, told_of
from journeyfold.runtime.quality_watch import ASKED
from journeyfold.runtime.workspace import Workspace

RUNS = 20
Progress = Callable[[str, int, "int | None"], None]


class QualityRoom:
    """What is stored, read by whoever asks; nothing is made by looking."""

    def __init__(self, data: Path, keyring: Keyring, marks: Marks) -> None:
        self._data, self._keyring, self._marks = data, keyring, marks

    def card(self, project: Project, now_us: int, *, since: str = "") -> QualityCard:
        with self._store() as store:
            found = store.results(since=since) if store else []
            runs = store.runs(RUNS) if store else []
            columns = store.columns() if store else {}
            open_alerts = store.alerts() if store else []
        lines = rule_lines(project, found)
        report = QualityReport(
            runs[0].id if runs else "", tuple(lines), tuple(score_lines(lines, columns)),
            tuple(self.freshness(project, now_us)), self._gap(),
        )  # fmt: skip
        alerts = tuple(
            AlertLine(
                each.ruleset, project.quality[each.ruleset].dataset, each.rule, each.source,
                each.since_us, each.day, each.muted,
            )
            for each in open_alerts
            if each.ruleset in project.quality
        )  # fmt: skip
        return QualityCard(
            report, trends(project, found), alerts, tuple(runs), has_rules=bool(project.quality)
        )

    def days(self, ruleset: str, rule: str, source: str) -> list[DayLine]:
        with self._store() as store:
            found = store.results(ruleset=ruleset, rule=rule) if store else []
        return day_lines(each for each in found if each.source == source and each.day)

    def report_of(
        self, project: Project, run: str, found: list[Found], now_us: int
    ) -> QualityReport:
        """About these results only, and what rules that could not be run found before."""
        failed = {(each.ruleset, each.rule) for each in found if each.status == "error"}
        with self._store() as store:
            columns = store.columns() if store else {}
            before = store.results() if store and failed else []
        kept = [each for each in before if (each.ruleset, each.rule) in failed]
        lines = rule_lines(project, [*kept, *found])
        return QualityReport(
            run, tuple(lines), tuple(score_lines(lines, columns)),
            tuple(self.freshness(project, now_us)), self._gap(),
        )  # fmt: skip

    def freshness(self, project: Project, now_us: int) -> list[FreshLine]:
        found = fresh_sources(project, self._marks, now_us)
        return [
            FreshLine(name, each.state, told_of(each), each.age_us, each.expected_us, each.is_learned)
            for name, each in sorted(found.items())
        ]  # fmt: skip

    def ask(self) -> None:
        """A run of all rules, by `work`, at once."""
        self._marks.set_number(ASKED, (self._marks.number(ASKED) or 0) + 1)

    def _gap(self) -> int:
        """The log's own ledger (Q34)."""
        return gaps(self._marks.totals()).get("received", 0)

    @contextmanager
    def _store(self) -> Iterator[QualityStore | None]:
        if not (self._data / FILE_NAME).exists():
            yield None
            return
        store = QualityStore(self._data, self._keyring)
        try:
            yield store
        finally:
            store.close()


def room_of(workspace: Workspace) -> QualityRoom:
    return QualityRoom(workspace.place.data, workspace.keyring, workspace.log.marks)


def run_now(
    workspace: Workspace, asked: Asked, progress: Progress, report: Callable[[str], None]
) -> QualityReport:
    """In a child; the answer is about what this run looked at. Whoever is to hear of it does."""
    done = run_in_child(workspace.place, asked, progress)
    project, now_us = workspace.project_in_force(), workspace.clock.now_us()
    _tell(workspace, project, report)
    return room_of(workspace).report_of(project, done.run.id, list(done.found), now_us)


def _tell(workspace: Workspace, project: Project, report: Callable[[str], None]) -> None:
    """Alerts of this run; while the platform is up they are its own, a second later."""
    try:
        lock = DirectoryLock(workspace.place.data)
    except Busy:
        return
    with lock, closing(QualityStore(workspace.place.data, workspace.keyring)) as store:
        alerting = Alerting(workspace, store, report)
        try:
            alerting.judge_stored(project)
            alerting.deliver(project)
        finally:
            alerting.close()


def shown(workspace: Workspace, dataset: str = "") -> QualityReport:
    """Everything that is stored."""
    project, room = workspace.project_in_force(), room_of(workspace)
    report = room.card(project, workspace.clock.now_us()).report
    if not dataset:
        return report
    lines = tuple(each for each in report.rules if each.dataset == dataset)
    return QualityReport(report.run, lines, (), report.freshness, report.ledger_gap)
