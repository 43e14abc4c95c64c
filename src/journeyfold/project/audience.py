"""Whose rows a sync has and what is in them: its texts compiled, asked of one person at a time."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from journeyfold.activate.sync import Sync, usable_key
from journeyfold.core.condition_compile import Evaluator, compile_conditions
from journeyfold.core.condition_scope import Type
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json
from journeyfold.core.profile import Profile
from journeyfold.project.compile import Compiled
from journeyfold.project.model import Project
from journeyfold.project.nearest import did_you_mean
from journeyfold.project.outward import spoken, sync_id

Standing: TypeAlias = Literal["row", "withdrawn", "no_key", "outside"]


class Line(msgspec.Struct, frozen=True):
    """One sync, ready. `name` is `destination.sync`: neither part holds a point."""

    name: str
    destination: str
    sync: Sync
    purposes: tuple[str, ...]
    fields: dict[str, tuple[str, Type]]  # condition id → field and type


class Judged(NamedTuple):
    """What somebody is to a sync. `withdrawn`: a row, were there consent; `outside` with a key:
    known by it, and not in the audience.
    """

    standing: Standing
    key: str | int | None = None
    fields: dict[str, Json] = {}  # noqa: RUF012 - never changed


class Audiences:
    """The syncs of a project version; `judged` asks one of them about one person."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled, self.project = compiled, compiled.project
        self.lines = {line.name: line for line in lines_of(compiled.project, compiled)}
        own = {name: e for name, e in compiled.outward_typed.items() if name.startswith("sync/")}
        self._evaluator: Evaluator = compile_conditions(own, compiled.keys)

    def judged(self, line: Line, profile: Profile, now_us: int) -> Judged:
        sync, view = line.sync, self._compiled.view(profile)
        made = sync_id(line.destination, sync.id, "key")
        if not self._is_in(line, profile, now_us):
            return Judged("outside")
        key = usable_key(self._evaluator.evaluate(view, now_us, (made,))[made][0])
        if key is None:
            return Judged("no_key")
        if not all(self._compiled.consents(profile, each) for each in line.purposes):
            return Judged("withdrawn", key)
        outcome = self._evaluator.evaluate(view, now_us, line.fields)
        said = {
            field: spoken(outcome[each][0], kind) for each, (field, kind) in line.fields.items()
        }
        return Judged("row", key, said)

    def key_of(self, line: Line, profile: Profile, now_us: int) -> str | int | None:
        """Whoever it is, in the audience or not."""
        made = sync_id(line.destination, line.sync.id, "key")
        view = self._compiled.view(profile)
        return usable_key(self._evaluator.evaluate(view, now_us, (made,))[made][0])

    def _is_in(self, line: Line, profile: Profile, now_us: int) -> bool:
        audience = line.sync.audience
        if audience.segment is not None:
            return audience.segment in profile.memberships
        made = sync_id(line.destination, line.sync.id, "from")
        view = self._compiled.view(profile)
        return self._evaluator.evaluate(view, now_us, (made,))[made][0] is True


def lines_of(project: Project, compiled: Compiled) -> list[Line]:
    found = []
    for name, destined in project.destinations.items():
        for sync in destined.syncs:
            made = {field: sync_id(name, sync.id, "map", field) for field in sync.map}
            typed = {
                each: (field, compiled.outward_typed[each].expr.type)
                for field, each in made.items()
            }
            purposes = dict.fromkeys(each for each in (sync.purpose, destined.purpose) if each)
            found.append(Line(f"{name}.{sync.id}", name, sync, tuple(purposes), typed))
    return found


def names_of(project: Project) -> list[str]:
    return [
        f"{name}.{sync.id}"
        for name, destined in project.destinations.items()
        for sync in destined.syncs
    ]


def named_sync(project: Project, asked: str) -> str:
    """`crm.vip`, or `vip` where there is one of it.

    Raises:
        UsageError: nothing is called so, or more than one thing.

    """
    names = names_of(project)
    if asked in names:
        return asked
    found = [name for name in names if name.partition(".")[2] == asked]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"there is more than one sync '{asked}': write {' or '.join(found)}")
    hint = did_you_mean(asked, names) or "no destination has any"
    raise UsageError(f"there is no sync '{asked}'; {hint}")
