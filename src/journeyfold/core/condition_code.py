"""Typed trees to lines of Python: the body of the generated evaluator.

A block leaves two sources: the value and the instant at which it could change. What cannot change
with time has the instant `Z` (never), and its bookkeeping is left out. The rules are those of
`condition_eval`, written as statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

from journeyfold.core import aggregate_read as reads
from journeyfold.core import condition_values as values
from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition import CompareOp
from journeyfold.core.condition_flip import Threshold, border, flip, window
from journeyfold.core.condition_scope import FLOAT, TIMESTAMP
from journeyfold.core.condition_source import CLASSES, Source
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
    changes_with_time,
    is_never_null,
    parts,
    slope,
    threshold,
    walk,
)

Block = tuple[str, str]  # sources of the value and of the next instant
_EVENT_FIELDS = {
    "name": "name", "source": "source", "type": "type", "id": "id",
    "occurred": "occurred_us", "received": "received_us",
    "context": "context", "properties": "properties",
}  # fmt: skip


class Writer:
    """Collects lines and constants. Blocks used by several places are computed once a call."""

    def __init__(self, keys: AggregateKeys, exprs: Iterable[Expr], zone: str | None = None) -> None:
        self.keys, self.zone = keys, zone
        self.out = Source()
        self.uses: Counter[Expr] = Counter()
        for expr in exprs:
            self.count(expr)

    def count(self, expr: Expr) -> None:
        """Uses of each expression; what is below one already seen is not used again by it."""
        self.uses[expr] += 1
        if self.uses[expr] == 1:
            for part in parts(expr):
                self.count(part)

    # --- blocks ---------------------------------------------------------------------------------

    def block(self, expr: Expr) -> Block:
        if isinstance(expr, Const):
            return self.out.constant(expr.value), "Z"
        if isinstance(expr, Now):
            return "now", "Z"
        if isinstance(expr, Named) and not expr.total:
            return self.block(expr.of)
        if self.uses[expr] < 2 or _reads_item(expr):
            return self.fresh(expr)
        if expr not in self.out.shared:
            self.out.shared[expr] = (
                self.out.name("s"),
                self.out.name("t") if changes_with_time(expr) else "Z",
            )
        name, due = self.out.shared[expr]
        self.out.line(f"if {name} is U:")
        self.out.depth += 1
        value, soon = self.fresh(expr)
        self.out.line(f"{name} = {value}")
        if due != "Z":
            self.out.line(f"{due} = {soon}")
        self.out.depth -= 1
        return name, due

    def fresh(self, expr: Expr) -> Block:
        match expr:
            case Read():
                return self.read(expr), "Z"
            case And(of=several):
                return self.junction(several, settles=False)
            case Or(of=several):
                return self.junction(several, settles=True)
            case Negation(of=of):
                value, due = self.block(of)
                return self.out.kept(f"None if {value} is None else not {value}"), due
            case Comparison():
                return self.comparison(expr)
            case Missing(of=of, negated=negated):
                value, due = self.block(of)
                return self.out.kept(f"{value} is {'not ' if negated else ''}None"), due
            case Member():
                return self.member(expr)
            case Sum(op=op, left=left, right=right):
                function = "float_sum" if expr.type == FLOAT else "int_sum"
                return self.called(f"{function}({self.out.constant(op)}, ", (left, right))
            case Apply():
                return self.apply(expr)
            case Each():
                return self.each(expr)
            case Figure() | Chain() | Recent() | Quintile() | Prepared() | Standing() | Named():
                return self.person(expr)
            case Const() | Now():
                raise AssertionError("block() answers these")
            case _:
                assert_never(expr)

    # --- logic ----------------------------------------------------------------------------------

    def junction(self, several: tuple[Expr, ...], *, settles: bool) -> Block:
        """Quiet operands first: one of them that settles it settles it for good."""
        quiet = [expr for expr in several if not changes_with_time(expr)]
        moving = [expr for expr in several if changes_with_time(expr)]
        out = self.out.name("v")
        if not moving:
            self.out.line(f"{out} = {not settles}")
            self.operands(quiet, out, f"if {out} is not {settles}:", settles=settles)
            return out, "Z"
        soon, late = self.out.name("n"), self.out.name("h")
        self.out.line(f"{out} = {not settles}; {soon} = Z; {late} = -1")
        for expr in (*quiet, *moving):
            self.out.line(f"if {late} != Z:")
            self.out.depth += 1
            value, due = self.block(expr)
            self.out.line(f"if {value} is {settles}:")
            self.out.line(f" if {due} > {late}: {late} = {due}")
            if not is_never_null(expr):
                self.out.line(f"elif {value} is None: {out} = None")
            if due != "Z":
                self.out.line(f"if {due} < {soon}: {soon} = {due}")
            self.out.depth -= 1
        self.out.line(f"if {late} >= 0: {out} = {settles}; {soon} = {late}")
        return out, soon

    def operands(self, several: list[Expr], out: str, guard: str, *, settles: bool) -> None:
        for index, expr in enumerate(several):
            if index:
                self.out.line(guard)
                self.out.depth += 1
            value, _ = self.block(expr)
            self.out.line(f"if {value} is {settles}: {out} = {settles}")
            if not is_never_null(expr):
                self.out.line(f"elif {value} is None: {out} = None")
            self.out.depth -= bool(index)

    def comparison(self, expr: Comparison) -> Block:
        border = threshold(expr)
        if border:
            return self.border(*border)
        left, left_due = self.block(expr.left)
        right, right_due = self.block(expr.right)
        due = self.out.earliest([left_due, right_due])
        nulls = self.nulls([(expr.left, left), (expr.right, right)])
        pace = slope(expr.left) - slope(expr.right)
        value = self.out.kept(f"{nulls}{left} {expr.op} {right}")
        if not pace:
            return value, due
        return value, flip(self.out, expr.op, pace, (value, left, right), due)

    def border(self, figure: Figure, op: CompareOp, k: float) -> Block:
        held = self.aggregate(figure)
        slot = "window", self.keys.of(figure), figure.within_us
        return border(self.out, held, slot, Threshold(figure, op, k))

    def nulls(self, operands: list[tuple[Expr, str]]) -> str:
        """`None if … else `, for the operands that may be null."""
        tests = [f"{value} is None" for expr, value in operands if not is_never_null(expr)]
        return f"None if {' or '.join(tests)} else " if tests else ""

    def member(self, expr: Member) -> Block:
        value, value_due = self.block(expr.value)
        nulls = self.nulls([(expr.value, value)])
        if isinstance(expr.items, Const):
            assert isinstance(expr.items.value, tuple)
            items = self.out.constant(frozenset(expr.items.value))
            word = "not in" if expr.negated else "in"
            return self.out.kept(f"{nulls}{value} {word} {items}"), value_due
        held, held_due = self.block(expr.items)
        assert expr.items.type.item is not None
        kind = self.out.constant(expr.items.type.item.name)
        nulls = self.nulls([(expr.value, value), (expr.items, held)])
        word = "not " if expr.negated else ""
        source = f"{nulls}{word}contains({held}, {value}, {kind})"
        return self.out.kept(source), self.out.earliest([value_due, held_due])

    # --- values ---------------------------------------------------------------------------------

    def read(self, expr: Read) -> str:
        root, keys = expr.root, expr.keys
        if root == "rows":
            return "RS"
        if root == "row" or root.startswith("cell"):
            return self.dug("R" if root == "row" else root, keys)
        if root == "event":
            return self.dug(f"{self.event()}.{_EVENT_FIELDS[keys[0]]}", keys[1:])
        if root == "traits":
            trait = self.out.once(("trait", keys[0]), f"V.trait({self.out.constant(keys[0])})")
            return self.guarded(self.dug(trait, keys[1:]), expr.type.name)
        base = {
            "context": "V.context", "properties": self.event() + ".properties",
            "entry": "V.entry", "vars": "V.vars",
        }.get(root, root)  # fmt: skip
        return self.guarded(self.dug(base, keys), expr.type.name)

    def event(self) -> str:
        return "E" if self.zone is not None else "V.event"

    def dug(self, base: str, keys: tuple[str, ...]) -> str:
        if not keys:
            return base
        if len(keys) == 1 and (base == "R" or not base.startswith(("s", "cell", "item"))):
            return self.out.kept(f"{base}.get({self.out.constant(keys[0])})")
        return self.out.kept(f"dig({base}, {self.out.constant(keys)})")

    def guarded(self, value: str, kind: str) -> str:
        if kind == "any":
            return value
        if kind in CLASSES:
            return self.out.kept(f"{value} if {value}.__class__ is class_{kind} else None")
        return self.out.kept(f"guard_{kind}({value})")

    def called(self, call: str, args: tuple[Expr, ...]) -> Block:
        blocks = [self.block(arg) for arg in args]
        nulls = self.nulls([(arg, value) for arg, (value, _) in zip(args, blocks, strict=True)])
        source = f"{nulls}{call}{', '.join(value for value, _ in blocks)})"
        return self.out.kept(source), self.out.earliest([due for _, due in blocks])

    def apply(self, expr: Apply) -> Block:
        if expr.name in values.LOCAL_TIME:
            return self.local_time(expr)
        if expr.name == "contains":
            held, wanted = expr.args
            return self.member(Member(wanted, held))
        if expr.name == "as_time" and expr.args[0].type == TIMESTAMP:
            return self.block(expr.args[0])
        return self.called(f"pure_{expr.name}(", expr.args)

    def local_time(self, expr: Apply) -> Block:
        at, due = self.block(expr.args[0]) if expr.args else ("now", "Z")
        zone = (
            self.out.constant(self.zone)
            if self.zone is not None
            else self.out.once("zone", "V.zone")
        )
        nulls = self.nulls([(expr.args[0], at)]) if expr.args else ""
        value = self.out.kept(f"{nulls}local_{expr.name}({at}, {zone})")
        if expr.args and not slope(expr.args[0]):
            return value, due
        after = f"now + next_local({at}, {zone}, {self.out.constant(expr.name)}) - {at}"
        turn = self.out.kept(f"Z if {at} is None else {after}")
        return value, self.out.earliest([turn, due])

    def each(self, expr: Each) -> Block:
        held, due = self.block(expr.items)
        exact = isinstance(expr.items, Read) and expr.items.root == "rows"
        item = f"{'cell' if exact else 'item'}{expr.depth}"
        value, soon = self.out.kept("None"), self.out.kept(due)
        self.out.line(f"if {held} is not None:")
        self.out.depth += 1
        found = self.out.kept("[]")
        self.out.line(f"for {item} in {held}:")
        self.out.depth += 1
        each, each_due = self.block(expr.body)
        self.out.line(f"{found}.append(({each}, {each_due}))")
        self.out.depth -= 1
        self.out.line(f"{value}, {soon} = folded({self.out.constant(expr.name)}, {found}, {due})")
        self.out.depth -= 1
        return value, soon

    # --- the person -----------------------------------------------------------------------------

    def aggregate(self, expr: Figure | Chain | Recent) -> str:
        """What stands in the profile, decoded when it is first needed."""
        key = self.keys.of(expr)
        slot, told = ("aggregate", key), self.out.constant(key)
        if slot not in self.out.shared:
            self.out.shared[slot] = self.out.name("s"), "Z"
        name = self.out.shared[slot][0]
        self.out.line(f"if {name} is U:")
        self.out.line(f" {name} = A.get({told})")
        self.out.line(f" if {name}.__class__ is raw: {name} = V.aggregate({told})")
        return name

    def person(
        self, expr: Figure | Chain | Recent | Quintile | Prepared | Standing | Named
    ) -> Block:
        match expr:
            case Named(of=of):
                value, due = self.block(of)
                return self.out.kept(f"{value} is True"), due
            case Figure():
                return self.figure(expr)
            case Chain(within_us=within_us, since_us=since_us):
                held = self.aggregate(expr)
                span = f"{self.out.constant(within_us)}, {self.out.constant(since_us)}"
                value, due = self.out.name("v"), self.out.name("n")
                self.out.line(f"{value}, {due} = chain_test({held}, now, {span})")
                return value, due
            case Recent(spec=spec):
                fields = self.out.constant(spec.fields)
                return self.out.kept(f"recent_rows({self.aggregate(expr)}, {fields})"), "Z"
            case Quintile():
                return self.quintile(expr)
            case Prepared(feature=name):
                (value, due), *others = [self.block(each) for each in parts(expr)]
                given = "".join(f"{each}, " for each, _ in others)
                made = f"V.prepared({self.out.constant(name)}, {value}, ({given}))"
                soon = self.out.earliest([due, *(at for _, at in others)])
                return self.guarded(self.out.kept(made), expr.type.name), soon
            case Standing(kind="segment" | "stage" | "consent" as kind, id=name):
                return self.out.once((kind, name), f"V.{kind}({self.out.constant(name)})"), "Z"
            case Standing(kind=kind, id=name):
                score = self.out.once(("score", name), f"V.score({self.out.constant(name)})")
                value, due = self.out.name("v"), self.out.name("n")
                self.out.line(
                    f"{value}, {due} = score_part({score}, {self.out.constant(kind)}, now)"
                )
                return value, due
            case _:
                assert_never(expr)

    def figure(self, expr: Figure) -> Block:
        held = self.aggregate(expr)
        within, argument = self.out.constant(expr.within_us or 0), self.out.constant(expr.argument)
        if expr.read == "recency":
            return self.out.kept(f"None if {held} is None else now - {held}.last_us"), "Z"
        none = self.out.constant(reads.empty(expr.read))
        read = f"{none} if {held} is None else read_{expr.read}({held}, now, {within}, {argument})"
        if expr.within_us is None:
            value = self.out.kept(read)
            return self.guarded(value, expr.type.name) if expr.spec.kind == "ends" else value, "Z"
        n, at, start = window(self.out, held, ("window", self.keys.of(expr), expr.within_us), expr)
        value = self.out.kept(f"{n} if {n} >= 0 else {read}" if expr.read == "count" else read)
        if expr.spec.kind == "ends":
            value = self.guarded(value, expr.type.name)
        change, leaves = ("last", "-1") if expr.read == "last" else ("next", start)
        soon = f"{at}[{leaves}] + {within} if {n} > 0"
        slow = f"{change}_change({held}, now, {within})"
        return value, self.out.kept(f"{soon} else {slow} if {n} else Z")

    def quintile(self, expr: Quintile) -> Block:
        value, due = self.block(expr.of)
        cuts = (
            self.out.constant(expr.fixed)
            if expr.fixed
            else self.out.once(("cuts", expr.feature), f"V.cuts({self.out.constant(expr.feature)})")
        )
        known = f"{value} is None or {cuts} is None"
        falling = self.out.constant(expr.falling)
        out = self.out.kept(f"None if {known} else quintile({value}, {cuts}, falling={falling})")
        pace = slope(expr.of)
        if not pace:
            return out, due
        turn = self.out.kept(
            f"Z if {known} else next_quintile({value}, {cuts}, {self.out.constant(pace)}, now)"
        )
        return out, self.out.earliest([turn, due])


def _reads_item(expr: Expr) -> bool:
    """Inside a loop over a list: another value each time round."""
    return any(
        isinstance(part, Read) and part.root.startswith(("item", "cell")) for part in walk(expr)
    )
