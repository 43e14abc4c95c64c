"""A run of rules: rows out of the log, SQL over them, results into the store (quality Q11 to Q15).

Everything is a function of the project, the log up to the run's watermark and, of people, the last
commit of the state; so a run that is done again writes the same rows. Days are UTC days of when
things happened; what is about a whole dataset stands under the day of the run.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from journeyfold.adapters.quality_store import QualityStore
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import DAY_US
from journeyfold.project.compile import compile_project
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.quality import Bound, bound_rules
from journeyfold.quality.registry import load_registry
from journeyfold.quality.result import AUTO, Asked, Column, Found, Outcome, Run
from journeyfold.quality.rule import Rule
from journeyfold.runtime.quality_engine import RuleEngine
from journeyfold.runtime.quality_rows import day_text, offset_before, read_log
from journeyfold.runtime.quality_sets import Findings, judge
from journeyfold.runtime.quality_tables import Tables, tables_for
from journeyfold.runtime.tracing import traces_quality
from journeyfold.runtime.workspace import Workspace

LATENESS = 3  # days
LOOK_BACK_US = 28 * DAY_US  # for repeats and for what a day is compared with
PREFIX, LEFT_S = "quality-", 24 * 3600.0
Progress = Callable[[str, int, int | None], None]


@traces_quality
def run_rules(workspace: Workspace, asked: Asked, progress: Progress) -> Outcome:
    """Under the version in force; UsageError when it has no rule about the dataset."""
    project = workspace.project_in_force()
    compiled = compile_project(project)
    bound = bound_rules(project, load_registry(project.schemas), compiled.bound.scope)
    chosen = _chosen(bound, asked.dataset)
    store = QualityStore(workspace.place.data, workspace.keyring)
    try:
        since = _since(workspace, store, asked, bound)
        asked = msgspec.structs.replace(asked, since=since)
        run = store.begin(_new(workspace, project, asked))
        started = time.monotonic()
        found = list(_run(workspace, project, chosen, run, store, progress))
        told: dict[str, int] = {}
        for each in found:
            told[each.status] = told.get(each.status, 0) + 1
        done = msgspec.structs.replace(
            run, state="done", ended_us=workspace.clock.now_us(), told=told,
            seconds=round(time.monotonic() - started, 3),
        )  # fmt: skip
        store.end(done)
        return Outcome(done, tuple(found))
    finally:
        store.close()


def _chosen(bound: Sequence[Bound], dataset: str) -> list[Bound]:
    known = sorted({each.ruleset.dataset for each in bound})
    if not known:
        raise UsageError("the project has no rules; write quality/<name>.yaml and run `up` once")
    if dataset and dataset not in known:
        raise UsageError(f"no rule is about '{dataset}'; {did_you_mean(dataset, known)}")
    return [each for each in bound if not dataset or each.ruleset.dataset == dataset]


def _since(workspace: Workspace, store: QualityStore, asked: Asked, bound: Sequence[Bound]) -> str:
    """Of the night's run: a day stays open for `LATENESS` days, then it is final (Q15). A day
    before that came in only now, with an import of history, is looked at, and those after it. A
    rule that was never run wants all of them.
    """
    if asked.since != AUTO:
        return asked.since
    if {(each.path, rule.id) for each in bound for rule in each.ruleset.rules} - store.known():
        return ""
    open_day = workspace.clock.now_us() // DAY_US - LATENESS - 1
    first = day_text(open_day)
    done = next((run for run in store.runs(200) if run.state == "done" and not run.dataset), None)
    after, head = (done.watermark if done else -1), workspace.log.head()[0]
    known = {each.day for each in store.results()} if after < head else set()
    while after < head and (records := workspace.log.read(after, 2_000)):
        for record in records:
            day = day_text(record.event.occurred_us // DAY_US)
            if record.kind == "event" and day < first and day not in known:
                first = day
        after = records[-1].offset
    return first


def _new(workspace: Workspace, project: Project, asked: Asked) -> Run:
    at_us, (head, _) = workspace.clock.now_us(), workspace.log.head()
    return Run(
        f"q-{at_us}", at_us, head, asked.since, asked.dataset, project.hash,
    )  # fmt: skip


def _run(
    workspace: Workspace, project: Project, bound: Sequence[Bound], run: Run,
    store: QualityStore, progress: Progress,
) -> Iterator[Found]:  # fmt: skip
    with rows_of(workspace, project, bound, run, progress) as (tables, engine):
        for number, each in enumerate(bound, 1):
            progress("checking rules", number, len(bound))
            findings = judge(each, tables, engine, run, workspace, store.series)
            kept = _kept(findings, run)
            store.replace(
                each.path, run.since, kept, findings.points, _columns(each, tables),
                [rule.id for rule in each.ruleset.rules],
            )  # fmt: skip
            yield from kept


@contextmanager
def rows_of(
    workspace: Workspace, project: Project, bound: Sequence[Bound], run: Run, progress: Progress
) -> Iterator[tuple[Tables, RuleEngine]]:
    """What the rules of a run read, as files that are gone afterwards, and who reads them."""
    scratch = _scratch(workspace.place.run)
    try:
        tables = tables_for(workspace, project, bound, run, scratch)
        since_us = _day_us(run.since)
        after = offset_before(workspace.log, since_us - LOOK_BACK_US) if run.since else -1
        if tables.of_events or tables.watches:
            read_log(
                workspace.log, tables.of_events, after=after, upto=run.watermark,
                since=day_text((since_us - LOOK_BACK_US) // DAY_US) if run.since else "",
                zone=project.settings.time_zone, watches=tables.watches,
                progress=lambda done, total: progress("reading the log", done, total),
            )  # fmt: skip
        tables.close()
        engine = RuleEngine(scratch, workspace.place.directory)
        try:
            yield tables, engine
        finally:
            engine.close()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _kept(findings: Findings, run: Run) -> list[Found]:
    return [each for each in findings.found if each.day >= run.since or not each.day]


def _columns(bound: Bound, tables: Tables) -> list[Column]:
    """What the dataset is seen to hold, and which of it stands under a rule (Q14)."""
    covered = {each.removeprefix("properties.") for each in _covered(bound.ruleset.rules)}
    names = {name for name in tables.observed(bound) if not name.startswith("_")}
    return [Column(name, name in covered) for name in sorted(names | (covered & names))]


def _covered(rules: Sequence[Rule]) -> Iterator[str]:
    for rule in rules:
        yield from rule.columns
        for text in (rule.check, rule.when):
            if text is not None:
                yield from _named(text)


def _named(text: str) -> Iterator[str]:
    """Paths in an expression, as columns."""
    from journeyfold.core.condition import Path as Named
    from journeyfold.core.condition import children
    from journeyfold.core.condition_parse import parse

    waiting = [parse(text).node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Named) and node.path:
            root = "" if node.root in {"properties", "row"} else f"{node.root}."
            yield root + node.path[0]
        waiting += children(node)


def _scratch(run: Path) -> Path:
    """A directory of its own; what a killed run left goes."""
    run.mkdir(exist_ok=True)
    for left in run.glob(f"{PREFIX}*"):
        if time.time() - left.stat().st_mtime > LEFT_S:
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=run))


def _day_us(day: str) -> int:
    from journeyfold.core.instant import instant_us

    return (instant_us(day) or 0) if day else 0
