"""The reference evaluator: what a condition means, readable, and why it is so (segments C17).

It answers `why`, `plan` and the tests; the generated evaluator must agree with it on the value
and on the next instant at which the value could change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Protocol, assert_never

import msgspec

from journeyfold.core import aggregate_read as reads
from journeyfold.core import aggregate_threshold as thresholds
from journeyfold.core import condition_values as values
from journeyfold.core.aggregate import NEVER, Aggregate
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_lists import Found, folded, joined
from journeyfold.core.condition_scope import BOOL, FLOAT, TIMESTAMP
from journeyfold.core.condition_typed import (
    And,
    Apply,
    Chain,
    Comparison,
    Const,
    Each,
    Expr,
    Figure,
    Member,
    Missing,
    Named,
    Negation,
    Now,
    Or,
    Prepared,
    Quintile,
    Read,
    Recent,
    Standing,
    Sum,
    Typed,
    parts,
    slope,
    threshold,
    unwrapped,
)
from journeyfold.core.event import Event, Json
from journeyfold.core.profile import Profile, Score


class View(Protocol):
    """What a condition may look at. Values of traits and context are plain JSON.

    `event` is the record's; `entry` and `vars` are those of the journey's instance in hand. Whoever
    holds them sets them.
    """

    profile: Profile
    event: Event
    entry: dict[str, Json]
    vars: dict[str, Json]
    row: Mapping[str, Json]
    rows: list[Json]

    @property
    def keys(self) -> AggregateKeys: ...
    @property
    def zone(self) -> str: ...
    @property
    def context(self) -> Mapping[str, Json]: ...
    def trait(self, name: str) -> Json: ...
    def aggregate(self, key: str) -> Aggregate | None: ...
    def cuts(self, feature: str) -> tuple[float, ...] | None: ...
    def prepared(self, feature: str, value: Json, inputs: Sequence[Json]) -> Json: ...
    def segment(self, name: str) -> bool: ...
    def stage(self, lifecycle: str) -> str: ...
    def consent(self, purpose: str) -> bool: ...
    def score(self, model: str) -> Score | None: ...


class Operand(msgspec.Struct, frozen=True):
    text: str
    value: Json


class Reason(msgspec.Struct, frozen=True):
    """A leaf that decided: its text, its truth and what its operands were."""

    text: str
    value: bool | None
    operands: tuple[Operand, ...]


_COMPARE = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def evaluate(typed: Typed, view: View, now_us: int) -> tuple[Json, int, tuple[Reason, ...]]:
    """(value, next instant it could change without a record or NEVER, deciding leaves).

    A null condition is false at the top; the reasons still say null.
    """
    evaluation = _Evaluation(typed, view, now_us)
    value, due = evaluation.of(typed.expr)
    return value is True if typed.type == BOOL else value, due, tuple(evaluation.reasons())


class _Evaluation:
    def __init__(self, typed: Typed, view: View, now_us: int) -> None:
        self.typed, self.view, self.now_us = typed, view, now_us
        self.items: dict[str, Json] = {}
        self.found: dict[int, Found] = {}

    def of(self, expr: Expr) -> Found:
        """The value and its next jump; a value that moves with the clock also slides between."""
        found = self._of(expr)
        if not self.items:
            self.found[id(expr)] = found
        return found

    def _of(self, expr: Expr) -> Found:
        match expr:
            case Const(value=literal):
                return list(literal) if isinstance(literal, tuple) else literal, NEVER
            case Read():
                return self.read(expr), NEVER
            case Now():
                return self.now_us, NEVER
            case Named(of=of, total=total):
                value, due = self.of(of)
                return (value is True if total else value), due
            case Figure() | Chain() | Recent() | Quintile() | Prepared() | Standing():
                return self.person(expr)
            case And(of=several):
                return self.junction(several, settles=False)
            case Or(of=several):
                return self.junction(several, settles=True)
            case Negation(of=of):
                value, due = self.of(of)
                return None if value is None else not value, due
            case Comparison():
                return self.comparison(expr)
            case Missing(of=of, negated=negated):
                value, due = self.of(of)
                return (value is None) != negated, due
            case Member() | Sum() | Apply():
                return self.operation(expr)
            case Each():
                return self.each(expr)
            case _:
                assert_never(expr)

    # --- logic ----------------------------------------------------------------------------------

    def junction(self, several: tuple[Expr, ...], *, settles: bool) -> Found:
        """Kleene's and, or. One operand that settles it is enough, so it holds until the last
        of those could change; else any operand can change it (segments C8, C19).
        """
        found = [self.of(expr) for expr in several]
        return joined(found, settles=settles)

    def comparison(self, expr: Comparison) -> Found:
        border = threshold(expr)
        if border:
            figure, op, k = border
            self.of(expr.left)
            self.of(expr.right)
            test = thresholds.count_test if figure.read == "count" else thresholds.sum_test
            held = self.view.aggregate(self.view.keys.of(figure))
            return test(held, self.now_us, figure.within_us or 0, op, k)
        (left, left_due), (right, right_due) = self.of(expr.left), self.of(expr.right)
        due = min(left_due, right_due)
        if left is None or right is None:
            return None, due
        pace = slope(expr.left) - slope(expr.right)
        if pace:
            assert isinstance(left, int)
            assert isinstance(right, int)
            due = min(due, values.crossing(expr.op, left - right, pace, self.now_us))
        return bool(_COMPARE[expr.op](left, right)), due  # type: ignore[arg-type]  # of one type

    # --- values ---------------------------------------------------------------------------------

    def read(self, expr: Read) -> Json:
        if expr.root == "traits":
            held = values.dig(self.view.trait(expr.keys[0]), expr.keys[1:])
        elif expr.root == "context":
            held = values.dig(dict(self.view.context), expr.keys)
        elif expr.root in {"entry", "vars"}:
            held = values.dig(getattr(self.view, expr.root), expr.keys)
        elif expr.root == "properties":
            held = values.dig(self.view.event.properties, expr.keys)
        elif expr.root == "event":
            return _of_event(self.view.event, expr.keys)
        elif expr.root == "row":
            return values.dig(dict(self.view.row), expr.keys)
        elif expr.root == "rows":
            return self.view.rows
        else:
            held = values.dig(self.items[expr.root], expr.keys)
            if expr.root.startswith("cell"):
                return held
        return values.GUARDS[expr.type.name](held)

    def person(self, expr: Figure | Chain | Recent | Quintile | Prepared | Standing) -> Found:
        match expr:
            case Figure(read=name, within_us=within_us, argument=argument):
                held = self.view.aggregate(self.view.keys.of(expr))
                value = reads.read(name, held, self.now_us, within_us, argument)
                if name == "last":
                    due = reads.last_change(held, self.now_us, within_us)
                else:
                    due = reads.next_change(held, self.now_us, within_us)
                if name in {"first", "last"} and expr.spec.kind == "ends":
                    value = values.GUARDS[expr.type.name](value)
                return value, due
            case Chain(within_us=within_us, since_us=since_us):
                held = self.view.aggregate(self.view.keys.of(expr))
                return reads.chain_test(held, self.now_us, within_us, since_us)
            case Recent(spec=spec):
                held = self.view.aggregate(self.view.keys.of(expr))
                return reads.recent_rows(held, spec.fields), NEVER
            case Quintile():
                return self.quintile(expr)
            case Prepared(feature=name):
                (value, due), *others = (self.of(each) for each in parts(expr))
                made = self.view.prepared(name, value, [each for each, _ in others])
                return values.GUARDS[expr.type.name](made), min([due, *(at for _, at in others)])
            case Standing():
                return self.standing(expr)
            case _:
                assert_never(expr)

    def quintile(self, expr: Quintile) -> Found:
        value, due = self.of(expr.of)
        cuts = expr.fixed or self.view.cuts(expr.feature)
        if value is None or cuts is None:
            return None, due
        assert isinstance(value, int | float)
        pace = slope(expr.of)
        if pace:
            due = min(due, values.next_quintile(value, cuts, pace, self.now_us))
        return values.quintile(value, cuts, falling=expr.falling), due

    def standing(self, expr: Standing) -> Found:
        match expr.kind:
            case "segment":
                return self.view.segment(expr.id), NEVER
            case "stage":
                return self.view.stage(expr.id), NEVER
            case "consent":
                return self.view.consent(expr.id), NEVER
        return score_part(self.view.score(expr.id), expr.kind, self.now_us)

    def operation(self, expr: Member | Sum | Apply) -> Found:
        match expr:
            case Member(value=wanted, items=items, negated=negated):
                (value, value_due), (held, held_due) = self.of(wanted), self.of(items)
                due = min(value_due, held_due)
                if value is None or not isinstance(held, list):
                    return None, due
                assert items.type.item is not None
                return values.contains(held, value, _kind(items)) != negated, due
            case Sum(op=op, left=left, right=right):
                (one, one_due), (other, other_due) = self.of(left), self.of(right)
                due = min(one_due, other_due)
                if not isinstance(one, int | float) or not isinstance(other, int | float):
                    return None, due
                if expr.type == FLOAT:
                    return values.float_sum(op, one, other), due
                return values.int_sum(op, int(one), int(other)), due
            case Apply():
                return self.apply(expr)
            case _:
                assert_never(expr)

    def apply(self, expr: Apply) -> Found:
        found = [self.of(arg) for arg in expr.args]
        due = min((due for _, due in found), default=NEVER)
        args = [value for value, _ in found]
        if expr.name in values.LOCAL_TIME:
            return self.local_time(expr, args, due)
        if any(arg is None for arg in args):
            return None, due
        if expr.name == "contains":
            assert isinstance(args[0], list)
            return values.contains(args[0], args[1], _kind(expr.args[0])), due
        if expr.name == "as_time" and expr.args[0].type == TIMESTAMP:
            return args[0], due
        return values.PURE[expr.name](*args), due

    def local_time(self, expr: Apply, args: list[Json], due: int) -> Found:
        at = args[0] if args else self.now_us
        if not isinstance(at, int):
            return None, due
        zone = self.view.zone
        if not args or slope(expr.args[0]):
            turn = values.next_local(at, zone, expr.name)
            due = min(due, self.now_us + turn - at)
        return values.LOCAL_TIME[expr.name](at, zone), due

    def each(self, expr: Each) -> Found:
        held, due = self.of(expr.items)
        if not isinstance(held, list):
            return None, due
        root = f"cell{expr.depth}" if _is_rows(expr.items) else f"item{expr.depth}"
        found: list[Found] = []
        for item in held:
            self.items[root] = item
            found.append(self.of(expr.body))
        self.items.pop(root, None)
        return folded(expr.name, found, due)

    # --- reasons --------------------------------------------------------------------------------

    def reasons(self) -> list[Reason]:
        made: list[Reason] = []
        self.explain(self.typed.expr, made)
        return made

    def explain(self, expr: Expr, made: list[Reason]) -> None:
        """The leaves that share the truth of the whole: the false ones of a false and, …"""
        value = self.found[id(expr)][0]
        match expr:
            case And(of=several) | Or(of=several):
                for part in several:
                    if self.found[id(part)][0] is value:
                        self.explain(part, made)
            case Negation(of=of):
                self.explain(of, made)
            case _:
                truth = value if isinstance(value, bool) else None
                made.append(Reason(self.text(expr), truth, self.operands(expr)))

    def operands(self, expr: Expr) -> tuple[Operand, ...]:
        match expr:
            case Comparison(left=left, right=right):
                several: tuple[Expr, ...] = (left, right)
            case Member(value=value):
                several = (value,)
            case Missing(of=of):
                several = (of,)
            case Apply(args=args):
                several = args
            case _:
                several = (expr,)
        return tuple(
            Operand(self.text(part), self.found[id(part)][0])
            for part in several
            if not isinstance(unwrapped(part), Const)
        )

    def text(self, expr: Expr) -> str:
        return self.typed.texts.get(id(expr), "")


def score_part(score: Score | None, kind: str, now_us: int) -> Found:
    """A part of a score; null when absent, and from its expiry on."""
    if score is None or (score.expires_us is not None and now_us >= score.expires_us):
        return None, NEVER
    due = NEVER if score.expires_us is None else score.expires_us
    part = {"score": score.value, "label": score.label, "score_version": score.version}[kind]
    return part, due


def _of_event(event: Event, keys: tuple[str, ...]) -> Json:
    plain: dict[str, Json] = {
        "name": event.name, "source": event.source, "type": event.type, "id": event.id,
        "occurred": event.occurred_us, "received": event.received_us,
        "context": event.context, "properties": event.properties,
    }  # fmt: skip
    return values.dig(plain, keys)


def _is_rows(expr: Expr) -> bool:
    return isinstance(expr, Read) and expr.root == "rows"


def _kind(items: Expr) -> str:
    """How elements are read: literals and recent events are of their type already."""
    assert items.type.item is not None
    return "any" if isinstance(items, Const) else items.type.item.name
