"""What a path in a condition reads: `traits.city`, `properties.order.total`, `features.visits`.

Where a condition stands decides what it may read (segments C11).
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from journeyfold.core.condition import Path, to_text
from journeyfold.core.condition_scope import ANY, EVENT_TYPE, ConditionPlace, Type, list_of
from journeyfold.core.condition_typed import Expr, Named, Now, Read

if TYPE_CHECKING:
    from journeyfold.core.condition_types import Checker

_ROOTS: dict[ConditionPlace, tuple[str, ...]] = {
    "segment": ("traits", "features", "now"),
    "lifecycle": ("traits", "features", "now"),
    "feature": ("traits", "features", "now"),
    "contextual": ("traits", "features", "now", "context"),
    "record": ("traits", "features", "now", "properties", "event"),
    "step": ("traits", "features", "now", "entry", "vars"),
    "step_record": ("traits", "features", "now", "properties", "event", "entry", "vars"),
    "where": ("properties", "event"),
    "mapping": ("row", "rows"),
    "quality": ("properties", "traits", "event", "row"),
}


def closest(name: str, known: Mapping[str, object] | frozenset[str] | list[str]) -> str:
    """`did you mean a, b or c?` or nothing."""
    found = get_close_matches(name, sorted(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(found)}?" if found else ""


def typed_path(checker: Checker, node: Path) -> Expr:
    """What is read, and its type; a problem where it is not there or not to be read here."""
    if node.root == "item" and checker.items:
        name, kind = checker.items[-1]
        return _read(checker, node, kind, name)
    _allowed_root(checker, node)
    match node.root:
        case "now":
            if node.path:
                checker.fail(node, "J104", "now has no parts")
            return Now()
        case "features":
            return _feature(checker, node)
        case "traits":
            return _read(checker, node, checker.scope.traits, "traits")
        case "context":
            return _read(checker, node, checker.scope.context, "context")
        case "properties":
            return _read(checker, node, checker.properties, "properties")
        case "entry":
            return _read(checker, node, checker.scope.entry, "entry")
        case "vars":
            return _read(checker, node, checker.scope.vars, "vars")
        case "row":
            return _read(checker, node, checker.scope.row, "row")
        case "rows":
            return _read(checker, node, list_of(checker.scope.row), "rows")
        case _:
            return _event(checker, node)


def _allowed_root(checker: Checker, node: Path) -> None:
    if node.root in _ROOTS[checker.place]:
        return
    text = to_text(node)
    if node.root == "context" and checker.place != "where":
        checker.fail(node, "J140", f"{text}: context is known only while a decision is made",
                  "use a contextual segment or an offer")  # fmt: skip
    known = {root for roots in _ROOTS.values() for root in roots}
    if checker.place == "where" and node.root in known:
        checker.fail(
            node, "J150", f"where= is decided when the event arrives and cannot read {text}",
            "compare outside of the function",
        )  # fmt: skip
    if node.root in known or node.root == "item":
        place = "decision" if checker.place == "contextual" else checker.place
        checker.fail(node, "J143", f"{node.root} is not available in a {place}")
    roots = list(_ROOTS[checker.place])
    as_trait = f"did you mean traits.{node.root}?" if checker.scope.traits.field(node.root) else ""
    checker.fail(node, "J104", f"{text} is not known", as_trait or closest(node.root, roots))


def _event(checker: Checker, node: Path) -> Expr:
    if node.path[:1] == ("properties",):
        return _read(checker, Path("event", node.path[1:]), checker.properties, "properties", node)
    return _read(checker, node, EVENT_TYPE, "event")


def _read(checker: Checker, node: Path, kind: Type, root: str, shown: Path | None = None) -> Expr:
    return Read(type_at(checker, shown or node, kind, node.root, node.path), root, node.path)


def type_at(checker: Checker, node: object, kind: Type, root: str, keys: tuple[str, ...]) -> Type:
    """The type at the end of a path of declared keys."""
    seen = root
    for key in keys:
        found = kind.field(key)
        if found is None:
            if kind.name == "object" and checker.scope.open:
                return ANY
            match = get_close_matches(key, kind.keys(), n=3, cutoff=0.5)
            hint = " or ".join(f"{seen}.{name}" for name in match)
            checker.fail(
                node, "J104", f"{seen}.{key} is not declared",
                f"did you mean {hint}?" if hint else "",
            )  # fmt: skip
        kind, seen = found, f"{seen}.{key}"
    return kind


def _feature(checker: Checker, node: Path) -> Expr:
    name = ".".join(node.path)
    found = checker.scope.features.get(name)
    if found is None and name in checker.scope.unprepared:
        checker.fail(node, "J104", f"there is no features.{name}: {checker.scope.unprepared[name]}")
    if found is None:
        checker.fail(
            node, "J104",
            f"there is no feature {name!r}" if name else "which feature? write features.NAME",
            closest(name, list(checker.scope.features)),
        )  # fmt: skip
    return Named(found.type, f"features.{name}", found)
