"""The checker's half for function calls: what each function takes and gives (segments 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from journeyfold.core.condition import Argument, Call, Node, Step, events_text, to_text
from journeyfold.core.condition_functions import signature_of
from journeyfold.core.condition_paths import closest, type_at
from journeyfold.core.condition_scope import (
    BOOL,
    DURATION,
    FLOAT,
    INT,
    NUMBERS,
    STRING,
    TIMESTAMP,
    Type,
    object_of,
    unify,
)
from journeyfold.core.condition_typed import (
    Apply,
    Chain,
    Const,
    Each,
    Expr,
    Figure,
    FigureRead,
    Missing,
    Named,
    Read,
    Spec,
    SpecKind,
    Standing,
    StandingKind,
    StepSpec,
    slope,
    walk,
)
from journeyfold.core.instant import duration_us, human_duration

if TYPE_CHECKING:
    from journeyfold.core.condition_types import Checker

_CASTS = {
    "as_int": INT, "as_float": FLOAT, "as_string": STRING, "as_time": TIMESTAMP, "as_bool": BOOL,
}  # fmt: skip
_TEXT_FUNCTIONS = {"lower": STRING, "starts_with": BOOL, "ends_with": BOOL, "like": BOOL}
_LOCAL_TIME = {"hour": INT, "weekday": INT, "month_day": STRING}
_OF_ONE = frozenset({"where", "mapping", "quality"})  # one event or row, and nobody
_KEPT = ("bool", "int", "float", "string", "timestamp", "any")


def call(checker: Checker, node: Call) -> Expr:
    signature = signature_of(node.name, frozenset(node.args))
    assert signature is not None, "the parser admits known functions only"
    if checker.place in _OF_ONE and signature.form in {"event", "state"}:
        code = "J150" if checker.place == "where" else "J143"
        checker.fail(node, code, f"{node.name} is not available here: there is no person yet")
    match signature.form:
        case "event":
            return _sequence(checker, node) if node.name == "sequence" else _figure(checker, node)
        case "list":
            return _each(checker, node)
        case "state":
            return _standing(checker, node)
        case "pure":
            return _pure(checker, node)


# --- functions of events ------------------------------------------------------------------------


def _figure(checker: Checker, node: Call) -> Expr:
    events = _events(checker, node, node.args["event"])
    path, kind = _property(checker, node, events)
    where, where_text = _where(checker, events, node.args.get("where"))
    within_us = _window(checker, node, "within")
    read = cast("FigureRead", node.name)
    kept, given = _kept(checker, node, kind)
    spec = Spec(kept, tuple(sorted(set(events))), path, where, where_text)
    argument = None
    if read == "share":
        value = checker.expr(cast("Node", node.args["value"]))
        if not isinstance(value, Const) or value.type != STRING:
            checker.fail(node, "J106", "share compares with a literal string")
        argument = cast("str", value.value)
    return Figure(given, spec, read, within_us, argument)


def _kept(checker: Checker, node: Call, kind: Type | None) -> tuple[SpecKind, Type]:
    """What must be kept for a function of a property of this type, and the type it gives."""
    match node.name:
        case "count":
            return "events", INT
        case "recency":
            return "events", DURATION
        case "first" | "last":
            if kind is None:
                return "events", TIMESTAMP
            _need(checker, node, kind, _KEPT)
            return "ends", kind
        case "distinct":
            _need(checker, node, kind, _KEPT)
            return "distinct", INT
        case "share" | "top":
            _need(checker, node, kind, ("string", "any"))
            return "shares", FLOAT if node.name == "share" else STRING
        case _:
            _need(checker, node, kind, ("int", "float", "any"))
            return "numbers", FLOAT


def _need(checker: Checker, node: Call, kind: Type | None, names: tuple[str, ...]) -> None:
    if kind is None or kind.name not in names:
        wanted = ", ".join(name for name in names if name != "any")
        checker.fail(node, "J110", f"{node.name} of {kind}", f"it takes {wanted}")


def _events(checker: Checker, node: object, argument: Argument) -> tuple[str, ...]:
    names = cast("tuple[str, ...]", argument)
    for name in names:
        if name not in checker.scope.events and not checker.scope.open:
            checker.fail(
                node, "J104", f"there is no event {name!r}", closest(name, checker.scope.events)
            )
    return names


def _event_type(checker: Checker, events: tuple[str, ...]) -> Type:
    """Properties of any of the events; a key whose types differ is `any`."""
    fields: dict[str, Type] = {}
    for name in events:
        declared = checker.scope.events.get(name)
        if declared is None or declared.fields is None:
            return Type("object")
        for key, kind in declared.fields:
            fields[key] = unify(fields[key], kind) if key in fields else kind
    return object_of(fields)


def _property(
    checker: Checker, node: Call, events: tuple[str, ...]
) -> tuple[tuple[str, ...], Type | None]:
    text = node.args.get("by" if node.name == "share" else "property")
    if not isinstance(text, str):
        return (), None
    declared = _event_type(checker, events)
    keys = (text,) if text in declared.keys() else tuple(text.split("."))  # noqa: SIM118 - a method of Type
    return keys, type_at(checker, node, declared, "properties", keys)


def _where(
    checker: Checker, events: tuple[str, ...], argument: Argument | None
) -> tuple[Expr | None, str]:
    if argument is None:
        return None, ""
    node = cast("Node", argument)
    with checker.at_arrival(_event_type(checker, events)):
        where = checker.condition(node)
    reads = {
        f"{part.root}.{'.'.join(part.keys)}:{part.type}"
        for part in walk(where)
        if isinstance(part, Read)
    }
    return where, f"{to_text(node)} | {' '.join(sorted(reads))}"


def _window(checker: Checker, node: Call, name: str) -> int | None:
    text = node.args.get(name)
    if not isinstance(text, str):
        return None
    width = duration_us(text)
    retention = checker.scope.retention_us
    if width and retention is not None and width > retention:
        checker.fail(
            node, "J160", f"a window of {text} is longer than retention {human_duration(retention)}"
        )
    return width


def _sequence(checker: Checker, node: Call) -> Expr:
    steps: list[StepSpec] = []
    for step in cast("tuple[Step, ...]", node.args["steps"]):
        events = _events(checker, node, step.event)
        where, text = _where(checker, events, step.where)
        steps.append(StepSpec(tuple(sorted(set(events))), where, text))
    every = tuple(sorted({name for step in steps for name in step.events}))
    spec = Spec("steps", every, steps=tuple(steps), keep=100)
    return Chain(spec, _window(checker, node, "within"), _window(checker, node, "since"))


# --- functions of lists -------------------------------------------------------------------------


def _each(checker: Checker, node: Call) -> Expr:
    items = checker.expr(cast("Node", node.args["list"]))
    if items.type.item is None:
        checker.fail(node, "J110", f"{node.name} of {items.type}", "it takes a list")
    body_node = cast("Node", node.args["each"])
    exact = isinstance(items, Read) and items.root == "rows"
    depth = len(checker.items) + 1
    checker.items.append((f"{'cell' if exact else 'item'}{depth}", items.type.item))
    body = checker.expr(body_node)
    checker.items.pop()
    match node.name:
        case "any" | "all":
            if body.type != BOOL:
                checker.fail(body_node, "J114", f"true or false is needed, this is {body.type}")
            return Each(BOOL, node.name, items, body, depth)
        case "sum":
            _need(checker, node, body.type, NUMBERS)
            return Each(FLOAT, "sum", items, body, depth)
        case _:
            _need(checker, node, body.type, (*NUMBERS, "timestamp", "duration", "string"))
            return Each(body.type, "min" if node.name == "min" else "max", items, body, depth)


# --- the person's state -------------------------------------------------------------------------


def _standing(checker: Checker, node: Call) -> Expr:
    name = str(node.args.get("id", ""))
    if node.name in {"in_segment", "stage"}:
        _allow_membership(checker, node)
    if node.name == "stage":
        return Standing(STRING, "stage", _lifecycle(checker, node, name))
    if node.name == "in_segment":
        return _segment(checker, node, name)
    if node.name == "consent":
        _known(checker, node, name, checker.scope.purposes, "purpose")
        return Standing(BOOL, "consent", name)
    _known(checker, node, name, checker.scope.models, "model")
    kind = FLOAT if node.name == "score" else STRING
    return Standing(kind, cast("StandingKind", node.name), name)


def _allow_membership(checker: Checker, node: Call) -> None:
    if checker.place == "lifecycle":
        checker.fail(
            node, "J141", f"a lifecycle cannot ask {node.name}: it is settled before segments"
        )
    if checker.place == "feature":
        checker.fail(node, "J142", f"a feature cannot ask {node.name}: features come first")


def _lifecycle(checker: Checker, node: Call, name: str) -> str:
    lifecycles = checker.scope.lifecycles
    if not name:
        if len(lifecycles) != 1:
            checker.fail(
                node, "J106", f"stage() needs a name: there are {len(lifecycles)} lifecycles"
            )
        return next(iter(lifecycles))
    _known(checker, node, name, frozenset(lifecycles), "lifecycle")
    return name


def _segment(checker: Checker, node: Call, name: str) -> Expr:
    contextual = checker.scope.contextual.get(name)
    if contextual is None:
        _known(checker, node, name, checker.scope.segments, "segment")
        return Standing(BOOL, "segment", name)
    if checker.place != "contextual":
        checker.fail(node, "J140", f"{name} is a contextual segment: it needs a decision's context")
    return Named(BOOL, f"in_segment({events_text((name,))})", contextual, total=True)


def _known(checker: Checker, node: Call, name: str, known: frozenset[str], what: str) -> None:
    if name not in known:
        checker.fail(node, "J104", f"there is no {what} {name!r}", closest(name, known))


# --- pure functions -----------------------------------------------------------------------------


def _pure(checker: Checker, node: Call) -> Expr:
    if node.name == "exists":
        return Missing(checker.expr(cast("Node", node.args["value"])), negated=True)
    nodes = [argument for argument in node.args.values() if not isinstance(argument, str | tuple)]
    args = [checker.expr(argument) for argument in nodes]
    if node.name == "like":
        args.append(Const(STRING, str(node.args["pattern"])))
    return Apply(_pure_type(checker, node, nodes, args), node.name, tuple(args))


def _pure_type(checker: Checker, node: Call, nodes: list[Node], args: list[Expr]) -> Type:
    name = node.name
    if name in _CASTS:
        _need(checker, node, args[0].type, ("any", "bool", "int", "float", "string", "timestamp"))
        _still(checker, nodes[0], args[0])
        return _CASTS[name]
    if name in _TEXT_FUNCTIONS:
        for arg in args:
            _need(checker, node, arg.type, ("string",))
        return _TEXT_FUNCTIONS[name]
    if name == "length":
        _need(checker, node, args[0].type, ("string", "list"))
        return INT
    if name in _LOCAL_TIME:
        if args:
            args[0] = checker.coerced(args[0], TIMESTAMP, nodes[0])
            _need(checker, node, args[0].type, ("timestamp",))
            if slope(args[0]) not in {0, 1}:
                checker.fail(node, "J115", "an instant that runs at another pace than the clock")
        elif checker.place in _OF_ONE:
            checker.fail(node, "J150", f"{name}() reads the clock", f"use {name}(event.occurred)")
        return _LOCAL_TIME[name]
    return _contains(checker, node, nodes, args)


def _contains(checker: Checker, node: Call, nodes: list[Node], args: list[Expr]) -> Type:
    item = args[0].type.item
    if item is None:
        checker.fail(node, "J110", f"contains of {args[0].type}", "its first argument is a list")
    args[1] = checker.coerced(args[1], item, nodes[1])
    _still(checker, nodes[1], args[1])
    checker.same_kind(nodes[1], args[1], item)
    return BOOL


def _still(checker: Checker, node: Node, expr: Expr) -> None:
    if slope(expr):
        checker.fail(node, "J115", "a value that moves with time", "compare it with < or >")
