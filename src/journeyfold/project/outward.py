"""The conditions and expressions of destinations: which text stands where, and its type.

What a forward says of the event is worked out in the fold and what it says of the person alone at
the last moment, so each expression is asked what it reads (journeys E55).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from journeyfold.activate.forward import EVERY, Forward
from journeyfold.activate.sync import Sync
from journeyfold.core.condition import Place
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import (
    ANY,
    BOOL,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    ConditionPlace,
    Scope,
    Type,
)
from journeyfold.core.condition_typed import Read, Typed, walk
from journeyfold.core.condition_types import check as check_condition
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.event import Json
from journeyfold.core.instant import SECOND_US, rfc3339
from journeyfold.project.document import Path
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean

_KEYS = (STRING, INT, ANY)  # of `any`, texts and integers count
_OF_EVENT = frozenset({"properties", "event"})


class Asked(msgspec.Struct, frozen=True):
    """One text: its id in the evaluator, its destination and its path in that file."""

    id: str
    destination: str
    path: Path
    text: str
    expect: Type | None = None
    event: str | None = None  # where a record is at hand
    is_key: bool = False


def forward_id(destination: str, forward: str, *path: str) -> str:
    return "/".join(("forward", destination, forward, *path))


def sync_id(destination: str, sync: str, *path: str) -> str:
    return "/".join(("sync", destination, sync, *path))


def asked_of(project: Project) -> Iterator[Asked]:
    """Every text of every destination, in the order of the files."""
    for name, destined in project.destinations.items():
        for at, forward in enumerate(destined.events):
            yield from _of_forward(name, forward, ("events", at))
        for at, sync in enumerate(destined.syncs):
            yield from _of_sync(name, sync, ("syncs", at))


def _of_forward(name: str, forward: Forward, path: Path) -> Iterator[Asked]:
    if forward.where is not None:
        made = forward_id(name, forward.id, "where")
        yield Asked(made, name, (*path, "where"), forward.where, BOOL, forward.event)
    for field, text in forward.map.items():
        made = forward_id(name, forward.id, "map", field)
        yield Asked(made, name, (*path, "map", field), text, None, forward.event)


def _of_sync(name: str, sync: Sync, path: Path) -> Iterator[Asked]:
    if sync.audience.where is not None:
        made = sync_id(name, sync.id, "from")
        yield Asked(made, name, (*path, "from", "where"), sync.audience.where, BOOL)
    yield Asked(sync_id(name, sync.id, "key"), name, (*path, "key"), sync.key, is_key=True)
    for field, text in sync.map.items():
        yield Asked(sync_id(name, sync.id, "map", field), name, (*path, "map", field), text)


def outward_conditions(
    project: Project, scope: Scope
) -> Iterator[tuple[Asked, Typed | ProjectError]]:
    """Each with its type, or what is wrong with it."""
    for asked in asked_of(project):
        place: ConditionPlace = "segment" if asked.event is None else "record"
        known = Type("object") if asked.event == EVERY else Type("object", fields=())
        properties = scope.events.get(asked.event or "", known)
        placed = msgspec.structs.replace(scope, place=place, properties=properties)
        try:
            yield asked, _typed(asked, placed)
        except ProjectError as error:
            yield asked, error


def _typed(asked: Asked, scope: Scope) -> Typed:
    parsed = parse(asked.text, Place(asked.id))
    typed = check_condition(parsed, scope, asked.expect)
    if asked.is_key and typed.expr.type not in _KEYS:
        message = f"a key is a text or an integer, {asked.text} is {typed.expr.type}"
        raise ProjectError([parsed.problem(parsed.node, "J110", message, "")])
    return typed


def reads_event(typed: Typed) -> bool:
    """Is it said of the event, so that it has to be worked out while the event is at hand?"""
    return any(isinstance(part, Read) and part.root in _OF_EVENT for part in walk(typed.expr))


def spoken(value: Json, kind: Type) -> Json:
    """A value as others read it: an instant as RFC 3339, a span in seconds."""
    if isinstance(value, int) and kind == TIMESTAMP:
        return rfc3339(value)
    if isinstance(value, int) and kind == DURATION:
        return value / SECOND_US
    return value


def outward_problems(project: Project, events: list[str]) -> Iterator[Problem]:
    """Names of `events:` and `syncs:` that name nothing, ids that stand twice, and what a kind of
    destination cannot take.
    """
    purposes = project.settings.privacy.known
    for name, destined in project.destinations.items():
        if destined.purpose and destined.purpose not in purposes:
            yield _unknown(project, name, ("purpose",), "purpose", destined.purpose, purposes)
        for at, forward in enumerate(destined.events):
            path: Path = ("events", at)
            if forward.event != EVERY and forward.event not in events:
                yield _unknown(project, name, (*path, "event"), "event", forward.event, events)
            yield from _of_purpose(project, name, path, forward.purpose)
        for at, sync in enumerate(destined.syncs):
            path = ("syncs", at)
            segment = sync.audience.segment
            if segment is not None:
                yield from _of_segment(project, name, (*path, "from", "segment"), segment)
            yield from _of_purpose(project, name, path, sync.purpose)
        yield from _twice(project, name, "events", [each.id for each in destined.events])
        yield from _twice(project, name, "syncs", [each.id for each in destined.syncs])
        yield from _untaken(project, name)


def _of_purpose(project: Project, name: str, path: Path, purpose: str) -> Iterator[Problem]:
    known = project.settings.privacy.known
    if purpose and purpose not in known:
        yield _unknown(project, name, (*path, "purpose"), "purpose", purpose, known)


def _of_segment(project: Project, name: str, path: Path, segment: str) -> Iterator[Problem]:
    stored = [key for key, each in project.segments.items() if each.kind != "contextual"]
    if segment not in project.segments:
        yield _unknown(project, name, path, "segment", segment, stored)
    elif segment not in stored:
        yield project.problem(
            "destination", name, path, "P135", f"nobody is in '{segment}': it is contextual",
            "name a stored segment",
        )  # fmt: skip


def _twice(project: Project, name: str, key: str, ids: list[str]) -> Iterator[Problem]:
    for at, each in enumerate(ids):
        if each in ids[:at]:
            yield project.problem(
                "destination", name, (key, at, "id"), "P127", f"'{each}' is defined twice"
            )


def _untaken(project: Project, name: str) -> Iterator[Problem]:
    destined = project.destinations[name]
    kind = destined.__struct_config__.tag
    if destined.events and "event" not in destined.takes:
        yield project.problem("destination", name, ("events",), "P136", f"a {kind} takes no events")
    if destined.syncs and "upsert" not in destined.takes:
        yield project.problem("destination", name, ("syncs",), "P136", f"a {kind} takes no rows")
    for at, sync in enumerate(destined.syncs):
        if sync.mode == "mirror" and "remove" not in destined.takes and "upsert" in destined.takes:
            yield project.problem(
                "destination", name, ("syncs", at), "P136",
                f"a {kind} takes nothing away", "write `mode: upsert` or `mode: append`",
            )  # fmt: skip


def _unknown(
    project: Project, name: str, path: Path, what: str, word: str, known: Iterable[str]
) -> Problem:
    return project.problem(
        "destination", name, path, "P130", f"unknown {what} '{word}'", did_you_mean(word, known)
    )
