"""Quality as people ask about it: run the rules, and what the last runs found."""

from __future__ import annotations

from collections.abc import Callable

from journeyfold.adapters.quality_store import FILE_NAME, QualityStore
from journeyfold.log.conservation import gaps
from journeyfold.project.model import Project
from journeyfold.project.quality_report import FreshLine, QualityReport, rule_lines, score_lines
from journeyfold.quality.result import Asked, Found
from journeyfold.runtime.quality_job import run_in_child
from journeyfold.runtime.quality_states import fresh_sources, told_of
from journeyfold.runtime.workspace import Workspace

Progress = Callable[[str, int, "int | None"], None]


def run_now(workspace: Workspace, asked: Asked, progress: Progress) -> QualityReport:
    """In a child; the answer is about what this run looked at."""
    done = run_in_child(workspace.place, asked, progress)
    return _report(workspace, workspace.project_in_force(), done.run.id, list(done.found))


def shown(workspace: Workspace, dataset: str = "", since: str = "") -> QualityReport:
    """Everything that is stored, from a day on."""
    project = workspace.project_in_force()
    if not (workspace.place.data / FILE_NAME).exists():
        return _report(workspace, project, "", [])
    store = QualityStore(workspace.place.data, workspace.keyring)
    try:
        runs, found = store.runs(1), store.results(since=since)
    finally:
        store.close()
    if dataset:
        paths = {path for path, each in project.quality.items() if each.dataset == dataset}
        found = [each for each in found if each.ruleset in paths]
    return _report(workspace, project, runs[0].id if runs else "", found)


def _report(workspace: Workspace, project: Project, run: str, found: list[Found]) -> QualityReport:
    lines = rule_lines(project, found)
    columns = {}
    if lines:
        store = QualityStore(workspace.place.data, workspace.keyring)
        try:
            columns = store.columns()
        finally:
            store.close()
    totals = workspace.log.marks.totals()
    return QualityReport(
        run, tuple(lines), tuple(score_lines(lines, columns)),
        tuple(freshness_lines(workspace, project)), gaps(totals).get("received", 0),
    )  # fmt: skip


def freshness_lines(workspace: Workspace, project: Project) -> list[FreshLine]:
    now_us = workspace.clock.now_us()
    found = fresh_sources(project, workspace.log.marks, now_us)
    return [
        FreshLine(name, each.state, told_of(each), each.age_us, each.expected_us, each.is_learned)
        for name, each in sorted(found.items())
    ]
