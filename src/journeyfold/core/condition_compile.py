"""The generated evaluator: one Python function for all conditions of a project (segments C17).

The source is made from typed trees only: names in it are numbered by us, every literal stands in a
table, and it runs without builtins, so no text of a user becomes code. Sub-expressions and window
reads that several conditions share are computed once a call, when first needed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from typing import TypeAlias, cast

import msgspec

from journeyfold.core.aggregate_keys import AggregateKeys
from journeyfold.core.condition_code import Writer
from journeyfold.core.condition_eval import View
from journeyfold.core.condition_scope import BOOL
from journeyfold.core.condition_typed import (
    Apply,
    Chain,
    Expr,
    Figure,
    Prepared,
    Quintile,
    Read,
    Recent,
    Standing,
    Typed,
    changes_with_time,
    walk,
)
from journeyfold.core.event import Event, Json

Outcome: TypeAlias = dict[str, tuple[Json, int]]
_Run: TypeAlias = Callable[[View, int, int, Outcome], None]
Dues: TypeAlias = list[int]
Decide: TypeAlias = Callable[[View, int, int, Dues, Container[str], list[str]], None]
Filter: TypeAlias = Callable[[Event], bool]


class Evaluator(msgspec.Struct, frozen=True):
    """All conditions at once. A mask is a set of conditions, bit i for the i-th name.

    `paths` maps an input (`event:Order Completed`, `trait:country`, `consent:email`,
    `score:churn`, `stage:customer`, `segment:vip`, `cuts:rfm_r`, `fits:spend`, `clock`) to the conditions that
    read it, directly or through features (segments C18).

    `decide(view, now_us, mask, dues, held, changed)` is for who keeps the last answers: it puts
    when each condition may change by time into its place of `dues` (0 for never), and the names
    whose truth is not that of `name in held` into `changed`.
    """

    names: tuple[str, ...]
    paths: Mapping[str, int]
    run: _Run
    decide: Decide
    all: int

    def mask(self, names: Iterable[str]) -> int:
        index = {name: i for i, name in enumerate(self.names)}
        return sum(1 << index[name] for name in set(names))

    def reached(self, touched: Iterable[str]) -> int:
        """The conditions that may change when these inputs did."""
        mask = 0
        for path in touched:
            mask |= self.paths.get(path, 0)
        return mask

    def evaluate(self, view: View, now_us: int, ids: Iterable[str] | None = None) -> Outcome:
        """{id: (value, next instant or NEVER)}; null is false for conditions."""
        outcome: Outcome = {}
        self.run(view, now_us, self.all if ids is None else self.mask(ids), outcome)
        return outcome


def compile_conditions(named: Mapping[str, Typed], keys: AggregateKeys) -> Evaluator:
    """Generates and loads the evaluator; about a quarter of a millisecond a condition."""
    names = tuple(named)
    exprs = [named[name].expr for name in names]
    writer = Writer(keys, exprs)
    run: list[str] = []
    decide: list[str] = []
    for index, (name, expr) in enumerate(zip(names, exprs, strict=True)):
        value, due = writer.block(expr)
        body = [f" if M & {1 << index}:", *writer.out.taken(2)]
        told = writer.out.constant(name)
        shown = f"{value} is True" if expr.type == BOOL else value
        run += [*body, f"  O[{told}] = ({shown}, {due})"]
        decide += [*body, *_compared(index, told, value, due)]
    held = [*writer.out.prologue(1), " A = V.profile.aggregates"]
    table = writer.out.table
    source = ["def run(V, now, M, O):", *held, *run, " return None"]
    source += ["def decide(V, now, M, D, S, X):", *held, *decide, " return None"]
    loaded = load_source(source, table)
    return Evaluator(
        names, _paths(names, exprs), cast("_Run", loaded["run"]), cast("Decide", loaded["decide"]),
        (1 << len(names)) - 1,
    )  # fmt: skip


def _compared(index: int, name: str, value: str, due: str) -> list[str]:
    return [
        f"  D[{index}] = 0" if due == "Z" else f"  D[{index}] = {due} if {due} != Z else 0",
        f"  if {value} is True:",
        f"   if {name} not in S: X.append({name})",
        f"  elif {name} in S: X.append({name})",
    ]


def compile_filters(exprs: Iterable[Expr], zone: str = "UTC") -> list[Filter]:
    """`where=` filters as functions of the arriving event, in the given order."""
    return [cast("Filter", _function(expr, "E", zone)) for expr in exprs]


def compile_rows(
    typed: Typed, zone: str = "UTC"
) -> Callable[[Mapping[str, Json], list[Json]], Json]:
    """A mapping's expression as a function of (row, rows): instants in microseconds."""
    return cast(
        "Callable[[Mapping[str, Json], list[Json]], Json]", _function(typed.expr, "R, RS", zone)
    )


def _function(expr: Expr, parameters: str, zone: str) -> object:
    writer = Writer(AggregateKeys({}), [expr], zone=zone)
    value, _due = writer.block(expr)
    writer.out.line(f"return {value} is True" if expr.type == BOOL else f"return {value}")
    body = writer.out.taken(1)
    source = [f"def made({parameters}):", *writer.out.prologue(1), *body]
    return load_source(source, writer.out.table)["made"]


def load_source(lines: list[str], table: Mapping[str, object]) -> dict[str, object]:
    """The one `exec` of the project: our own source, no builtins (trust SEC-1); what it defines."""
    loaded: dict[str, object] = {**table, "__builtins__": {}}
    exec(compile("\n".join(lines), "<made>", "exec"), loaded)  # noqa: S102 - see above
    return loaded


def _paths(names: tuple[str, ...], exprs: list[Expr]) -> dict[str, int]:
    index: dict[str, int] = {}
    for bit, _name in enumerate(names):
        for path in inputs_of(exprs[bit]):
            index[path] = index.get(path, 0) | 1 << bit
    return index


def inputs_of(expr: Expr) -> set[str]:
    """Everything outside of the condition that its value depends on."""
    found: set[str] = set()
    for part in walk(expr):
        match part:
            case Read(root="traits", keys=keys):
                found.add(f"trait:{keys[0]}")
            case Figure(spec=spec) | Chain(spec=spec) | Recent(spec=spec):
                found.update(f"event:{name}" for name in spec.events)
            case Standing(kind=kind, id=name):
                root = kind if kind in {"segment", "stage", "consent"} else "score"
                found.add(f"{root}:{name}")
            case Quintile(feature=feature):
                found.add(f"cuts:{feature}")
            case Prepared(feature=feature):
                found.add(f"fits:{feature}")
            case Apply(name="hour" | "weekday" | "month_day"):
                found.add("trait:timezone")  # the person's zone
            case _:
                pass
    if changes_with_time(expr):
        found.add("clock")
    return found
