"""The checker: a parsed condition and its scope to a typed tree, or a problem (segments C14).

Unsupported is an error here, never true at run time. The first problem stops a condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Never, assert_never

import msgspec

from journeyfold.core.condition import (
    All,
    AnyOf,
    Arith,
    Call,
    Compare,
    CompareOp,
    ConditionError,
    Constant,
    In,
    IsNull,
    Node,
    Not,
    Parsed,
    Path,
    Scalar,
    to_text,
)
from journeyfold.core.condition_levels import at_level
from journeyfold.core.condition_literals import (
    arithmetic_type,
    literal_value,
    other_spelling,
    type_of_literal,
)
from journeyfold.core.condition_parse import duration_hint
from journeyfold.core.condition_paths import typed_path
from journeyfold.core.condition_scope import (
    ANY,
    BOOL,
    DURATION,
    FLOAT,
    INT,
    NULL,
    NUMBERS,
    STRING,
    TIMESTAMP,
    ConditionPlace,
    Scope,
    Type,
    list_of,
)
from journeyfold.core.condition_stages import known_stages
from journeyfold.core.condition_typed import (
    And,
    Comparison,
    Const,
    Expr,
    Member,
    Missing,
    Negation,
    Or,
    Sum,
    Typed,
    is_never_null,
    slope,
    walk,
)
from journeyfold.core.errors import Problem
from journeyfold.core.instant import duration_us, instant_us

_LITERALS = {"bool": BOOL, "int": INT, "float": FLOAT, "string": STRING, "null": NULL}
_READING = {
    "Read", "Now", "Figure", "Chain", "Recent", "Quintile", "Prepared", "Standing",
    "Named",
}  # fmt: skip


def check(parsed: Parsed, scope: Scope, expect: Type | None = BOOL) -> Typed:
    """The typed tree of a condition, or of any value when `expect` is None.

    Raises:
        ConditionError: with file, line, column, code, message and suggestion.
    """
    checker = Checker(parsed, scope)
    expr = checker.expr(parsed.node)
    if expect is not None and expr.type != expect:
        checker.fail(parsed.node, "J114", f"a condition is true or false, this is {expr.type}")
    if expect == BOOL:
        checker.refuse_constants(parsed.node, expr)
    return Typed(expr, to_text(parsed.node), checker.texts, tuple(checker.hints))


class Checker:
    """One walk over one condition. `properties` is the type of the event at hand, if any."""

    def __init__(self, parsed: Parsed, scope: Scope) -> None:
        self.parsed, self.scope = parsed, scope
        self.place: ConditionPlace = scope.place
        self.properties = scope.properties
        self.items: list[tuple[str, Type]] = []
        self.texts: dict[int, str] = {}
        self.hints: list[Problem] = []

    def fail(self, node: object, code: str, message: str, suggestion: str = "") -> Never:
        raise ConditionError([self.parsed.problem(node, code, message, suggestion)])

    @contextmanager
    def at_arrival(self, properties: Type) -> Iterator[None]:
        """Inside `where=`: only the arriving event is there (segments C11)."""
        outer, self.place = self.place, "where"
        before, self.properties = self.properties, properties
        items, self.items = self.items, []
        yield
        self.place, self.properties, self.items = outer, before, items

    def expr(self, node: Node) -> Expr:
        found = self._expr(node)
        self.texts[id(found)] = to_text(node)
        return found

    def _expr(self, node: Node) -> Expr:
        match node:
            case All(of=of):
                return And(tuple(self.condition(child) for child in of))
            case AnyOf(of=of):
                return Or(tuple(self.condition(child) for child in of))
            case Not(of=child):
                return self.negation(node, child)
            case Compare():
                return self.comparison(node)
            case In():
                return self.membership(node)
            case IsNull(of=child, negated=negated):
                return Missing(self.expr(child), negated)
            case Constant():
                return self.constant(node)
            case Path():
                return at_level(self, node) or typed_path(self, node)
            case Arith():
                return self.arithmetic(node)
            case Call():
                from journeyfold.core.condition_calls import call

                return call(self, node)
            case _:
                assert_never(node)

    # --- logic ----------------------------------------------------------------------------------

    def condition(self, node: Node) -> Expr:
        """An operand of and, or, not: true or false, and not always the same."""
        expr = self.expr(node)
        if expr.type != BOOL:
            self.fail(node, "J114", f"true or false is needed here, this is {expr.type}")
        self.refuse_constants(node, expr)
        return expr

    def refuse_constants(self, node: Node, expr: Expr) -> None:
        clock = ("hour", "weekday")
        if not any(
            type(part).__name__ in _READING or getattr(part, "name", "") in clock
            for part in walk(expr)
        ):
            self.fail(node, "J131", f"{to_text(node)} is always the same")

    def negation(self, node: Not, child: Node) -> Expr:
        of = self.condition(child)
        if not is_never_null(of):
            text = to_text(child) if isinstance(child, Path | Call) else f"({to_text(child)})"
            self.hints.append(
                msgspec.structs.replace(
                    self.parsed.problem(
                        node, "J210", f"not {text} is false while {text} is unknown",
                        "ask `exists(…)` first, or `is None or not …`",
                    ),
                    severity="hint",
                )
            )  # fmt: skip
        return Negation(of)

    def comparison(self, node: Compare) -> Expr:
        nodes = [node.left, node.right, *(link.right for link in node.then)]
        exprs = [self.expr(part) for part in nodes]
        made: list[Expr] = []
        ops: list[CompareOp] = [node.op, *(link.op for link in node.then)]
        for i, op in enumerate(ops):
            left = self.coerced(exprs[i], exprs[i + 1].type, nodes[i])
            right = self.coerced(exprs[i + 1], left.type, nodes[i + 1])
            known_stages(self, nodes[i + 1], left, right)
            self.comparable(nodes[i + 1], op, left, right)
            pair = Comparison(op, left, right)
            self.texts[id(pair)] = f"{to_text(nodes[i])} {op} {to_text(nodes[i + 1])}"
            made.append(pair)
        return made[0] if len(made) == 1 else And(tuple(made))

    def comparable(self, node: Node, op: CompareOp, left: Expr, right: Expr) -> None:
        one, other = left.type, right.type
        for expr in (left, right):
            if expr.type.name in {"any", "list", "object"}:
                text = self.texts[id(expr)]
                self.fail(
                    node, "J110", f"{text} is {expr.type} and cannot be compared",
                    f"use as_string({text}) or another cast" if expr.type == ANY else "",
                )  # fmt: skip
        if one.name in NUMBERS and other.name in NUMBERS:
            return
        if one != other:
            self.fail(node, "J110", f"{one} against {other}", other_spelling(right, one))
        if one == BOOL and op not in {"==", "!="}:
            self.fail(node, "J110", f"true and false have no order for {op}")

    def membership(self, node: In) -> Expr:
        value = self.expr(node.value)
        if slope(value):
            self.fail(node.value, "J115", "a value that moves with time", "compare it with < or >")
        if isinstance(node.items, tuple):
            if not node.items:
                self.fail(node, "J131", "nothing is in an empty list")
            items: Expr = self.list_constant(node, value.type, node.items)
        else:
            items = self.expr(node.items)
        item = items.type.item
        if item is None:
            self.fail(node, "J110", f"a list is needed after `in`, this is {items.type}")
        self.same_kind(node.value, value, item)
        known_stages(self, node, value, items)
        return Member(value, items, node.negated)

    def same_kind(self, node: Node, value: Expr, item: Type) -> None:
        if ANY in {value.type, item}:
            self.fail(
                node, "J110", f"{to_text(node)} is {value.type} in a {list_of(item)}", "cast it"
            )
        numbers = value.type.name in NUMBERS and item.name in NUMBERS
        if not numbers and value.type != item:
            self.fail(node, "J110", f"{value.type} in a {list_of(item)}")

    def list_constant(self, node: Node, kind: Type, values: tuple[Scalar, ...]) -> Const:
        consts = [
            self.coerced(Const(type_of_literal(value), value), kind, node, str(value))
            for value in values
        ]
        kinds = {FLOAT if c.type.name in NUMBERS else c.type for c in consts}
        if len(kinds) != 1:
            self.fail(node, "J110", "a list of different kinds of values")
        return Const(list_of(kinds.pop()), tuple(literal_value(c) for c in consts))

    # --- values ---------------------------------------------------------------------------------

    def constant(self, node: Constant) -> Const:
        if isinstance(node.value, tuple):
            if not node.value:
                self.fail(node, "J131", "an empty list")
            return self.list_constant(node, ANY, node.value)
        if node.value is None:
            self.fail(node, "J111", "None is not a value", "use `is None` or `is not None`")
        return Const(_LITERALS[node.type], node.value)

    def coerced(self, expr: Expr, kind: Type, node: Node, text: str | None = None) -> Expr:
        """A string literal where a duration or an instant is needed is one (segments C7)."""
        if not isinstance(expr, Const) or not isinstance(expr.value, str):
            return expr
        if kind not in {DURATION, TIMESTAMP}:
            return expr
        if kind == DURATION:
            value = duration_us(expr.value)
            if not value:
                self.fail(node, "J120", *duration_hint(expr.value))
        else:
            value = instant_us(expr.value, zone_required=True)
            if value is None:
                self.fail(
                    node, "J121", f"{expr.value!r} is no instant",
                    "write RFC 3339 with an offset, such as 2026-11-20T00:00:00+01:00",
                )  # fmt: skip
        made = Const(kind, value)
        self.texts[id(made)] = text or to_text(node)
        return made

    def arithmetic(self, node: Arith) -> Expr:
        left, right = self.expr(node.left), self.expr(node.right)
        if node.op != "*":
            left = self.coerced(left, DURATION if right.type == DURATION else NULL, node.left)
            right = self.coerced(
                right, DURATION if left.type in {TIMESTAMP, DURATION} else NULL, node.right
            )
        kind = arithmetic_type(node.op, left.type, right.type)
        if kind is None:
            self.fail(node, "J110", f"{left.type} {node.op} {right.type} has no meaning")
        return Sum(kind, node.op, left, right)
