"""The identity audit from the command line: made now, scored against labels, verified (X4, X5)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec

from journeyfold.core.errors import UsageError
from journeyfold.identity.normalise import identifier
from journeyfold.identity.scoring import Labelled, labelled
from journeyfold.identity.verify import Verified, verify
from journeyfold.project.identity_report import IdentityReport
from journeyfold.runtime import auditing
from journeyfold.runtime.explaining import Look, look_at
from journeyfold.runtime.workspace import Workspace

COLUMNS = ("identifier", "person")


class Audited(msgspec.Struct, frozen=True, omit_defaults=True):
    """`labels` where a file was given; `kept` is the offset of the report's record."""

    report: IdentityReport
    labels: Labelled | None = None
    kept: int | None = None


class AuditAsks:
    """What a command may ask of an open workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def audit(self, labels: Path | None, *, keep: bool) -> Audited:
        workspace, now_us = self._workspace, self._workspace.clock.now_us()
        with look_at(workspace, None) as look:
            made = auditing.make(
                look.reader, workspace.log, look.compiled, workspace.node_key, now_us
            )
            scored = _scored(labels, look) if labels is not None else None
        if not keep:
            return Audited(made, scored)
        entries = auditing.entries(made, workspace.log, now_us)
        fates = workspace.log.append(entries, now_us=now_us)
        auditing.note(workspace.log.marks, made, fates[0].offset, now_us)
        return Audited(made, scored, fates[0].offset)

    def verify(self) -> Verified:
        with look_at(self._workspace, None) as look:
            return verify(look.reader, look.compiled.project.identity)


def _scored(path: Path, look: Look) -> Labelled:
    """People of ours against those of the file, over the identifiers that it names."""
    truth = dict(_read(path, look))
    ours: dict[str, str] = {}
    for written in truth:
        kind, _, value = written.partition(":")
        usable = identifier(kind, value, look.compiled.project.identity)
        person = look.resolver.person_of(look.resolver.node(usable)) if usable else None
        if person is not None:
            ours[written] = person
    return labelled(ours, truth)


def _read(path: Path, look: Look) -> Iterator[tuple[str, str]]:
    kinds = look.compiled.project.identity.by_name
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {*COLUMNS} <= {*(rows.fieldnames or ())}:
                raise UsageError(
                    f"{path}: the first line must name the columns identifier and person; "
                    f"it has {', '.join(rows.fieldnames or ()) or 'nothing'}"
                )
            for row in rows:
                written, person = (row["identifier"] or "").strip(), (row["person"] or "").strip()
                kind, _, value = written.partition(":")
                if kind not in kinds or not value or not person:
                    raise UsageError(
                        f"{path}:{rows.line_num}: write an identifier as kind:value, of a kind "
                        "that identity.yaml knows, and the person it belongs to"
                    )
                yield written, person
    except UnicodeDecodeError:
        raise UsageError(f"{path} is no UTF-8 text; save it as CSV in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
