"""What the command line asks for, each in its module; see `cli/asks.py` for the surface.

A module is imported by the command that needs it: all of them take a quarter of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from journeyfold.adapters.admin_audit import By
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import duration_us
from journeyfold.core.keys import KEY_KINDS, ApiKey
from journeyfold.project.reports import HeldList, KeyRow
from journeyfold.runtime import (
    data_commands,
    identity_commands,
    journey_commands,
    quality_commands,
)
from journeyfold.runtime.workspace import Workspace, checked_project, opened, place_of

if TYPE_CHECKING:
    from journeyfold.activate.destination import Mail
    from journeyfold.project.erasure import Going
    from journeyfold.project.model import Project
    from journeyfold.project.plan_report import PlanReport
    from journeyfold.project.reports import (
        BackupReport,
        Explanation,
        ExportReport,
        Figure,
        HeldItem,
        ImportReport,
        MailHeard,
        MailTest,
        QuarantineReplay,
        Ready,
        ReplayReport,
        SyncPreview,
        SyncRow,
    )
    from journeyfold.runtime.laboratory import Laboratory

Progress = Callable[[str, int, int | None], None]


def up(
    directory: Path, data: Path | None, *, host: str | None, port: int | None,
    workers: int | None, progress: Progress, ready: Callable[[Ready], None],
) -> int:  # fmt: skip
    from journeyfold.runtime import starting

    run = starting.Starting(
        place_of(directory, data), host=host, port=port, workers=workers,
        progress=progress, ready=ready, say=_say,
    )  # fmt: skip
    return run.run()


def demo(
    directory: Path, *, data_file: Path | None, port: int, people: int,
    progress: Progress, ready: Callable[[Ready], None],
) -> int:  # fmt: skip
    from journeyfold.runtime.demonstration import demonstrate

    return demonstrate(
        directory, data_file=data_file, port=port, people=people,
        progress=progress, ready=ready, say=_say,
    )  # fmt: skip


def import_source(
    directory: Path, data: Path | None, source: str, *, dry_run: bool, limit: int | None,
    since: str | None, force: bool, progress: Progress,
) -> ImportReport:  # fmt: skip
    from journeyfold.collect.batch import Options
    from journeyfold.runtime import importing

    options = Options(dry_run=dry_run, limit=limit, force=force, start=since or "")
    return importing.import_source(place_of(directory, data), source, options, progress)


def replay(
    directory: Path, data: Path | None, *, verify: bool, by: str, progress: Progress
) -> ReplayReport:
    from journeyfold.runtime import replaying

    with opened(directory, data) as workspace:
        return replaying.replay(workspace, verify=verify, by=by, progress=progress)


def plan(
    directory: Path, data: Path | None, *, changed: Path, window: str, progress: Progress
) -> PlanReport:
    from journeyfold.runtime import planning

    after = checked_project(changed)
    with opened(directory, data) as workspace:
        planning.require_history(workspace.log)
        return planning.plan_between(
            workspace.log, workspace.node_key, workspace.project_in_force(), after,
            window_us=duration_us(window) or 0, now_us=workspace.clock.now_us(),
            progress=lambda done, total: progress("replaying history", done, total),
        )  # fmt: skip


def why_membership(
    directory: Path, data: Path | None, *, person: str, segment: str, as_of: int | None
) -> Explanation:
    from journeyfold.runtime import explaining

    with (
        opened(directory, data) as workspace,
        explaining.look_at(workspace, as_of, [person]) as look,
    ):
        return explaining.why_membership(look, person, segment)


def why_decision(directory: Path, data: Path | None, *, decision: str) -> Explanation:
    from journeyfold.runtime import explaining

    with opened(directory, data) as workspace:
        return explaining.why_decision(workspace, decision)


def why_same_person(
    directory: Path, data: Path | None, *, a: str, b: str, as_of: int | None
) -> Explanation:
    from journeyfold.runtime import explaining

    with (
        opened(directory, data) as workspace,
        explaining.look_at(workspace, as_of, [a, b]) as look,
    ):
        return explaining.why_same_person(look, a, b)


def sync_list(directory: Path, data: Path | None) -> list[SyncRow]:
    from journeyfold.runtime import sync_desk

    with opened(directory, data) as workspace:
        return sync_desk.listed(workspace)


def sync_show(directory: Path, data: Path | None, *, sync: str) -> SyncRow:
    from journeyfold.runtime import sync_desk

    with opened(directory, data) as workspace:
        return sync_desk.shown(workspace, sync)


def sync_preview(directory: Path, data: Path | None, *, sync: str) -> SyncPreview:
    from journeyfold.runtime import sync_desk

    with opened(directory, data) as workspace:
        return sync_desk.preview(workspace, sync)


def sync_run(directory: Path, data: Path | None, *, sync: str, confirm: bool) -> int:
    from journeyfold.runtime import sync_desk

    with opened(directory, data) as workspace:
        return sync_desk.ask(workspace, sync, confirm=confirm)


def outbox(directory: Path, data: Path | None, ask: Callable[..., object]) -> object:
    from journeyfold.runtime.outbox_asks import OutboxAsks

    with opened(directory, data) as workspace:
        return ask(OutboxAsks(workspace))


def identity_audit(directory: Path, data: Path | None, ask: Callable[..., object]) -> object:
    from journeyfold.runtime.audit_asks import AuditAsks

    with opened(directory, data) as workspace:
        return ask(AuditAsks(workspace))


def erasing(directory: Path, data: Path | None, *, person: str) -> Going:
    from journeyfold.project.erasure import going
    from journeyfold.runtime import explaining

    with (
        opened(directory, data) as workspace,
        explaining.look_at(workspace, None) as look,
    ):
        known = look.resolver.person_of(look.node(person)) or ""
        found = going(look.reader, look.resolver, workspace.log, known)
        assert found is not None, "whoever has a node is somebody"
        return found


def erase(directory: Path, data: Path | None, *, going: Going, reason: str) -> int:
    """Audited first: the record says nothing of who asked, nor why."""
    from journeyfold.core.ports import Entry
    from journeyfold.project.erasure import request

    with opened(directory, data) as workspace:
        admin = workspace.open_admin()
        admin.audit.add(_by(workspace), "person.erase", going.person, after=reason)
        admin.close()
        now_us = workspace.clock.now_us()
        entry = Entry(event=request(going.nodes, now_us), kind="erasure")
        (fate,) = workspace.log.append([entry], now_us=now_us)
        return fate.offset


why_journey = journey_commands.why_journey
journey_list, journey_show = journey_commands.journey_list, journey_commands.journey_show
journey_report, journey_act = journey_commands.journey_report, journey_commands.journey_act
simulate = journey_commands.simulate
quality_cleaning, taxonomy_misses = data_commands.quality_cleaning, data_commands.taxonomy_misses
quality_missing = data_commands.quality_missing
profile_file, profile_event = data_commands.profile_file, data_commands.profile_event
near_in_file, near_in_event = data_commands.near_in_file, data_commands.near_in_event
quality_run, quality_show = quality_commands.quality_run, quality_commands.quality_show
quality_differences = quality_commands.quality_differences
identity = identity_commands.identity


def template_preview(directory: Path, data: Path | None, *, template: str, person: str) -> Mail:
    from journeyfold.runtime import rehearsing_mail

    with opened(directory, data) as workspace:
        return rehearsing_mail.previewed(workspace, template, person)


def template_test(
    directory: Path, data: Path | None, *, template: str, person: str, to: str, destination: str
) -> MailTest:
    from journeyfold.runtime import rehearsing_mail

    with opened(directory, data) as workspace:
        return rehearsing_mail.sent_to(workspace, template, person, to, destination)


def mail_bounce(directory: Path, data: Path | None, *, raw: bytes) -> MailHeard:
    from journeyfold.runtime import rehearsing_mail

    with opened(directory, data) as workspace:
        return rehearsing_mail.hear_returned(workspace, raw)


def quarantine_list(
    directory: Path, data: Path | None, *, source: str | None, code: str | None, limit: int
) -> HeldList:
    from journeyfold.runtime import requarantine

    with (
        opened(directory, data) as workspace,
        requarantine.last_commit(workspace) as state,
    ):
        messages = requarantine.newest(workspace.log, source, code, limit)
        parked = requarantine.parked_of(state, source, code)[-limit:]
        return HeldList(
            tuple(map(requarantine.item_of, messages)),
            tuple(map(requarantine.parked_item_of, reversed(parked))),
        )


def quarantine_show(directory: Path, data: Path | None, *, item: int) -> HeldItem:
    from journeyfold.runtime import requarantine

    with opened(directory, data) as workspace:
        message = workspace.log.quarantine.get(item)
        if message is None or message.state != "held":
            raise UsageError(f"there is no message {item} in quarantine")
        return requarantine.item_of(message)


def quarantine_replay(
    directory: Path, data: Path | None, *, source: str | None, code: str | None,
    items: Sequence[int], dry_run: bool, progress: Progress,
) -> QuarantineReplay:  # fmt: skip
    from journeyfold.runtime import requarantine

    with opened(directory, data) as workspace:
        return requarantine.replay_chosen(
            workspace, source, code, items, dry_run=dry_run, progress=progress
        )


def keys_create(
    directory: Path, data: Path | None, *, kind: str, source: str, expires: str | None
) -> KeyRow:
    project = checked_project(directory)
    with opened(directory, data, project) as workspace:
        now_us = workspace.clock.now_us()
        span_us = duration_us(expires) if expires else 0
        if span_us is None:
            raise UsageError(f"--expires: '{expires}' is no span; write 90d")
        env = "live" if project.sources[source].env == "live" else "dev"
        admin = workspace.open_admin()
        made, text = admin.keys.create_key(
            next(each for each in KEY_KINDS if each == kind), source, env, _by(workspace),
            expires_us=now_us + span_us if span_us else 0,
        )  # fmt: skip
        admin.close()
        return _row(made, now_us, text)


def keys_list(directory: Path, data: Path | None) -> list[KeyRow]:
    with opened(directory, data) as workspace:
        admin = workspace.open_admin()
        now_us = workspace.clock.now_us()
        rows = [_row(key, now_us) for key in admin.keys.keys()]  # noqa: SIM118 - a store, no dict
        admin.close()
        return rows


def keys_rotate(directory: Path, data: Path | None, *, key_id: str) -> KeyRow:
    with opened(directory, data) as workspace:
        admin = workspace.open_admin()
        by = _by(workspace)
        made, text = admin.keys.rotate_key(key_id, by)
        admin.close()
        return _row(made, by.at_us, text)


def keys_revoke(directory: Path, data: Path | None, *, key_id: str) -> KeyRow:
    with opened(directory, data) as workspace:
        admin = workspace.open_admin()
        by = _by(workspace)
        row = _row(admin.keys.revoke_key(key_id, by), by.at_us)
        admin.close()
        return row


def export(
    directory: Path, data: Path | None, *, what: str, to: Path, form: str, progress: Progress
) -> ExportReport:
    from journeyfold.runtime import exporting

    with opened(directory, data) as workspace:
        return exporting.export(workspace, what=what, to=to, form=form, progress=progress)


def backup(directory: Path, data: Path | None, *, to: Path, progress: Progress) -> BackupReport:
    from journeyfold.runtime import backing_up

    with opened(directory, data) as workspace:
        return backing_up.back_up(workspace, to.resolve(), progress)


def bench(names: Sequence[str], *, quick: bool, progress: Progress) -> list[Figure]:
    from journeyfold.runtime.measuring import measure

    return measure(_benchmarks(), names, quick=quick, progress=progress)


def rehearsal(project: Project) -> Laboratory:
    from journeyfold.runtime.laboratory import Laboratory

    return Laboratory(project)


def _benchmarks() -> Path:
    found = Path(__file__).resolve().parents[3] / "benchmarks"
    if not found.is_dir():
        raise UsageError("benchmarks are part of the source tree; run this from a clone")
    return found


def _by(workspace: Workspace) -> By:
    return By("cli", "admin", workspace.clock.now_us())


def _row(key: ApiKey, now_us: int, text: str = "") -> KeyRow:
    ended: Literal["revoked", "expired"] = "revoked" if key.revoked_us else "expired"
    return KeyRow(
        id=key.id, kind=key.kind, source=key.source, env=key.env, created_us=key.created_us,
        expires_us=key.expires_us, revoked_us=key.revoked_us, last_used_us=key.last_used_us,
        key=text, state="live" if key.is_live(now_us) else ended,
    )  # fmt: skip


def _say(text: str) -> None:
    click.echo(text, err=True)
