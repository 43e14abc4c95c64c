"""The condition language as a tree: what the parser builds, the console edits and JSON carries.

A node knows nothing of types or places; `text -> tree -> text` and `tree -> JSON -> tree` are
identities up to canonical spacing (segments C16). Meaning is given by `condition_types`.
"""

from __future__ import annotations

from collections.abc import Iterator
from keyword import iskeyword
from typing import Literal, TypeAlias, assert_never

import msgspec

from journeyfold.core.condition_functions import Parameter, signature_of
from journeyfold.core.errors import Problem, ProjectError

Scalar: TypeAlias = bool | int | float | str | None
CompareOp = Literal["==", "!=", "<", "<=", ">", ">="]
ArithOp = Literal["+", "-", "*"]
LiteralType = Literal["bool", "int", "float", "string", "null", "list"]


class Link(msgspec.Struct, frozen=True):
    """One more `op right` of a chained comparison such as `1 <= x < 3`."""

    op: CompareOp
    right: Node


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A step of `sequence`: any of these events, when `where` holds on its arrival."""

    event: tuple[str, ...]
    where: Node | None = None


class All(msgspec.Struct, frozen=True, tag_field="node", tag="all"):
    of: tuple[Node, ...]


class AnyOf(msgspec.Struct, frozen=True, tag_field="node", tag="any"):
    of: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True, tag_field="node", tag="not"):
    of: Node


class Compare(msgspec.Struct, frozen=True, tag_field="node", tag="compare", omit_defaults=True):
    op: CompareOp
    left: Node
    right: Node
    then: tuple[Link, ...] = ()


class In(msgspec.Struct, frozen=True, tag_field="node", tag="in", omit_defaults=True):
    """`items` are literals, or one expression that gives a list."""

    value: Node
    items: tuple[Scalar, ...] | Node
    negated: bool = False


class IsNull(msgspec.Struct, frozen=True, tag_field="node", tag="is_null", omit_defaults=True):
    of: Node
    negated: bool = False


class Constant(msgspec.Struct, frozen=True, tag_field="node", tag="literal"):
    type: LiteralType
    value: Scalar | tuple[Scalar, ...]


class Path(msgspec.Struct, frozen=True, tag_field="node", tag="path"):
    root: str
    path: tuple[str, ...] = ()


class Arith(msgspec.Struct, frozen=True, tag_field="node", tag="arith"):
    op: ArithOp
    left: Node
    right: Node


class Call(msgspec.Struct, frozen=True, tag_field="node", tag="call"):
    name: str
    args: dict[str, Argument] = {}


Node: TypeAlias = All | AnyOf | Not | Compare | In | IsNull | Constant | Path | Arith | Call
Argument: TypeAlias = Node | str | tuple[str | Step, ...]


class Place(msgspec.Struct, frozen=True):
    """Where the first character of a condition stands; lines and columns count from 1."""

    file: str = "<condition>"
    line: int = 1
    column: int = 1


class Parsed(msgspec.Struct, frozen=True):
    """A tree with the text it came from; `starts` maps id(node) to its first character."""

    node: Node
    text: str
    place: Place
    starts: dict[int, int]

    def problem(self, node: object, code: str, message: str, suggestion: str = "") -> Problem:
        return problem_at(
            self.text, self.place, self.starts.get(id(node), 0), code, message, suggestion
        )


class ConditionError(ProjectError):
    """A condition that cannot be meant; carries every `Problem` found."""


def problem_at(
    text: str, place: Place, index: int, code: str, message: str, suggestion: str = ""
) -> Problem:
    """A problem at a character of the condition, in the coordinates of its file (segments C15)."""
    before = text[:index]
    row = before.count("\n")
    column = index - (before.rfind("\n") + 1)
    shown = text.split("\n", row + 1)[row] if len(text) <= 8192 else text[:80]
    return Problem(
        file=place.file,
        line=place.line + row,
        column=column + (place.column if row == 0 else 1),
        code=code,
        message=message,
        text=shown,
        suggestion=suggestion,
    )


def children(node: Node) -> Iterator[Node]:
    """The direct sub-expressions, in the order of the text."""
    match node:
        case All(of=of) | AnyOf(of=of):
            yield from of
        case Not(of=child) | IsNull(of=child):
            yield child
        case Compare(left=left, right=right, then=then):
            yield from (left, right, *(link.right for link in then))
        case In(value=value, items=items):
            yield value
            if not isinstance(items, tuple):
                yield items
        case Arith(left=left, right=right):
            yield from (left, right)
        case Call(args=args):
            yield from _nodes_of(args)
        case Constant() | Path():
            return
        case _:
            assert_never(node)


def _nodes_of(args: dict[str, Argument]) -> Iterator[Node]:
    for argument in args.values():
        if isinstance(argument, tuple):
            yield from (s.where for s in argument if isinstance(s, Step) and s.where is not None)
        elif not isinstance(argument, str):
            yield argument


# --- text ---------------------------------------------------------------------------------------

_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _ATOM = range(7)


def to_text(node: Node) -> str:
    """The canonical text: double quotes, single spaces, the fewest parentheses."""
    match node:
        case AnyOf(of=of):
            return " or ".join(_inside(child, _AND) for child in of)
        case All(of=of):
            return " and ".join(_inside(child, _NOT) for child in of)
        case Not(of=child):
            return "not " + _inside(child, _NOT)
        case Compare(op=op, left=left, right=right, then=then):
            tail = "".join(f" {link.op} {_inside(link.right, _SUM)}" for link in then)
            return f"{_inside(left, _SUM)} {op} {_inside(right, _SUM)}{tail}"
        case In(value=value, items=items, negated=negated):
            held = _list(items) if isinstance(items, tuple) else _inside(items, _SUM)
            return f"{_inside(value, _SUM)} {'not in' if negated else 'in'} {held}"
        case IsNull(of=child, negated=negated):
            return f"{_inside(child, _SUM)} is {'not None' if negated else 'None'}"
        case Arith(op=op, left=left, right=right):
            level = _PRODUCT if op == "*" else _SUM
            return f"{_inside(left, level)} {op} {_inside(right, level + 1)}"
        case Constant(value=value):
            return _list(value) if isinstance(value, tuple) else scalar_text(value)
        case Path(root=root, path=path):
            return root + "".join(_key(key) for key in path)
        case Call():
            return _call(node)
        case _:
            assert_never(node)


def _level(node: Node) -> int:
    match node:
        case AnyOf():
            return _OR
        case All():
            return _AND
        case Not():
            return _NOT
        case Compare() | In() | IsNull():
            return _COMPARE
        case Arith(op=op):
            return _PRODUCT if op == "*" else _SUM
        case _:
            return _ATOM


def _inside(node: Node, least: int) -> str:
    text = to_text(node)
    return text if _level(node) >= least else f"({text})"


def scalar_text(value: Scalar) -> str:
    """A JSON string is a Python string of the same meaning; numbers as Python writes them."""
    return msgspec.json.encode(value).decode() if isinstance(value, str) else repr(value)


def _list(values: tuple[Scalar, ...]) -> str:
    return "[" + ", ".join(scalar_text(value) for value in values) + "]"


def _key(key: str) -> str:
    plain = key.isascii() and key.isidentifier() and not iskeyword(key)
    return f".{key}" if plain else f"[{scalar_text(key)}]"


def _call(node: Call) -> str:
    signature = signature_of(node.name, frozenset(node.args))
    known = signature.parameters if signature else ()
    parts = [_argument(node.args[p.name], p) for p in known if p.name in node.args]
    strange = [name for name in node.args if name not in {p.name for p in known}]
    return f"{node.name}({', '.join(parts + [f'{name}=None' for name in strange])})"


def _argument(argument: Argument, parameter: Parameter) -> str:
    prefix = f"{parameter.name}=" if parameter.keyword else ""
    if isinstance(argument, str):
        return prefix + scalar_text(argument)
    if not isinstance(argument, tuple):
        return prefix + to_text(argument)
    if parameter.kind == "events":
        return events_text(tuple(item for item in argument if isinstance(item, str)))
    steps = (_step(item) if isinstance(item, Step) else scalar_text(item) for item in argument)
    return "[" + ", ".join(steps) + "]"


def _step(step: Step) -> str:
    if step.where is not None:
        return f"step({events_text(step.event)}, where={to_text(step.where)})"
    return events_text(step.event)


def events_text(names: tuple[str, ...]) -> str:
    return scalar_text(names[0]) if len(names) == 1 else _list(names)


# --- JSON ---------------------------------------------------------------------------------------


def to_json(node: Node) -> object:
    """Plain values, ready for any JSON writer."""
    plain: object = msgspec.json.decode(msgspec.json.encode(node))
    return plain
