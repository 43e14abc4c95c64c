"""Quality while the platform runs: every night the rules, every minute how fresh sources are.

A thread of `work` with a small part: runs are children of their own, freshness is read from the
door's counters. The night's run looks at the days that are not final, three days back (`lateness`),
and further where older days came in that were never looked at. Whatever goes wrong here is told
and tried again; the fold does not wait for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from journeyfold.adapters.quality_store import QualityStore
from journeyfold.core.errors import JourneyfoldError
from journeyfold.core.instant import DAY_US, MINUTE_US, rfc3339
from journeyfold.project.model import Project
from journeyfold.quality.result import AUTO, Asked, Found
from journeyfold.runtime.quality_alerts import Alerting
from journeyfold.runtime.quality_job import RunningJob
from journeyfold.runtime.quality_states import Sightings, of_source, result_of_state, sources_of
from journeyfold.runtime.quality_stop import stops
from journeyfold.runtime.workspace import Place, Workspace

LOOK_S, FRESHNESS_S = 1.0, 60.0
RECENT = 20  # runs among which the one that ended last is looked for
AFTER_MIDNIGHT_US = 10 * MINUTE_US  # UTC: the day is closed, and what was on its way has come
ASKED = "quality_asked"
"""The mark that asks for a run now: another number is another wish."""


class Watching:
    """`start` and `close`; `step` is one look, for tests."""

    def __init__(self, place: Place, report: Callable[[str], None]) -> None:
        self._place, self._report = place, report
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="quality", daemon=True)
        self._job: RunningJob | None = None
        self._problem = ""
        self._is_holding = False

    def start(self) -> None:
        self._thread.start()

    def holds_up(self) -> bool:
        """Does a rule with `on_fail: stop` fail?"""
        return self._is_holding

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        if self._job is not None:
            self._job.close()

    def _run(self) -> None:
        watch: Watch | None = None
        while not self._stop.wait(LOOK_S):
            try:
                if watch is None:
                    watch = Watch(Workspace.of_running(self._place), self._report)
                self._job = watch.step(self._job)
                self._is_holding = watch.is_holding
                self._problem = ""
            except JourneyfoldError as error:
                if str(error) != self._problem:
                    self._problem = str(error)
                    self._report(f"quality: {error}")
                self._stop.wait(FRESHNESS_S)
        if watch is not None:
            watch.close()
            watch.workspace.close()


class Watch:
    """One look after the other, over the stores of a data directory."""

    def __init__(self, workspace: Workspace, report: Callable[[str], None]) -> None:
        self.workspace, self._report = workspace, report
        self._project: Project | None = None
        self._offset = -1
        self._store: QualityStore | None = None
        self._alerting: Alerting | None = None
        self._sightings: Sightings | None = None
        self._asked = workspace.log.marks.number(ASKED)
        self._next_fresh_s = 0.0
        self._judged_us = 0
        self._states: dict[tuple[str, str, str], str] = {}
        self.is_holding = False

    def step(self, job: RunningJob | None) -> RunningJob | None:
        """The job that is under way afterwards."""
        project = self._follow()
        if project is None or (not project.quality and self._store is None):
            return job
        store, alerting = self._open()
        now_s = time.monotonic()
        if job is not None:
            job = self._listen(job)
        elif (asked := self._due(store)) is not None:
            job = RunningJob(self.workspace.place, asked)
        self._look_at_runs(project, store, alerting)
        if now_s >= self._next_fresh_s:
            self._next_fresh_s = now_s + FRESHNESS_S
            self._look_at_freshness(project, store, alerting)
            self._look_at_stops(project, store)
        alerting.deliver(project)
        return job

    def close(self) -> None:
        if self._alerting is not None:
            self._alerting.close()
        if self._store is not None:
            self._store.close()

    def _follow(self) -> Project | None:
        offset = self.workspace.activated()
        if offset >= 0 and offset != self._offset:
            self._project, self._offset = self.workspace.project_in_force(), offset
        return self._project

    def _open(self) -> tuple[QualityStore, Alerting]:
        if self._store is None:
            self._store = QualityStore(self.workspace.place.data, self.workspace.keyring)
        if self._alerting is None:
            self._alerting = Alerting(self.workspace, self._store, self._report)
        return self._store, self._alerting

    def _due(self, store: QualityStore) -> Asked | None:
        """A run that somebody asks for, else the night's; one that was killed goes on."""
        wish = self.workspace.log.marks.number(ASKED)
        if wish != self._asked:
            self._asked = wish
            return Asked()
        if self._project is None or not self._project.quality:
            return None
        now_us = self.workspace.clock.now_us()
        night = (now_us - AFTER_MIDNIGHT_US) // DAY_US
        done = [run for run in store.runs(200) if run.state == "done" and not run.dataset]
        if done and (done[0].at_us - AFTER_MIDNIGHT_US) // DAY_US >= night:
            return None
        return Asked(since=AUTO) if done else Asked()

    def _listen(self, job: RunningJob) -> RunningJob | None:
        for line in job.lines():
            if line.error is not None:
                self._report(f"quality: a run of rules failed: {line.error[1]}")
                self._asked = self.workspace.log.marks.number(ASKED)
        if job.is_over:
            job.close()
            return None
        return job

    def _look_at_runs(self, project: Project, store: QualityStore, alerting: Alerting) -> None:
        """Whoever has run the rules, a command too: what is new of it is told here."""
        ended = max((run.ended_us for run in store.runs(RECENT) if run.state == "done"), default=0)
        if ended > self._judged_us:
            self._judged_us = ended
            alerting.judge_stored(project)
            self._look_at_stops(project, store)

    def _look_at_stops(self, project: Project, store: QualityStore) -> None:
        found = stops(project, store, self.workspace.clock.now_us())
        if bool(found) != self.is_holding:
            self._report(f"quality: syncs wait: {found[0]}" if found else "quality: syncs go on")
        self.is_holding = bool(found)

    def _look_at_freshness(self, project: Project, store: QualityStore, alerting: Alerting) -> None:
        now_us = self.workspace.clock.now_us()
        if self._sightings is None:
            self._sightings = Sightings(self.workspace.log.marks, now_us)
        else:
            self._sightings.refresh(now_us)
        is_changed = False
        for found in fresh_now(project, self._sightings, now_us, self.workspace.log.head()[0]):
            key = (found.ruleset, found.rule, found.source)
            if self._states.get(key) != f"{found.status} {found.day}":
                self._states[key] = f"{found.status} {found.day}"
                store.note(found.ruleset, found)
                is_changed = True
        if is_changed:
            alerting.judge_stored(project)


def fresh_now(project: Project, sightings: Sightings, now_us: int, head: int) -> list[Found]:
    """The results of every rule about freshness, as of now."""
    found = []
    for path, ruleset in project.quality.items():
        for rule in ruleset.rules:
            if rule.freshness is None:
                continue
            for name in sources_of(ruleset.dataset, project, sightings):
                declared = rule.freshness.expected or project.sources[name].rhythm
                state = of_source(project, name, declared, sightings, now_us)
                told = result_of_state(rule, state)
                found.append(
                    Found(
                        path, rule.id, name, rfc3339(now_us)[:10], f"fresh-{now_us}", now_us,
                        told.dimension, told.weight, told.n, told.bad, told.status, head,
                        told.detail,
                    )
                )  # fmt: skip
    return found
