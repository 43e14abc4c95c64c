"""Text or JSON to a condition tree: Python's expression grammar behind a whitelist.

A scanner of our own looks at length, brackets, strings and names first, so that Python's parser
only ever meets text that it reads silently; whatever it may still raise becomes one
`ConditionError` with line and column in characters (segments C1-C3).
"""

from __future__ import annotations

import ast
import re
from difflib import get_close_matches
from typing import Never

import msgspec

from journeyfold.core.condition import (
    All,
    AnyOf,
    Argument,
    Arith,
    ArithOp,
    Call,
    Compare,
    CompareOp,
    Constant,
    In,
    IsNull,
    Link,
    Node,
    Not,
    Parsed,
    Path,
    Place,
    Scalar,
    Step,
    children,
    to_text,
)
from journeyfold.core.condition_functions import FUNCTIONS, Parameter, Signature
from journeyfold.core.condition_scan import DEPTH_MAX, error_at, scan
from journeyfold.core.event import INT64_MAX, INT64_MIN
from journeyfold.core.instant import duration_us

NODES_MAX = 500
ITEMS_MAX = 1000
EVENT_FUNCTIONS_MAX = 64

_COMPARE: dict[type[ast.cmpop], CompareOp] = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_ARITH: dict[type[ast.operator], ArithOp] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_JSON_SPELLING = {"true": "True", "false": "False", "null": "None", "nil": "None"}


def parse(text: str, place: Place | None = None) -> Parsed:
    """The tree of one condition.

    Raises:
        ConditionError: with the one problem that stopped the reading.
    """
    place = place or Place()
    scan(text, place)
    flat = re.sub(r"[\r\n\t]", " ", text)
    lead = len(flat) - len(flat.lstrip(" "))
    try:
        tree = ast.parse(flat[lead:], mode="eval")
    except SyntaxError as error:
        at = lead + max((error.offset or 1) - 1, 0)
        raise error_at(
            text,
            place,
            min(at, len(text)),
            "J102",
            f"not a condition: {error.msg}",
            _way_out(text[at:]),
        ) from None
    except (RecursionError, MemoryError, ValueError):
        raise error_at(text, place, 0, "J101", f"nested deeper than {DEPTH_MAX} levels") from None
    reader = _Reader(text, flat[lead:], lead, place)
    node = reader.node(tree.body, 1)
    return Parsed(node=node, text=text, place=place, starts=reader.starts)


def _way_out(rest: str) -> str:
    """What other languages write where Python's grammar gives up."""
    if re.match(r"=(?!=)", rest):
        return "write =="
    word = re.match(r"(AND|OR|NOT|IN|IS)\b", rest)
    return f"write {word[0].lower()}" if word else ""


def read_json(value: object, place: Place | None = None) -> Parsed:
    """The tree of a JSON form, with every check the text form gets: it goes through its text."""
    place = place or Place()
    try:
        node = msgspec.convert(value, Node)
        _bound(node, place)
        parsed = parse(to_text(node), place)
    except (msgspec.ValidationError, RecursionError) as error:
        raise error_at("", place, 0, "J102", f"not a condition tree: {error}") from None
    except UnicodeEncodeError:
        raise error_at("", place, 0, "J101", "a string that is not text") from None
    if msgspec.to_builtins(parsed.node) != msgspec.to_builtins(node):
        raise error_at(parsed.text, place, 0, "J102", "the tree does not say what its text says")
    return parsed


def _bound(node: Node, place: Place) -> None:
    """Depth of a foreign tree, before the printer recurses into it."""
    level: list[Node] = [node]
    for _ in range(DEPTH_MAX + 1):
        level = [child for parent in level for child in children(parent)]
        if not level:
            return
    raise error_at("", place, 0, "J101", f"nested deeper than {DEPTH_MAX} levels")


# --- the reader ---------------------------------------------------------------------------------


class _Reader:
    """Python's tree to ours; remembers where each node began."""

    def __init__(self, text: str, flat: str, lead: int, place: Place) -> None:
        self.text, self.lead, self.place = text, lead, place
        self.raw = None if flat.isascii() else flat.encode()
        self.starts: dict[int, int] = {}
        self.nodes = 0
        self.event_functions = 0

    def start(self, tree: ast.expr | ast.keyword) -> int:
        column = tree.col_offset  # in UTF-8 bytes
        return self.lead + (len(self.raw[:column].decode()) if self.raw else column)

    def fail(
        self, tree: ast.expr | ast.keyword, code: str, message: str, suggestion: str = ""
    ) -> Never:
        raise error_at(self.text, self.place, self.start(tree), code, message, suggestion)

    def node(self, tree: ast.expr, depth: int) -> Node:
        self.nodes += 1
        if self.nodes > NODES_MAX:
            self.fail(tree, "J107", f"more than {NODES_MAX} parts")
        if depth > DEPTH_MAX:
            self.fail(tree, "J101", f"nested deeper than {DEPTH_MAX} levels")
        node = self.build(tree, depth + 1)
        self.starts[id(node)] = self.start(tree)
        return node

    def build(self, tree: ast.expr, depth: int) -> Node:
        match tree:
            case ast.BoolOp(op=op, values=values):
                of = tuple(self.node(value, depth) for value in values)
                return All(of) if isinstance(op, ast.And) else AnyOf(of)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.node(operand, depth))
            case ast.Compare():
                return self.comparison(tree, depth)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITH:
                return Arith(_ARITH[type(op)], self.node(left, depth), self.node(right, depth))
            case ast.Constant() | ast.UnaryOp() | ast.List():
                return self.constant(tree)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return self.path(tree)
            case ast.Call():
                return self.call(tree, depth)
        way_out = "write a list: […]" if isinstance(tree, ast.Tuple) else ""
        message = f"{_name_of(tree)} is not part of the language"
        raise error_at(self.text, self.place, self.start(tree), "J103", message, way_out)

    def comparison(self, tree: ast.Compare, depth: int) -> Node:
        operators = [type(op) for op in tree.ops]
        if len(operators) == 1 and operators[0] in {ast.In, ast.NotIn, ast.Is, ast.IsNot}:
            return self.membership(tree, operators[0], depth)
        if not all(op in _COMPARE for op in operators):
            self.fail(tree, "J103", "`in` and `is` stand alone", "put each in parentheses")
        parts = [self.node(part, depth) for part in (tree.left, *tree.comparators)]
        for part, place in zip(parts, (tree.left, *tree.comparators), strict=True):
            if part == Constant("null", None):
                self.fail(place, "J111", "nothing equals None", "use `is None` or `is not None`")
        links = tuple(
            Link(_COMPARE[op], part) for op, part in zip(operators[1:], parts[2:], strict=True)
        )
        return Compare(_COMPARE[operators[0]], parts[0], parts[1], links)

    def membership(self, tree: ast.Compare, operator: type[ast.cmpop], depth: int) -> Node:
        left, right = self.node(tree.left, depth), tree.comparators[0]
        negated = operator in {ast.NotIn, ast.IsNot}
        if operator in {ast.Is, ast.IsNot}:
            if not (isinstance(right, ast.Constant) and right.value is None):
                self.fail(right, "J103", "`is` only asks for None", "use ==")
            return IsNull(left, negated)
        if isinstance(right, ast.List):
            items = self.scalars(right)
            if None in items:
                self.fail(right, "J111", "nothing equals None", "use `is None`")
            return In(left, items, negated)
        return In(left, self.node(right, depth), negated)

    def constant(self, tree: ast.expr) -> Constant:
        if isinstance(tree, ast.List):
            return Constant("list", self.scalars(tree))
        value = self.scalar(tree)
        match value:
            case None:
                return Constant("null", None)
            case bool():
                return Constant("bool", value)
            case int():
                return Constant("int", value)
            case float():
                return Constant("float", value)
            case _:
                return Constant("string", value)

    def scalars(self, tree: ast.List) -> tuple[Scalar, ...]:
        if len(tree.elts) > ITEMS_MAX:
            self.fail(tree, "J107", f"more than {ITEMS_MAX} items", "use a manual segment")
        return tuple(self.scalar(element) for element in tree.elts)

    def scalar(self, tree: ast.expr) -> Scalar:
        negative = isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub)
        inner = tree.operand if isinstance(tree, ast.UnaryOp) and negative else tree
        if not isinstance(inner, ast.Constant) or not isinstance(
            inner.value, bool | int | float | str | None
        ):
            found = to_text(self.path(inner)) if isinstance(inner, ast.Name) else _name_of(inner)
            way_out = "write 0 - …" if negative else ""
            self.fail(tree, "J103", f"a literal is needed here, not {found}", way_out)
        value = inner.value
        if negative:
            if isinstance(value, bool) or not isinstance(value, int | float):
                self.fail(tree, "J103", "minus stands before a number only")
            value = -value
        if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
            self.fail(tree, "J113", "an integer beyond 64 bits")
        if isinstance(value, float) and value - value != 0:
            self.fail(tree, "J113", "a number beyond the range of float")
        return value

    def path(self, tree: ast.expr) -> Path:
        keys: list[str] = []
        inner = tree
        while not isinstance(inner, ast.Name):
            match inner:
                case ast.Attribute(value=value, attr=attribute):
                    keys.append(attribute)
                    inner = value
                case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
                    keys.append(key)
                    inner = value
                case _:
                    self.fail(inner, "J103", "a path is names and literal keys", 'write x["key"]')
        if not keys and inner.id in _JSON_SPELLING:
            right = _JSON_SPELLING[inner.id]
            self.fail(tree, "J112", f"{inner.id} is not a word of the language", f"use `{right}`")
        if len(keys) > DEPTH_MAX:
            self.fail(tree, "J101", f"nested deeper than {DEPTH_MAX} levels")
        return Path(inner.id, tuple(reversed(keys)))

    def call(self, tree: ast.Call, depth: int) -> Call:
        if not isinstance(tree.func, ast.Name):
            self.fail(tree, "J105", "functions have plain names")
        name = tree.func.id
        forms = FUNCTIONS.get(name)
        if forms is None:
            close = get_close_matches(name, FUNCTIONS, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else ""
            self.fail(tree, "J105", f"there is no function {name}", hint)
        of_events, *others = forms  # sum, min and max also take a list
        signature = others[0] if others and not _names_events(tree) else of_events
        if signature.form == "event":
            self.event_functions += 1
            if self.event_functions > EVENT_FUNCTIONS_MAX:
                self.fail(tree, "J107", f"more than {EVENT_FUNCTIONS_MAX} event functions")
        return Call(name, self.arguments(tree, signature, depth))

    def arguments(self, tree: ast.Call, signature: Signature, depth: int) -> dict[str, Argument]:
        positional = [p for p in signature.parameters if not p.keyword]
        named = {p.name: p for p in signature.parameters if p.keyword}
        if len(tree.args) > len(positional):
            self.fail(tree, "J106", _usage(signature))
        given: dict[str, Argument] = {}
        for parameter, value in zip(positional, tree.args, strict=False):
            given[parameter.name] = self.argument(value, parameter, depth)
        for keyword in tree.keywords:
            if keyword.arg not in named or keyword.arg in given:
                self.fail(keyword, "J106", _usage(signature))
            given[keyword.arg] = self.argument(keyword.value, named[keyword.arg], depth)
        if any(p.required and p.name not in given for p in signature.parameters):
            self.fail(tree, "J106", _usage(signature))
        return {p.name: given[p.name] for p in signature.parameters if p.name in given}

    def argument(self, tree: ast.expr, parameter: Parameter, depth: int) -> Argument:
        match parameter.kind:
            case "events":
                return self.events(tree)
            case "steps":
                return self.steps(tree, depth)
            case "text" | "duration":
                text = self.literal_text(tree)
                if parameter.kind == "duration" and not duration_us(text):
                    self.fail(tree, "J120", *duration_hint(text))
                return text
            case _:
                return self.node(tree, depth)

    def literal_text(self, tree: ast.expr) -> str:
        if not isinstance(tree, ast.Constant) or not isinstance(tree.value, str):
            self.fail(tree, "J106", "a literal string is needed here")
        return tree.value

    def events(self, tree: ast.expr) -> tuple[str, ...]:
        if not isinstance(tree, ast.List):
            return (self.literal_text(tree),)
        if not tree.elts or len(tree.elts) > ITEMS_MAX:
            self.fail(tree, "J106", f"1 to {ITEMS_MAX} event names are needed")
        return tuple(self.literal_text(element) for element in tree.elts)

    def steps(self, tree: ast.expr, depth: int) -> tuple[Step, ...]:
        if not isinstance(tree, ast.List) or not 1 <= len(tree.elts) <= 10:
            self.fail(tree, "J106", "sequence takes a list of 1 to 10 steps")
        return tuple(self.step(element, depth) for element in tree.elts)

    def step(self, tree: ast.expr, depth: int) -> Step:
        match tree:
            case ast.Call(
                func=ast.Name(id="step"),
                args=[events],
                keywords=[ast.keyword(arg="where", value=where)],
            ):
                return Step(self.events(events), self.node(where, depth))
            case ast.Call(func=ast.Name(id="step"), args=[events], keywords=[]):
                return Step(self.events(events))
            case ast.Call():
                self.fail(tree, "J106", "a step is an event name or step(E, where=)")
        return Step(self.events(tree))


def duration_hint(text: str) -> tuple[str, str]:
    return f"{text!r} is no duration", "write a number and s, m, h, d or w, such as 30d"


def _names_events(tree: ast.Call) -> bool:
    first = tree.args[0] if tree.args else None
    if isinstance(first, ast.List):
        return True
    return isinstance(first, ast.Constant) and isinstance(first.value, str)


def _usage(signature: Signature) -> str:
    words = [
        f"{p.name}=" if p.keyword else (p.name if p.required else f"[{p.name}]")
        for p in signature.parameters
    ]
    return f"the call is {signature.name}({', '.join(words)})"


_WORDS: dict[type[ast.expr], str] = {
    ast.Lambda: "lambda", ast.IfExp: "if … else", ast.ListComp: "a comprehension",
    ast.GeneratorExp: "a comprehension", ast.JoinedStr: "an f-string", ast.NamedExpr: ":=",
    ast.Starred: "*", ast.Tuple: "a tuple", ast.BinOp: "this operator", ast.List: "a list",
    ast.Call: "a call", ast.Attribute: "a path", ast.Subscript: "a path",
    ast.UnaryOp: "this sign",
}  # fmt: skip


def _name_of(tree: ast.expr) -> str:
    return _WORDS.get(type(tree), "this")
