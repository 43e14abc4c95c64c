"""Definitions to typed conditions: features first, then lifecycles, then segments.

Features may read features and segments may read segments, never in a circle (segments C14, F6).
All problems of a project are found in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import msgspec

from journeyfold.core.condition import Call, ConditionError, Node, Parsed, Path, children
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_paths import closest
from journeyfold.core.condition_scope import (
    BOOL,
    INT,
    NUMBERS,
    TIMESTAMP,
    ConditionPlace,
    Scope,
    Type,
    list_of,
    object_of,
)
from journeyfold.core.condition_typed import Expr, Quintile, Recent, Spec, Typed, parts
from journeyfold.core.condition_types import check
from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.instant import duration_us
from journeyfold.segment.definition import (
    FeatureDefinition,
    LifecycleDefinition,
    Places,
    SegmentDefinition,
    Stage,
    place_of,
    problem,
    problems_of,
)
from journeyfold.segment.prepared import prepared_of, read_for, using_problems

NESTING_MAX = 60  # features of features: what the generated code can indent
T = TypeVar("T")


class Bound(msgspec.Struct, frozen=True):
    """The typed conditions of a project; `levels` orders segments that read segments.

    `scope` names everything and serves for offers and other contextual conditions.
    """

    features: dict[str, Typed]
    segments: dict[str, Typed]
    contextual: dict[str, Typed]
    lifecycles: dict[str, tuple[tuple[Stage, Typed], ...]]
    levels: tuple[tuple[str, ...], ...]
    scope: Scope
    hints: tuple[Problem, ...] = ()

    def exprs(self) -> Iterator[Expr]:
        """Every expression that may need an aggregate."""
        for group in (self.features, self.segments, self.contextual):
            yield from (typed.expr for typed in group.values())
        for stages in self.lifecycles.values():
            yield from (typed.expr for _, typed in stages)


def bind(
    features: Mapping[str, FeatureDefinition],
    segments: Iterable[SegmentDefinition],
    lifecycles: Iterable[LifecycleDefinition],
    scope: Scope,
    places: Places | None = None,
) -> Bound:
    """Parses, orders and types everything; `scope` brings traits, events, models and purposes.

    Raises:
        ProjectError: with every problem found.
    """
    binder = _Binder(scope, places or {})
    segments, lifecycles = tuple(segments), tuple(lifecycles)
    binder.problems += problems_of(features, segments, lifecycles, binder.places)
    typed_features = binder.features(features)
    binder.name_all(segments, lifecycles)
    stages = {lifecycle.id: binder.stages(lifecycle) for lifecycle in lifecycles}
    contextual = binder.contextual([s for s in segments if s.kind == "contextual"])
    rules = [s for s in segments if s.kind == "rule"]
    typed, levels = binder.segments(rules)
    if binder.problems:
        raise ProjectError(binder.problems)
    hints = tuple(hint for made in typed.values() for hint in made.hints)
    return Bound(typed_features, typed, contextual, stages, levels, binder.scope, hints)


class _Binder:
    def __init__(self, scope: Scope, places: Places) -> None:
        self.scope, self.places = scope, places
        self.problems: list[Problem] = []

    def attempt(self, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except ConditionError as error:
            self.problems += error.problems
            return None

    def parsed(self, name: str, text: str) -> Parsed | None:
        return self.attempt(lambda: parse(text, place_of(self.places, name)))

    def typed(self, parsed: Parsed, place: ConditionPlace, expect: Type | None) -> Typed | None:
        scope = msgspec.structs.replace(self.scope, place=place)
        made = self.attempt(lambda: check(parsed, scope, expect))
        if made is not None and _depth(made.expr) > NESTING_MAX:
            self.problems.append(
                parsed.problem(parsed.node, "J101", f"features nested over {NESTING_MAX} levels")
            )
            return None
        return made

    # --- features -------------------------------------------------------------------------------

    def features(self, definitions: Mapping[str, FeatureDefinition]) -> dict[str, Typed]:
        trees: dict[str, Parsed] = {}
        for name, definition in definitions.items():
            text = definition.value or definition.quintile
            parsed = self.parsed(f"feature:{name}", text) if text is not None else None
            if parsed is not None:
                trees[name] = parsed
        reads = {
            name: read_for(definitions, _feature_names(tree.node)) for name, tree in trees.items()
        }
        made: dict[str, Typed] = {}
        for name in self.order(definitions, reads, "feature"):
            self.know(definitions, made)
            typed = self.feature(name, definitions[name], trees.get(name))
            if typed is not None:
                made[name] = typed
        self.know(definitions, made)
        self.problems += using_problems(definitions, self.scope.features, self.places)
        return made

    def know(self, definitions: Mapping[str, FeatureDefinition], made: dict[str, Typed]) -> None:
        known = {key: typed.expr for key, typed in made.items()}
        ready, unready = prepared_of(definitions, known)
        self.scope = msgspec.structs.replace(
            self.scope, features={**known, **ready}, unprepared=unready
        )

    def feature(
        self, name: str, definition: FeatureDefinition, parsed: Parsed | None
    ) -> Typed | None:
        if definition.recent is not None:
            return self.recent(name, definition)
        if parsed is None:
            return None
        typed = self.typed(parsed, "feature", None)
        if typed is None or definition.quintile is None:
            return typed
        if typed.type.name not in {*NUMBERS, "duration"}:
            self.problems.append(
                parsed.problem(
                    parsed.node, "J110", f"a quintile of {typed.type}", "it takes numbers"
                )
            )
            return None
        fixed = _cuts(definition.cuts) if definition.cuts is not None else None
        expr = Quintile(INT, name, typed.expr, definition.order == "falling", fixed)
        return msgspec.structs.replace(
            typed, expr=expr, texts={**typed.texts, id(expr): f"features.{name}"}
        )

    def recent(self, name: str, definition: FeatureDefinition) -> Typed | None:
        place = place_of(self.places, f"feature:{name}")
        given = definition.recent or ()
        events = (given,) if isinstance(given, str) else given
        fields: dict[str, Type] = {"occurred": TIMESTAMP}
        for event in events:
            declared = self.scope.events.get(event, Type("object") if self.scope.open else None)
            if declared is None:
                hint = closest(event, self.scope.events)
                self.problems.append(problem(place, "J104", f"there is no event {event!r}", hint))
                continue
            for key in definition.fields:
                kind = declared.field(key) or (Type("any") if self.scope.open else None)
                if kind is None:
                    message = f"{event} has no property {key!r}"
                    self.problems.append(
                        problem(place, "J104", message, closest(key, declared.keys()))
                    )
                else:
                    fields[key] = kind
        spec = Spec(
            "recent", tuple(sorted(set(events))), fields=definition.fields, keep=definition.keep
        )
        expr = Recent(list_of(object_of(fields)), spec)
        return Typed(expr, f"features.{name}", {id(expr): f"features.{name}"})

    # --- segments and lifecycles ----------------------------------------------------------------

    def name_all(
        self, segments: tuple[SegmentDefinition, ...], lifecycles: tuple[LifecycleDefinition, ...]
    ) -> None:
        """Names are known before any condition is typed."""
        self.scope = msgspec.structs.replace(
            self.scope,
            segments=frozenset(s.id for s in segments if s.kind != "contextual"),
            lifecycles={
                one.id: (one.initial, *(stage.stage for stage in one.stages)) for one in lifecycles
            },
        )

    def stages(self, lifecycle: LifecycleDefinition) -> tuple[tuple[Stage, Typed], ...]:
        made: list[tuple[Stage, Typed]] = []
        for stage in lifecycle.stages:
            parsed = self.parsed(f"lifecycle:{lifecycle.id}/{stage.stage}", stage.when)
            typed = self.typed(parsed, "lifecycle", BOOL) if parsed else None
            if typed is not None:
                made.append((stage, typed))
        return tuple(made)

    def contextual(self, definitions: list[SegmentDefinition]) -> dict[str, Typed]:
        made, _ = self.ordered(definitions, "contextual")
        return made

    def segments(
        self, definitions: list[SegmentDefinition]
    ) -> tuple[dict[str, Typed], tuple[tuple[str, ...], ...]]:
        made, reads = self.ordered(definitions, "segment")
        depth: dict[str, int] = {}
        for name in made:
            depth[name] = 1 + max(
                (depth[read] for read in reads[name] if read in depth), default=-1
            )
        width = 1 + max(depth.values(), default=-1)
        levels = tuple(
            tuple(name for name in made if depth[name] == level) for level in range(width)
        )
        return made, levels

    def ordered(
        self, definitions: list[SegmentDefinition], place: ConditionPlace
    ) -> tuple[dict[str, Typed], dict[str, set[str]]]:
        trees: dict[str, Parsed] = {}
        for definition in definitions:
            parsed = self.parsed(f"segment:{definition.id}", definition.when or "")
            if parsed is not None:
                trees[definition.id] = parsed
        reads = {name: _segment_names(tree.node) for name, tree in trees.items()}
        made: dict[str, Typed] = {}
        for name in self.order(trees, reads, "segment"):
            typed = self.typed(trees[name], place, BOOL)
            if typed is None:
                continue
            made[name] = typed
            if place == "contextual":
                known = {**self.scope.contextual, name: typed.expr}
                self.scope = msgspec.structs.replace(self.scope, contextual=known)
        return made, reads

    def order(self, names: Iterable[str], reads: Mapping[str, set[str]], what: str) -> list[str]:
        """Readers after what they read; a circle is printed and left out."""
        order: list[str] = []
        trail: list[str] = []

        def visit(name: str) -> None:
            if name in trail:
                circle = " → ".join([*trail[trail.index(name) :], name])
                place = place_of(self.places, f"{what}:{name}")
                self.problems.append(problem(place, "J130", f"{what}s in a circle: {circle}"))
                return
            if name in order:
                return
            trail.append(name)
            for read in sorted(reads.get(name, ())):
                if read in known:
                    visit(read)
            trail.pop()
            order.append(name)

        known = list(names)
        for name in known:
            visit(name)
        return list(dict.fromkeys(order))


def _depth(expr: Expr) -> int:
    return 1 + max((_depth(part) for part in parts(expr)), default=0)


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _nodes(child)


def _feature_names(node: Node) -> set[str]:
    return {
        ".".join(part.path)
        for part in _nodes(node)
        if isinstance(part, Path) and part.root == "features"
    }


def _segment_names(node: Node) -> set[str]:
    return {
        str(part.args["id"])
        for part in _nodes(node)
        if isinstance(part, Call) and part.name == "in_segment"
    }


def _cuts(cuts: tuple[int | float | str, ...]) -> tuple[float, ...]:
    """Borders as numbers; a duration such as 30d in microseconds."""
    return tuple((duration_us(cut) or 0) if isinstance(cut, str) else cut for cut in cuts)
