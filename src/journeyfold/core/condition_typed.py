"""The typed tree: what the checker hands to both evaluators.

Every name is resolved, every literal is a value of its type (durations and instants are integer
microseconds) and every node knows its type. Nodes are frozen and hashable, so equal
sub-expressions are one key to the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias, assert_never

import msgspec

from journeyfold.core.condition import CompareOp, Scalar
from journeyfold.core.condition_scope import BOOL, DURATION, TIMESTAMP, Type
from journeyfold.core.errors import Problem

SpecKind = Literal[
    "events",  # how many, and when: count, recency, first and last without a property
    "numbers",  # sum, avg, min, max in micro-units
    "ends",  # first and last value
    "distinct",
    "shares",  # share, top
    "recent",  # the latest events themselves
    "steps",  # the latest matches of each step of a sequence
]
FigureRead = Literal[
    "count", "sum", "avg", "min", "max", "first", "last", "distinct", "share", "top", "recency"
]
StandingKind = Literal["segment", "stage", "consent", "score", "label", "score_version"]


class StepSpec(msgspec.Struct, frozen=True):
    events: tuple[str, ...]
    where: Expr | None = None
    where_text: str = ""


class Spec(msgspec.Struct, frozen=True):
    """What an anonymous feature keeps of which events (segments F1).

    `where_text` is canonical text with the types it was read under; it stands for `where` in the
    storage key.
    """

    kind: SpecKind
    events: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    where: Expr | None = None
    where_text: str = ""
    fields: tuple[str, ...] = ()
    keep: int = 0
    steps: tuple[StepSpec, ...] = ()


class Const(msgspec.Struct, frozen=True):
    type: Type
    value: Scalar | tuple[Scalar, ...]


class Read(msgspec.Struct, frozen=True):
    """A path from a root. Roots of JSON are checked against their type at every read."""

    type: Type
    root: str
    keys: tuple[str, ...] = ()


class Now(msgspec.Struct, frozen=True):
    type: Type = TIMESTAMP


class Figure(msgspec.Struct, frozen=True):
    """One number of an aggregate; `within_us` None is the whole life."""

    type: Type
    spec: Spec
    read: FigureRead
    within_us: int | None = None
    argument: Scalar = None


class Chain(msgspec.Struct, frozen=True):
    """`sequence`: the steps in order, within a span, the last one since an instant."""

    spec: Spec
    within_us: int | None = None
    since_us: int | None = None
    type: Type = BOOL


class Recent(msgspec.Struct, frozen=True):
    type: Type
    spec: Spec


class Quintile(msgspec.Struct, frozen=True):
    """1-5 by the cut points of the population; `fixed` when the project names them (F5)."""

    type: Type
    feature: str
    of: Expr
    falling: bool = False
    fixed: tuple[float, ...] | None = None


class Prepared(msgspec.Struct, frozen=True):
    """A feature as models take it: filled in and scaled by what was fitted on everybody. `inputs`
    are the features that a missing value is guessed from (quality Q27 to Q30).
    """

    type: Type
    feature: str
    of: Expr
    inputs: tuple[Expr, ...] = ()


class Named(msgspec.Struct, frozen=True):
    """The value of a feature or contextual segment, evaluated in place. `total`: null is false."""

    type: Type
    name: str
    of: Expr
    total: bool = False


class Standing(msgspec.Struct, frozen=True):
    """Process state of the person: a segment, stage, consent or score."""

    type: Type
    kind: StandingKind
    id: str


class And(msgspec.Struct, frozen=True):
    of: tuple[Expr, ...]
    type: Type = BOOL


class Or(msgspec.Struct, frozen=True):
    of: tuple[Expr, ...]
    type: Type = BOOL


class Negation(msgspec.Struct, frozen=True):
    of: Expr
    type: Type = BOOL


class Comparison(msgspec.Struct, frozen=True):
    op: CompareOp
    left: Expr
    right: Expr
    type: Type = BOOL


class Member(msgspec.Struct, frozen=True):
    value: Expr
    items: Expr
    negated: bool = False
    type: Type = BOOL


class Missing(msgspec.Struct, frozen=True):
    """`is None`; negated it is `is not None` and `exists`."""

    of: Expr
    negated: bool = False
    type: Type = BOOL


class Sum(msgspec.Struct, frozen=True):
    """`+ - *` on two numbers, or `+ -` on instants and durations."""

    type: Type
    op: Literal["+", "-", "*"]
    left: Expr
    right: Expr


class Apply(msgspec.Struct, frozen=True):
    """A pure function of its arguments."""

    type: Type
    name: str
    args: tuple[Expr, ...]


class Each(msgspec.Struct, frozen=True):
    """`any all sum min max` over a list; `depth` tells nested `item`s apart."""

    type: Type
    name: Literal["any", "all", "sum", "min", "max"]
    items: Expr
    body: Expr
    depth: int


Expr: TypeAlias = (
    Const | Read | Now | Figure | Chain | Recent | Quintile | Prepared | Named | Standing | And | Or
    | Negation | Comparison | Member | Missing | Sum | Apply | Each
)  # fmt: skip


class Typed(msgspec.Struct, frozen=True):
    """A checked condition. `texts` maps id(expression) to its canonical text, for reasons."""

    expr: Expr
    text: str
    texts: dict[int, str]
    hints: tuple[Problem, ...] = ()

    @property
    def type(self) -> Type:
        return self.expr.type


def parts(expr: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions; `where` filters are not among them."""
    match expr:
        case Const() | Read() | Now() | Figure() | Chain() | Recent() | Standing():
            return ()
        case Quintile(of=of) | Named(of=of) | Negation(of=of) | Missing(of=of):
            return (of,)
        case Prepared(of=of, inputs=inputs):
            return (of, *inputs)
        case And(of=several) | Or(of=several):
            return several
        case Comparison(left=left, right=right) | Sum(left=left, right=right):
            return (left, right)
        case Member(value=value, items=items):
            return (value, items)
        case Apply(args=args):
            return args
        case Each(items=items, body=body):
            return (items, body)
        case _:
            assert_never(expr)


def walk(expr: Expr) -> Iterator[Expr]:
    yield expr
    for part in parts(expr):
        yield from walk(part)


def slope(expr: Expr) -> int:
    """Microseconds the value gains per microsecond of log time, between its jumps.

    `now` gains 1, `recency(E)` gains 1, a difference of both nothing. Only instants and
    durations move; the checker keeps moving values out of places that cannot follow them.
    """
    match expr:
        case Now():
            return 1
        case Figure(read="recency"):
            return 1
        case Sum(op=op, left=left, right=right) if expr.type in {TIMESTAMP, DURATION}:
            return slope(left) + (slope(right) if op == "+" else -slope(right))
        case Named(of=of):
            return slope(of)
        case Each(name="min" | "max", body=body):
            return slope(body)
        case _:
            return 0


_LOCAL = {"hour", "weekday", "month_day"}


def changes_with_time(expr: Expr) -> bool:
    """Whether the value can change without a record: then it has a next instant."""
    match expr:
        case Now() | Chain():
            return True
        case Figure(read=read, within_us=within_us):
            return read == "recency" or within_us is not None
        case Standing(kind=kind):
            return kind in {"score", "label", "score_version"}
        case Apply(name=name, args=()) if name in _LOCAL:
            return True
        case _:
            return any(changes_with_time(part) for part in parts(expr))


def is_never_null(expr: Expr) -> bool:
    match expr:
        case Const(value=value):
            return value is not None
        case Now() | Chain() | Missing() | Recent():
            return True
        case Figure(read=read):
            return read in {"count", "sum", "distinct"}
        case Standing(kind=kind):
            return kind in {"segment", "stage", "consent"}
        case Named(of=of, total=total):
            return total or is_never_null(of)
        case And() | Or() | Negation() | Comparison() | Member():
            return all(is_never_null(part) for part in parts(expr))
        case Apply(name="hour" | "weekday", args=()):
            return True
        case _:
            return False


def unwrapped(expr: Expr) -> Expr:
    """The expression behind feature names."""
    while isinstance(expr, Named) and not expr.total:
        expr = expr.of
    return expr


_MIRRORED: dict[CompareOp, CompareOp] = {
    "<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!=",
}  # fmt: skip


def threshold(expr: Comparison) -> tuple[Figure, CompareOp, int | float] | None:
    """A windowed count or sum against a number: the flip can be told from the points (C19)."""
    op, left, right = expr.op, unwrapped(expr.left), unwrapped(expr.right)
    if isinstance(left, Const):
        op, left, right = _MIRRORED[op], right, left
    if not isinstance(left, Figure) or not isinstance(right, Const):
        return None
    if left.read not in {"count", "sum"} or left.within_us is None:
        return None
    assert isinstance(right.value, int | float), "the checker compares numbers with numbers"
    return left, op, right.value
