"""Syncs as people ask about them: how they stand, what a run would do, and run now.

To run is a record that `work` follows, at once or when it is started; what a run would do is worked
out here, from the last commit, and changes nothing.
"""

from __future__ import annotations

from journeyfold.core.event import Event
from journeyfold.core.ports import Entry, StateReader
from journeyfold.project.audience import Audiences, named_sync
from journeyfold.project.model import Project
from journeyfold.project.people import decode_profile
from journeyfold.project.reports import SyncChange, SyncPreview, SyncRow
from journeyfold.project.synced import ASKED, SYSTEM, standing_of
from journeyfold.runtime.comparing import Comparison
from journeyfold.runtime.explaining import Look, look_at
from journeyfold.runtime.workspace import Workspace

_ALL = 2**62


def rows_of(project: Project, reader: StateReader) -> list[SyncRow]:
    """Every sync of the project, by destination, in the order of its file."""
    found = []
    for name, destined in project.destinations.items():
        for sync in destined.syncs:
            standing = standing_of(reader, f"{name}.{sync.id}")
            audience = sync.audience
            found.append(
                SyncRow(
                    f"{name}.{sync.id}", name, sync.id,
                    f"segment {audience.segment}" if audience.segment else str(audience.where),
                    sync.mode, sync.every, standing.rows, standing.ran_us, standing.stopped_us,
                    standing.asked_us,
                    {each: n for each, n in standing.told.items() if type(n) is int},
                )
            )  # fmt: skip
    return found


def listed(workspace: Workspace) -> list[SyncRow]:
    with look_at(workspace, None) as look:
        return rows_of(look.compiled.project, look.reader)


def shown(workspace: Workspace, asked: str) -> SyncRow:
    with look_at(workspace, None) as look:
        name = named_sync(look.compiled.project, asked)
        return next(row for row in rows_of(look.compiled.project, look.reader) if row.id == name)


def ask(workspace: Workspace, asked: str, *, confirm: bool) -> int:
    """The offset of the record."""
    name = named_sync(workspace.project_in_force(), asked)
    now_us = workspace.clock.now_us()
    (fate,) = workspace.log.append([asking(name, now_us, confirm=confirm)], now_us=now_us)
    return fate.offset


def asking(name: str, now_us: int, *, confirm: bool) -> Entry:
    destination, _, sync = name.partition(".")
    event = Event(
        id=f"{ASKED}/{name}/{now_us}", name=ASKED, type="output", source=SYSTEM, identifiers=(),
        occurred_us=now_us, received_us=now_us, context={"auth": "system"},
        properties={"destination": destination, "sync": sync, "confirm": confirm},
    )  # fmt: skip
    return Entry(event=event, kind="output")


def preview(workspace: Workspace, asked: str) -> SyncPreview:
    with look_at(workspace, None) as look:
        return previewed(look, workspace, named_sync(look.compiled.project, asked))


def previewed(look: Look, workspace: Workspace, name: str) -> SyncPreview:
    audiences = Audiences(look.compiled)
    line, secret = audiences.lines[name], workspace.keyring.derive("sync")
    found = Comparison(line, look.reader, secret, look.now_us, workspace.place.data)
    try:
        for _, raw in look.reader.scan("profile"):
            found.meet(audiences, look.reader, decode_profile(raw))
        found.close_look()
        found.look_for_gone(look.reader, _ALL)
        changes = [SyncChange(each.change, str(each.key), each.person) for each in found.sample()]
        counts = {each: n for each, n in found.told().items() if type(n) is int}
        return SyncPreview(name, found.is_stopped, counts, tuple(changes))
    finally:
        found.close()
