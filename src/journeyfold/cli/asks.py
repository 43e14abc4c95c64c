"""What the commands ask of the runtime, and how they reach it.

Commands hold no engine: they parse options, ask, and print the answer. The runtime is imported at
the first question, so `--help` stays quick; tests hand in another object with the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, cast

import click

if TYPE_CHECKING:
    from journeyfold.activate.destination import Mail
    from journeyfold.journey.control import Action, CatchUp
    from journeyfold.project.cleaned import Tally
    from journeyfold.project.erasure import Going
    from journeyfold.project.figures import JourneyFigures
    from journeyfold.project.model import Project
    from journeyfold.project.plan_report import PlanReport
    from journeyfold.project.prepared import Missing
    from journeyfold.project.quality_report import QualityReport
    from journeyfold.project.reports import (
        BackupReport,
        Explanation,
        ExportReport,
        Figure,
        HeldItem,
        HeldList,
        ImportReport,
        JourneyAct,
        JourneyReport,
        JourneyRow,
        KeyRow,
        MailHeard,
        MailTest,
        QuarantineReplay,
        Ready,
        ReplayReport,
        Simulation,
        SyncPreview,
        SyncRow,
    )
    from journeyfold.project.scenario import RehearsalEngine, Travelled
    from journeyfold.project.taxonomies import Missed
    from journeyfold.quality.near import Nearly
    from journeyfold.quality.profile import ColumnProfile, FileProfile
    from journeyfold.runtime.audit_asks import AuditAsks
    from journeyfold.runtime.identity_asks import IdentityAsks
    from journeyfold.runtime.outbox_asks import OutboxAsks

T = TypeVar("T")
Progress: TypeAlias = Callable[[str, int, "int | None"], None]
"""(what is going on, done, total or None while it is not known)"""


class Runtime(Protocol):
    """`journeyfold.runtime.commands`. `data` is None for `.journeyfold` in the directory."""

    def up(
        self,
        directory: Path,
        data: Path | None,
        *,
        host: str | None,
        port: int | None,
        workers: int | None,
        progress: Progress,
        ready: Callable[[Ready], None],
    ) -> int: ...

    def demo(
        self,
        directory: Path,
        *,
        data_file: Path | None,
        port: int,
        people: int,
        progress: Progress,
        ready: Callable[[Ready], None],
    ) -> int: ...

    def import_source(
        self,
        directory: Path,
        data: Path | None,
        source: str,
        *,
        dry_run: bool,
        limit: int | None,
        since: str | None,
        force: bool,
        progress: Progress,
    ) -> ImportReport: ...

    def replay(
        self, directory: Path, data: Path | None, *, verify: bool, by: str, progress: Progress
    ) -> ReplayReport: ...

    def plan(
        self, directory: Path, data: Path | None, *, changed: Path, window: str, progress: Progress
    ) -> PlanReport: ...

    def why_membership(
        self, directory: Path, data: Path | None, *, person: str, segment: str, as_of: int | None
    ) -> Explanation: ...

    def why_decision(self, directory: Path, data: Path | None, *, decision: str) -> Explanation: ...

    def why_same_person(
        self, directory: Path, data: Path | None, *, a: str, b: str, as_of: int | None
    ) -> Explanation: ...

    def why_journey(
        self, directory: Path, data: Path | None, *, person: str, journey: str, as_of: int | None
    ) -> Explanation: ...

    def journey_list(self, directory: Path, data: Path | None) -> list[JourneyRow]: ...

    def journey_show(
        self, directory: Path, data: Path | None, *, journey: str
    ) -> JourneyReport: ...

    def journey_report(
        self, directory: Path, data: Path | None, *, journey: str
    ) -> JourneyFigures: ...

    def journey_act(
        self,
        directory: Path,
        data: Path | None,
        *,
        journey: str,
        action: Action,
        catch_up: CatchUp,
        dry_run: bool,
    ) -> JourneyAct: ...

    def outbox(self, directory: Path, data: Path | None, ask: Callable[[OutboxAsks], T]) -> T: ...

    def identity(
        self, directory: Path, data: Path | None, ask: Callable[[IdentityAsks], T]
    ) -> T: ...

    def identity_audit(
        self, directory: Path, data: Path | None, ask: Callable[[AuditAsks], T]
    ) -> T: ...

    def erasing(self, directory: Path, data: Path | None, *, person: str) -> Going: ...

    def erase(self, directory: Path, data: Path | None, *, going: Going, reason: str) -> int: ...

    def sync_list(self, directory: Path, data: Path | None) -> list[SyncRow]: ...

    def sync_show(self, directory: Path, data: Path | None, *, sync: str) -> SyncRow: ...

    def sync_preview(self, directory: Path, data: Path | None, *, sync: str) -> SyncPreview: ...

    def sync_run(self, directory: Path, data: Path | None, *, sync: str, confirm: bool) -> int: ...

    def quality_run(
        self,
        directory: Path,
        data: Path | None,
        *,
        dataset: str,
        since: str,
        progress: Progress,
        report: Callable[[str], None],
    ) -> QualityReport: ...

    def quality_differences(
        self, directory: Path, data: Path | None, *, rule: str, progress: Progress
    ) -> list[str]: ...

    def quality_show(
        self, directory: Path, data: Path | None, *, dataset: str
    ) -> QualityReport: ...

    def template_preview(
        self, directory: Path, data: Path | None, *, template: str, person: str
    ) -> Mail: ...

    def template_test(
        self,
        directory: Path,
        data: Path | None,
        *,
        template: str,
        person: str,
        to: str,
        destination: str,
    ) -> MailTest: ...

    def mail_bounce(self, directory: Path, data: Path | None, *, raw: bytes) -> MailHeard: ...

    def quarantine_list(
        self,
        directory: Path,
        data: Path | None,
        *,
        source: str | None,
        code: str | None,
        limit: int,
    ) -> HeldList: ...

    def quarantine_show(self, directory: Path, data: Path | None, *, item: int) -> HeldItem: ...

    def quarantine_replay(
        self,
        directory: Path,
        data: Path | None,
        *,
        source: str | None,
        code: str | None,
        items: Sequence[int],
        dry_run: bool,
        progress: Progress,
    ) -> QuarantineReplay: ...

    def quality_cleaning(self, directory: Path, data: Path | None) -> list[Tally]: ...

    def profile_file(self, path: Path) -> FileProfile: ...

    def profile_event(
        self, directory: Path, data: Path | None, *, name: str
    ) -> list[ColumnProfile]: ...

    def quality_missing(
        self, directory: Path, data: Path | None, *, label: str
    ) -> list[Missing]: ...

    def near_in_file(self, path: Path, *, column: str, threshold: float) -> Nearly: ...

    def near_in_event(
        self, directory: Path, data: Path | None, *, name: str, field: str, threshold: float
    ) -> Nearly: ...

    def taxonomy_misses(self, directory: Path, data: Path | None) -> list[Missed]: ...

    def keys_create(
        self, directory: Path, data: Path | None, *, kind: str, source: str, expires: str | None
    ) -> KeyRow: ...

    def keys_list(self, directory: Path, data: Path | None) -> list[KeyRow]: ...

    def keys_rotate(self, directory: Path, data: Path | None, *, key_id: str) -> KeyRow: ...

    def keys_revoke(self, directory: Path, data: Path | None, *, key_id: str) -> KeyRow: ...

    def export(
        self,
        directory: Path,
        data: Path | None,
        *,
        what: str,
        to: Path,
        form: str,
        progress: Progress,
    ) -> ExportReport: ...

    def backup(
        self, directory: Path, data: Path | None, *, to: Path, progress: Progress
    ) -> BackupReport: ...

    def bench(self, names: Sequence[str], *, quick: bool, progress: Progress) -> list[Figure]: ...

    def rehearsal(self, project: Project) -> RehearsalEngine: ...

    def simulate(
        self,
        directory: Path,
        data: Path | None,
        *,
        project: Project,
        asked: Simulation,
        progress: Progress,
    ) -> list[Travelled]: ...


def runtime() -> Runtime:
    """The object given to the command (tests), else the platform."""
    given = click.get_current_context().find_root().obj
    return cast("Runtime", given or import_module("journeyfold.runtime.commands"))
