"""The registry as a page shows it: subjects, versions with what they changed, failing fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyfold.log.quarantine import HeldGroup
from journeyfold.project.model import Project
from journeyfold.project.registry import Compared, Subject, compared, history_of, subjects_of
from journeyfold.quality.difference import fields_of
from journeyfold.quality.lock import subject_of

VIOLATIONS = frozenset({"schema", "unknown_property"})


class FailingField(msgspec.Struct, frozen=True):
    """Messages that broke a schema at one place, ever: waiting, admitted later, given up, or
    let in with a mark (`flagged`).
    """

    schema: str  # the version that judged
    pointer: str
    source: str
    waiting: int = 0
    replayed: int = 0
    dropped: int = 0
    last_us: int = 0
    flagged: int = 0

    @property
    def total(self) -> int:
        return self.waiting + self.replayed + self.dropped + self.flagged


class SchemaCard(msgspec.Struct, frozen=True):
    """One event as the list shows it."""

    subject: Subject
    waiting: int
    total: int


class SchemaSheet(msgspec.Struct, frozen=True):
    """One event opened. `steps` are the versions after the first, each against the one before."""

    subject: Subject
    fields: dict[str, str]
    steps: tuple[Compared, ...]
    failing: tuple[FailingField, ...]
    text: str


def failing_fields(groups: Iterable[HeldGroup]) -> list[FailingField]:
    """Most messages first. What no schema judged is not among them."""
    found: dict[tuple[str, str, str], FailingField] = {}
    for group in groups:
        if group.code not in VIOLATIONS or not group.schema:
            continue
        key = (group.schema, group.pointer, group.source)
        old = found.get(key, FailingField(*key))
        counts = {
            "held": old.waiting, "replayed": old.replayed, "dropped": old.dropped,
            "flagged": old.flagged,
        }  # fmt: skip
        counts[group.state] += group.messages
        found[key] = FailingField(
            *key, counts["held"], counts["replayed"], counts["dropped"],
            max(old.last_us, group.last_us), counts["flagged"],
        )  # fmt: skip
    return sorted(found.values(), key=lambda each: (-each.total, each.schema, each.pointer))


def cards(project: Project, groups: Iterable[HeldGroup]) -> list[SchemaCard]:
    """By name of the event."""
    failing = failing_fields(groups)
    made = []
    for subject in subjects_of(project):
        own = [each for each in failing if _is_of(each, subject)]
        made.append(SchemaCard(subject, sum(f.waiting for f in own), sum(f.total for f in own)))
    return made


def sheet(project: Project, slug: str, groups: Iterable[HeldGroup]) -> SchemaSheet | None:
    history = history_of(project)
    files = next((found for found in history.subjects().values() if found[0].slug == slug), None)
    if files is None:
        return None
    name = subject_of(files[0].type, files[0].name)
    (subject,) = [each for each in subjects_of(project) if each.subject == name]
    failing = [each for each in failing_fields(groups) if _is_of(each, subject)]
    steps = [compared(project, name, at, at + 1) for at in range(1, len(files))]
    return SchemaSheet(
        subject, fields_of(files[-1].document), tuple(reversed(steps)), tuple(failing),
        files[-1].text,
    )  # fmt: skip


def _is_of(failing: FailingField, subject: Subject) -> bool:
    return failing.schema.rpartition(".")[0] == subject.slug
