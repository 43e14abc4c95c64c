"""What a condition or a template looks at, as nodes of the lineage (quality Q40). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from journeyfold.core.condition import Argument, Call, Path, Step, children
from journeyfold.core.condition import Node as Expression
from journeyfold.core.condition_functions import signature_of
from journeyfold.core.condition_parse import parse
from journeyfold.project.lineage import Node

IDENTIFY = "Identify"
_IN_TEMPLATE = re.compile(
    r"""\b(traits|features|context|properties|event\.properties)(?:\.(\w+)|\[["']([^"'\]]+)["']\])"""
)
_STATES = {"in_segment": "segment", "stage": "lifecycle", "consent": "consent"}
_SCORES = {"score", "label", "score_version"}
_OF_EVENT = {"name", "type", "source"}


def reads_of(text: str, events: tuple[str, ...] = ()) -> Iterator[Node]:
    """`events` are the names of the event that is there where the condition stands."""
    yield from _read_by(parse(text).node, events, inside=False)


def reads_of_template(text: str, events: tuple[str, ...] = ()) -> Iterator[Node]:
    """Liquid: what it names in full. A value handed over under another name has its own reader."""
    for match in _IN_TEMPLATE.finditer(text):
        root, name = match[1], match[2] or match[3]
        yield from _of_path(root.rpartition(".")[2], (name,), events, inside=False)


def _read_by(node: Expression, events: tuple[str, ...], *, inside: bool) -> Iterator[Node]:
    if isinstance(node, Path):
        yield from _of_path(node.root, node.path, events, inside=inside)
    elif isinstance(node, Call):
        yield from _of_call(node, events, inside=inside)
    else:
        for child in children(node):
            yield from _read_by(child, events, inside=inside)


def _of_path(
    root: str, path: tuple[str, ...], events: tuple[str, ...], *, inside: bool
) -> Iterator[Node]:
    if root == "event":
        if path[:1] == ("properties",):
            yield from _of_path("properties", path[1:], events, inside=inside)
        elif path and path[0] not in _OF_EVENT:
            yield Node("context", ".".join(path))
        return
    match root:
        case "traits" if path:
            yield Node("trait", path[0])
        case "features" if path:
            yield Node("feature", path[0])
        case "properties" if path:
            for event in events:
                yield Node("property", f"{event}/{path[0]}")
        case "context" if path:
            yield Node("context", path[0])
        case "identifiers" if path:
            yield Node("identifier", path[0])
        case "item" | "vars" | "row" | "rows":
            return
        case "entry":
            if path[:1] == ("properties",):
                yield from _of_path("properties", path[1:], events, inside=inside)
        case _ if inside:  # `total > 10` inside `where`: a property of the event by its bare name
            for event in events:
                yield Node("property", f"{event}/{root}")
        case _:
            yield Node("context", ".".join((root, *path)))


def _of_call(call: Call, events: tuple[str, ...], *, inside: bool) -> Iterator[Node]:
    signature = signature_of(call.name, frozenset(call.args))
    if signature is not None and signature.form == "event":
        yield from _of_events(call)
        return
    named = call.args.get("id")
    if call.name in _STATES or call.name in _SCORES:
        kind = _STATES.get(call.name, "score")
        yield Node(kind, named if isinstance(named, str) else "*")  # type: ignore[arg-type]
    for child in children(call):
        yield from _read_by(child, events, inside=inside)


def _of_events(call: Call) -> Iterator[Node]:
    """The events counted, the property added up, and what `where` and `steps` look at in them."""
    named = _names(call.args.get("event"))
    for event in named:
        yield Node("event", event)
    for key in ("property", "by"):
        text = call.args.get(key)
        for event in named if isinstance(text, str) else ():
            yield Node("property", f"{event}/{str(text).partition('.')[0]}")
    steps = call.args.get("steps")
    for step in steps if isinstance(steps, tuple) else ():
        if isinstance(step, Step):
            for event in step.event:
                yield Node("event", event)
            if step.where is not None:
                yield from _read_by(step.where, step.event, inside=True)
        else:
            yield Node("event", step)
    for key, argument in call.args.items():
        if key not in {"event", "steps"} and not isinstance(argument, str | tuple):
            yield from _read_by(argument, named, inside=key == "where")


def _names(argument: Argument | None) -> tuple[str, ...]:
    if isinstance(argument, str):
        return (argument,)
    return (
        tuple(each for each in argument or () if isinstance(each, str))
        if isinstance(argument, tuple)
        else ()
    )
