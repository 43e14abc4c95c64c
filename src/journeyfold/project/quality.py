"""Rules about data, bound to the project: which dataset each is about, and its conditions typed.

Conditions about events read `properties`, `traits` and `event`; about people they are those of
segments; about the rows of a table they read `row`, whose columns have the type `any` and are cast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from journeyfold.core.condition import Call, ConditionError, Node, Parsed, children, to_text
from journeyfold.core.condition_functions import signature_of
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import Scope, Type
from journeyfold.core.condition_typed import Typed
from journeyfold.core.condition_types import check
from journeyfold.core.event import Event
from journeyfold.project.cleaning import steps_at_the_door
from journeyfold.project.document import Path
from journeyfold.project.model import Project
from journeyfold.project.scopes import event_types, trait_type
from journeyfold.quality.door import DoorRules, door_rules, with_steps
from journeyfold.quality.predicate import Judged, Test, condition_of, judged
from journeyfold.quality.registry import Registry
from journeyfold.quality.rule import Ruleset

PROFILES, EVENTS = "profiles", "events/"
TABLE_ENDINGS = (".csv", ".parquet", ".ndjson", ".jsonl")
_ANY = Type("object")


class Dataset(msgspec.Struct, frozen=True):
    """`name` is the event's, the source's or the table's; empty of profiles."""

    kind: Literal["event", "source", "profiles", "table"]
    name: str = ""

    def holds(self, event: Event) -> bool:
        if self.kind == "event":
            return event.name == self.name
        return self.kind == "source" and event.source == self.name

    @property
    def is_of_events(self) -> bool:
        return self.kind in {"event", "source"}


def dataset_of(text: str, project: Project, tables: Mapping[str, str]) -> Dataset | None:
    """None for a name that nothing has; a table's name goes before a source's."""
    if text == PROFILES:
        return Dataset("profiles")
    if text.startswith(EVENTS):
        return Dataset("event", text.removeprefix(EVENTS))
    if text in tables:
        return Dataset("table", text)
    return Dataset("source", text) if text in project.sources else None


def far_dataset(to: str) -> tuple[str, str]:
    """`catalog.sku` → the dataset and its column."""
    dataset, _, column = to.rpartition(".")
    return dataset, column


def is_inside(path: str) -> bool:
    """May a table lie there? In the project's directory, under a name that says how to read it."""
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and pure.suffix in TABLE_ENDINGS


def expressions(ruleset: Ruleset) -> Iterator[tuple[str, Path, str]]:
    """(name of the condition, its place in the file, its text)."""
    for at, rule in enumerate(ruleset.rules):
        if rule.check is not None:
            yield rule.id, ("rules", at, "check"), rule.check
        if rule.when is not None:
            yield f"{rule.id}/when", ("rules", at, "when"), rule.when


def scope_of(project: Project, registry: Registry, dataset: Dataset, people: Scope | None) -> Scope:
    """What a condition about this dataset may name; `people` is the scope of segments."""
    if dataset.kind == "profiles" and people is not None:
        return people
    if not dataset.is_of_events:
        return Scope(place="quality", row=_ANY)
    traits = trait_type(registry)
    return Scope(
        place="quality",
        properties=event_types(registry).get(dataset.name, _ANY)
        if dataset.kind == "event"
        else _ANY,
        traits=traits if traits.fields else _ANY,
        purposes=frozenset(project.settings.privacy.known),
    )


def typed_of(parsed: Parsed, scope: Scope) -> Typed:
    """Raises ConditionError; also for what nobody keeps: figures that no feature names."""
    waiting: list[Node] = [parsed.node]
    while waiting:
        node = waiting.pop()
        signature = (
            signature_of(node.name, frozenset(node.args)) if isinstance(node, Call) else None
        )
        if signature is not None and signature.form == "event" and scope.place != "quality":
            sentence = f"{to_text(node)} is not kept for rules"
            suggestion = "name it in features.yaml and read features.NAME"
            raise ConditionError([parsed.problem(node, "J143", sentence, suggestion)])
        waiting += children(node)
    return check(parsed, scope)


class Bound(msgspec.Struct, frozen=True):
    """A ruleset whose conditions are compiled: tests of events, typed conditions of people."""

    path: str
    ruleset: Ruleset
    dataset: Dataset
    tests: dict[str, Test]
    typed: dict[str, Typed]

    def per_record(self, fates: frozenset[str]) -> list[Judged]:
        """Its rules about one record that follow it with one of these fates."""
        return [
            judged(rule, self.tests)
            for rule in self.ruleset.rules
            if rule.on_fail in fates
        ]  # fmt: skip


def bound_rules(project: Project, registry: Registry, people: Scope | None) -> list[Bound]:
    """Of a checked project, in the order of its files."""
    found = []
    for path, ruleset in sorted(project.quality.items()):
        dataset = dataset_of(ruleset.dataset, project, ruleset.tables)
        assert dataset is not None, f"check has seen to {path}"
        scope = scope_of(project, registry, dataset, people)
        typed = {
            name: typed_of(parse(text), scope) for name, _, text in expressions(ruleset)
        }  # fmt: skip
        zone = project.settings.time_zone
        tests = (
            {name: condition_of(each.expr, zone) for name, each in typed.items()}
            if dataset.kind != "profiles"
            else {}
        )
        found.append(Bound(path, ruleset, dataset, tests, typed))
    return found


def rules_at_the_door(project: Project, registry: Registry) -> dict[str, DoorRules]:
    """For each source the rules that its events are judged by as they come in, if there are any."""
    fates = frozenset({"flag", "quarantine"})
    wanted = {
        path: each
        for path, each in project.quality.items()
        if any(rule.on_fail in fates for rule in each.rules)
    }
    by_event: dict[str, list[tuple[str, Judged]]] = {}
    by_source: dict[str, list[tuple[str, Judged]]] = {}
    narrowed = msgspec.structs.replace(project, quality=wanted)
    for bound in bound_rules(narrowed, registry, None):
        if not bound.dataset.is_of_events:
            continue
        group = by_event if bound.dataset.kind == "event" else by_source
        stem = PurePosixPath(bound.path).stem
        found = [(f"{stem}/{each.rule.id}", each) for each in bound.per_record(fates)]
        group.setdefault(bound.dataset.name, []).extend(found)
    doors = {
        name: door_rules(by_event, by_source.get(name, ()))
        for name in project.sources
        if by_event or name in by_source
    }
    for name, steps in steps_at_the_door(project).items():
        doors[name] = with_steps(doors.get(name), steps)
    return doors
