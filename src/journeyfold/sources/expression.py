"""Expressions over `row` and `rows`, compiled once for a whole file (collect C41).

A typed expression becomes nested closures over `env`: `env[0]` is the list of rows, `env[n]` the
`item` of the n-th enclosing list function. Operators mean what `core/condition_values` says: Kleene
logic, and sums in exact micro-units, each addend rounded half even from its shortest decimal form
(segments F4). So a total of money is exact to the sixth decimal whatever the order of the lines.
Text of users never becomes Python source.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from journeyfold.core.condition_scope import FLOAT
from journeyfold.core.condition_typed import (
    And,
    Apply,
    Comparison,
    Const,
    Each,
    Expr,
    Member,
    Missing,
    Negation,
    Or,
    Read,
    Sum,
)
from journeyfold.core.condition_values import (
    GUARDS,
    LOCAL_TIME,
    PURE,
    contains,
    dig,
    float_sum,
    int_sum,
    total,
)

Env: TypeAlias = list[Any]
Evaluate: TypeAlias = Callable[[Env], Any]
MAX_DEPTH = 30  # of nested list functions: segments C3

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def environment(rows: list[tuple[object, ...]]) -> Env:
    """A fresh `env` for one group."""
    return [rows] + [None] * MAX_DEPTH


class Compiler:
    """Compiles against the columns of one file; local times are those of its source."""

    def __init__(self, columns: Mapping[str, int], zone: str) -> None:
        self._columns, self._zone = columns, zone

    def value(self, expr: Expr) -> Evaluate:
        match expr:
            case Const(value=value):
                held = list(value) if isinstance(value, tuple) else value
                return lambda _env: held
            case Read():
                return self._read(expr)
            case And(of=of):
                return _kleene([self.value(part) for part in of], stop=False)
            case Or(of=of):
                return _kleene([self.value(part) for part in of], stop=True)
            case Negation(of=part):
                return _applied(operator.not_, [self.value(part)])
            case Comparison(op=op, left=left, right=right):
                return _both(_COMPARE[op], self.value(left), self.value(right))
            case Member(value=value, items=items, negated=negated):
                return _member(
                    self.value(value), self.value(items), value.type.name, negated=negated
                )
            case Missing(of=part, negated=negated):
                return _missing(self.value(part), negated=negated)
            case Sum():
                return self._sum(expr)
            case Apply():
                return self._apply(expr)
            case Each():
                return self._each(expr)
            case _:
                raise AssertionError(f"{type(expr).__name__} is refused in a mapping by check")

    def _read(self, expr: Read) -> Evaluate:
        """Columns have the type of their file; what lies deeper is JSON and checked at each read."""
        root, keys = expr.root, expr.keys
        if root == "rows":
            return operator.itemgetter(0)
        depth = int(root.lstrip("celitm")) if root[-1].isdigit() else 0
        if root.startswith("item"):
            base: Evaluate = operator.itemgetter(depth)
        elif not keys:
            return self._whole(depth)
        else:
            column, keys = self._columns[keys[0]], keys[1:]
            base = _column(column, depth)
            if not keys:
                return base
        guard = GUARDS[expr.type.name]
        return lambda env: guard(dig(base(env), keys))

    def _whole(self, depth: int) -> Evaluate:
        """A whole row as an object."""
        names = list(self._columns)
        if depth:
            return lambda env: dict(zip(names, env[depth], strict=True))
        return lambda env: dict(zip(names, env[0][0], strict=True))

    def _sum(self, expr: Sum) -> Evaluate:
        work, op = (float_sum if expr.type == FLOAT else int_sum), expr.op
        left, right = self.value(expr.left), self.value(expr.right)

        def add(env: Env) -> Any:
            one, other = left(env), right(env)
            return None if one is None or other is None else work(op, one, other)

        return add

    def _apply(self, expr: Apply) -> Evaluate:
        args = [self.value(arg) for arg in expr.args]
        if expr.name in LOCAL_TIME:
            local, zone = LOCAL_TIME[expr.name], self._zone
            return _applied(lambda at: local(at, zone), args)
        if expr.name == "contains":
            kind = expr.args[1].type.name
            return _applied(lambda held, wanted: contains(held, wanted, kind), args)
        return _applied(PURE[expr.name], args)

    def _each(self, expr: Each) -> Evaluate:
        values = _values(self.value(expr.items), self.value(expr.body), expr.depth)
        match expr.name:
            case "sum":
                return _applied(total, [values])
            case "any" | "all":
                return _quantified(values, stop=expr.name == "any")
            case "min":
                return _applied(lambda found: min(_present(found), default=None), [values])
            case "max":
                return _applied(lambda found: max(_present(found), default=None), [values])


def _column(column: int, depth: int) -> Evaluate:
    if depth:
        return lambda env: env[depth][column]
    return lambda env: env[0][0][column]


def _kleene(parts: list[Evaluate], *, stop: bool) -> Evaluate:
    """`or` stops at true, `and` at false; otherwise one null makes it null."""

    def decide(env: Env) -> bool | None:
        answer: bool | None = not stop
        for part in parts:
            found = part(env)
            if found is stop:
                return bool(found)
            if found is None:
                answer = None
        return answer

    return decide


def _both(work: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
    """Null if either side is."""

    def apply(env: Env) -> Any:
        one, other = left(env), right(env)
        return None if one is None or other is None else work(one, other)

    return apply


def _applied(function: Callable[..., Any], args: list[Evaluate]) -> Evaluate:
    """Null if any argument is."""

    def apply(env: Env) -> Any:
        values = [arg(env) for arg in args]
        return None if any(value is None for value in values) else function(*values)

    return apply


def _member(value: Evaluate, items: Evaluate, kind: str, *, negated: bool) -> Evaluate:
    return _both(lambda one, many: contains(many, one, kind) is not negated, value, items)


def _missing(part: Evaluate, *, negated: bool) -> Evaluate:
    return lambda env: (part(env) is None) is not negated


def _values(items: Evaluate, body: Evaluate, depth: int) -> Evaluate:
    """The body's value for each item of the list, nulls included; null without a list."""

    def collect(env: Env) -> list[Any] | None:
        found = items(env)
        if found is None:
            return None
        values = []
        for env[depth] in found:
            values.append(body(env))
        return values

    return collect


def _quantified(values: Evaluate, *, stop: bool) -> Evaluate:
    def decide(env: Env) -> bool | None:
        found = values(env)
        if found is None:
            return None
        if stop in found:
            return stop
        return None if None in found else not stop

    return decide


def _present(values: list[Any]) -> list[Any]:
    return [value for value in values if value is not None]
