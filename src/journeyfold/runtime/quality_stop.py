"""`on_fail: stop`: what depends on data that fails is held up until it is better (quality Q11).

Never the door: events come in whatever their quality. An import is held up by a rule that fails of
what its source has sent; a sync or a linkage run by any. The newest day that is over decides, so
the next run of the rules lets go by itself.
"""

from __future__ import annotations

import msgspec

from journeyfold.adapters.quality_store import FILE_NAME, QualityStore
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import rfc3339
from journeyfold.project.model import Project
from journeyfold.project.quality import PROFILES
from journeyfold.quality.alert import newest
from journeyfold.runtime.workspace import Workspace


class Stop(msgspec.Struct, frozen=True):
    ruleset: str
    rule: str
    source: str
    day: str
    detail: str

    def __str__(self) -> str:
        of = f" of {self.source}" if self.source else ""
        said = f": {self.detail}" if self.detail else ""
        return f"{self.ruleset}: rule '{self.rule}'{of} fails on {self.day}{said}"


def stops(project: Project, store: QualityStore, now_us: int) -> list[Stop]:
    """Rules that stop and fail now."""
    stopping = {
        (path, rule.id)
        for path, each in project.quality.items()
        for rule in each.rules
        if rule.on_fail == "stop"
    }
    if not stopping:
        return []
    partial = frozenset(
        path
        for path, each in project.quality.items()
        if each.dataset != PROFILES and each.dataset not in each.tables
    )
    latest = newest(store.results(), rfc3339(now_us)[:10], partial)
    return [
        Stop(*key, found.day, found.detail)
        for key, found in latest.items()
        if key[:2] in stopping and found.status == "fail"
    ]


def stops_now(workspace: Workspace, project: Project) -> list[Stop]:
    """Opens the store for it, if there is one."""
    has_any = any(
        rule.on_fail == "stop" for each in project.quality.values() for rule in each.rules
    )
    if not has_any or not (workspace.place.data / FILE_NAME).exists():
        return []
    store = QualityStore(workspace.place.data, workspace.keyring)
    try:
        return stops(project, store, workspace.clock.now_us())
    finally:
        store.close()


def require_going(workspace: Workspace, project: Project, job: str, source: str = "") -> None:
    """UsageError when a rule holds the job up; of an import only rules of its source."""
    for stop in stops_now(workspace, project):
        if not source or stop.source == source:
            raise UsageError(
                f"{job} is held up by {stop}; mend the data or the rule, then run "
                "`journeyfold quality run`"
            )
