"""The condition builder: a condition as sentences made of parts, and edits of those parts.

Builder and text are two views of one tree (segments C16). A line the builder has no sentence for
is shown as its text and edited there; nothing is lost by looking. Pure: trees in, trees out; what
an edit means for types is for the check to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import msgspec

from journeyfold.core.condition import (
    All,
    AnyOf,
    Call,
    Compare,
    Constant,
    In,
    IsNull,
    Node,
    Not,
    Path,
    Scalar,
    to_text,
)

Kind = Literal["event", "property", "trait", "feature", "purpose", "segment", "stage", "free"]
OPERATORS = {"==": "is", "!=": "is not", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}
_COUNTED = {
    "count": "number of",
    "sum": "sum of",
    "avg": "mean of",
    "min": "least of",
    "max": "most of",
    "distinct": "different values of",
    "recency": "time since last",
    "top": "commonest value of",
}
NEW_LINES = {
    "count": "what people did",
    "recency": "how long ago",
    "traits": "a trait",
    "features": "a feature",
    "consent": "a consent",
    "in_segment": "another segment",
    "any": "one of several",
}


class Part(msgspec.Struct, frozen=True):
    """A piece of a line: fixed words, or a value with the slot an edit of it goes to."""

    text: str
    slot: str = ""
    kind: Kind = "free"
    options: tuple[tuple[str, str], ...] = ()
    label: str = ""


class Row(msgspec.Struct, frozen=True):
    path: str
    parts: tuple[Part, ...]
    text: str  # the line as text, for its figure and for lines without a sentence
    negated: bool = False


class Group(msgspec.Struct, frozen=True):
    path: str
    word: Literal["all", "any"]
    rows: tuple[Entry, ...]


Entry: TypeAlias = "Row | Group"
Edit: TypeAlias = Callable[[Node], Node]


def laid_out(node: Node) -> Group:
    """A tree as the builder shows it: the outermost is always a group."""
    group = _entry(grouped(node), "")
    assert isinstance(group, Group), "the outermost node was made a group"
    return group


def grouped(node: Node) -> All | AnyOf:
    return node if isinstance(node, All | AnyOf) else All((node,))


def lines_of(node: Node) -> tuple[Node, ...]:
    """The direct lines, whose figures stand beside them."""
    return grouped(node).of


def changed(node: Node, path: str, slot: str, value: str) -> Node:
    """The tree with one part replaced; a slot or path that is not there changes nothing."""
    return _at(grouped(node), _steps(path), lambda line: _edited(line, slot, value))


def added(node: Node, path: str, kind: str, *, event: str, trait: str, other: str) -> Node:
    """The tree with a new line of a kind at the end of a group."""
    line = _new_line(kind, event=event, trait=trait, other=other)

    def append(group: Node) -> Node:
        if isinstance(group, All | AnyOf) and line is not None:
            return type(group)((*group.of, line))
        return group

    return _at(grouped(node), _steps(path), append)


def dropped(node: Node, path: str) -> Node:
    """The tree without a line; a group that loses its last line goes, too."""
    steps = _steps(path)
    if not steps:
        return node

    def without(group: Node) -> Node:
        if isinstance(group, All | AnyOf):
            return type(group)(tuple(c for i, c in enumerate(group.of) if i != steps[-1]))
        return group

    return _without_empty(_at(grouped(node), steps[:-1], without))


def switched(node: Node, path: str) -> Node:
    """All of a group becomes any of it, and back."""

    def other(group: Node) -> Node:
        match group:
            case All(of=of):
                return AnyOf(of)
            case AnyOf(of=of):
                return All(of)
            case _:
                return group

    return _at(grouped(node), _steps(path), other)


def is_empty(node: Node) -> bool:
    return isinstance(node, All | AnyOf) and not node.of


# -- showing -------------------------------------------------------------------------------------


def _entry(node: Node, path: str) -> Entry:
    if isinstance(node, All | AnyOf):
        word: Literal["all", "any"] = "all" if isinstance(node, All) else "any"
        rows = tuple(
            _entry(child, f"{path}.{index}" if path else str(index))
            for index, child in enumerate(node.of)
        )
        return Group(path, word, rows)
    inner = node.of if isinstance(node, Not) else node
    parts = _parts(inner)
    said = parts if parts is not None else (Part(to_text(node)),)
    return Row(path, said, to_text(node), negated=isinstance(node, Not) and parts is not None)


def _parts(node: Node) -> tuple[Part, ...] | None:
    """The sentence of a line; None for what has none."""
    match node:
        case Compare(op=op, left=left, right=Constant(value=value), then=()) if not isinstance(
            value, tuple
        ):
            subject = _subject(left)
            operator = Part(
                OPERATORS[op], "op", options=tuple(OPERATORS.items()), label="comparison"
            )
            return (*subject, operator, _value(value)) if subject else None
        case In(value=left, items=tuple() as items, negated=negated):
            subject = _subject(left)
            joined = ", ".join(_plain(item) for item in items)
            word = "is none of" if negated else "is one of"
            return (
                (*subject, Part(word), Part(joined, "items", label="values")) if subject else None
            )
        case IsNull(of=left, negated=negated):
            subject = _subject(left)
            return (*subject, Part("is known" if negated else "is not known")) if subject else None
        case Call(name="consent", args={"id": str(purpose)}):
            return (
                Part("consent to"),
                Part(purpose, "id", "purpose", label="purpose"),
                Part("is given"),
            )
        case Call(name="in_segment", args={"id": str(segment)}):
            return (Part("is in segment"), Part(segment, "id", "segment", label="segment"))
        case Path(root="traits" | "features"):
            return (*(_subject(node) or ()), Part("is true"))
        case _:
            return None


def _subject(node: Node) -> tuple[Part, ...]:
    match node:
        case Path(root="traits", path=(name,)):
            return (Part("trait"), Part(name, "path", "trait", label="trait"))
        case Path(root="features", path=(name,) | (name, "prepared") as path):
            return (Part("feature"), Part(".".join(path), "path", "feature", label="feature"))
        case Call(name="stage"):
            return (Part("stage"),)
        case Call(name=name, args=args) if name in _COUNTED and "where" not in args:
            return _counted(name, args)
        case _:
            return ()


def _counted(name: str, args: Mapping[str, object]) -> tuple[Part, ...]:
    events = args.get("event")
    if not (isinstance(events, tuple) and len(events) == 1 and isinstance(events[0], str)):
        return ()
    parts = [Part(_COUNTED[name])]
    property_ = args.get("property")
    if isinstance(property_, str):
        parts += [Part(property_, "property", "property", label="property"), Part("of")]
    parts.append(Part(events[0], "event", "event", label="event"))
    within = args.get("within")
    if isinstance(within, str):
        parts += [Part("within"), Part(within, "within", label="window, such as 30d")]
    return tuple(parts)


def _value(value: Scalar) -> Part:
    return Part(_plain(value), "value", label="value")


def _plain(value: Scalar) -> str:
    match value:
        case bool():
            return "True" if value else "False"
        case str():
            return value
        case _:
            return repr(value)


# -- editing -------------------------------------------------------------------------------------


def _steps(path: str) -> list[int]:
    return [int(step) for step in path.split(".") if step.isascii() and step.isdigit()]


def _at(node: Node, steps: list[int], edit: Edit) -> Node:
    """The tree with the node at a path replaced by what `edit` makes of it."""
    if not steps:
        return edit(node)
    if not isinstance(node, All | AnyOf) or steps[0] >= len(node.of):
        return node
    children = list(node.of)
    children[steps[0]] = _at(children[steps[0]], steps[1:], edit)
    return type(node)(tuple(children))


def _edited(node: Node, slot: str, value: str) -> Node:
    replace = msgspec.structs.replace
    match node, slot:
        case Not(of=inner), _:
            return Not(_edited(inner, slot, value))
        case Compare(), "op" if value in OPERATORS:
            return msgspec.convert({**msgspec.to_builtins(node), "op": value}, Compare)
        case Compare(right=Constant() as right), "value":
            return replace(node, right=_constant(value, right))
        case Compare(left=left), _:
            return replace(node, left=_edited(left, slot, value))
        case In(items=tuple() as items), "items":
            return replace(node, items=_items(value, items))
        case In(value=left), _:
            return replace(node, value=_edited(left, slot, value))
        case IsNull(of=left), _:
            return replace(node, of=_edited(left, slot, value))
        case Path(root="features"), "path":
            return replace(node, path=tuple(value.split(".")))
        case Path(), "path":
            return replace(node, path=(value,))
        case Call(args=args), "event":
            return replace(node, args={**args, "event": (value,)})
        case Call(args=args), "property" | "within" | "id" if slot in args:
            return replace(node, args={**args, slot: value})
        case _:
            return node


def _constant(text: str, before: Constant) -> Constant:
    """The new value in the type the old one had where it fits, else as it reads."""
    if before.type == "string":
        return Constant("string", text)
    if text in ("True", "False"):
        return Constant("bool", text == "True")
    for type_, read in (("int", int), ("float", float)):
        try:
            return msgspec.convert({"type": type_, "value": read(text)}, Constant)
        except ValueError:
            continue
    return Constant("string", text)


def _items(text: str, before: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    kind: Literal["string", "int"] = "string" if not before or isinstance(before[0], str) else "int"
    made = (_constant(part.strip(), Constant(kind, "")) for part in text.split(",") if part.strip())
    return tuple(one.value for one in made if not isinstance(one.value, tuple))


def _new_line(kind: str, *, event: str, trait: str, other: str) -> Node | None:
    match kind:
        case "count":
            call = Call("count", {"event": (event,), "within": "30d"})
            return Compare(">=", call, Constant("int", 1))
        case "recency":
            return Compare(">", Call("recency", {"event": (event,)}), Constant("string", "30d"))
        case "traits":
            return Compare("==", Path("traits", (trait,)), Constant("string", ""))
        case "features":
            return Compare(">=", Path("features", (other,)), Constant("int", 1))
        case "consent" | "in_segment":
            return Call(kind, {"id": other})
        case "any":
            call = Call("count", {"event": (event,), "within": "30d"})
            return AnyOf((Compare(">=", call, Constant("int", 1)),))
        case _:
            return None


def _without_empty(node: Node) -> Node:
    if not isinstance(node, All | AnyOf):
        return node
    kept = (_without_empty(child) for child in node.of)
    return type(node)(tuple(child for child in kept if not is_empty(child)))
