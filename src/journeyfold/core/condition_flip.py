"""Code for the comparisons that time alone can flip: moving values, counts and sums.

The usual cases are written out in place, on the two borders of a window; the rest calls the
functions that the reference calls, and both agree (segments C19).
"""

from __future__ import annotations

from math import ceil, floor

import msgspec

from journeyfold.core.aggregate import MICRO
from journeyfold.core.aggregate_threshold import border_micros
from journeyfold.core.condition import CompareOp
from journeyfold.core.condition_source import Source
from journeyfold.core.condition_typed import Figure

_FLIPS: dict[tuple[CompareOp, int], tuple[bool, str]] = {
    (">", 1): (False, " + 1"), (">=", 1): (False, ""), ("<", 1): (True, ""), ("<=", 1): (True, " + 1"),
    (">", -1): (True, ""), (">=", -1): (True, " + 1"), ("<", -1): (False, " + 1"), ("<=", -1): (False, ""),
}  # fmt: skip
"""`crossing` for a pace of one: the truth that ends, and the microsecond after equality or none."""


class Threshold(msgspec.Struct, frozen=True):
    """A windowed count or sum against a number."""

    figure: Figure
    op: CompareOp
    k: float


def flip(out: Source, op: CompareOp, pace: int, names: tuple[str, str, str], due: str) -> str:
    """When a comparison of moving values flips: `crossing`, in place for the usual paces."""
    value, left, right = names
    flip = out.kept(due)
    if (op, pace) in _FLIPS:
        state, after = _FLIPS[op, pace]
        gap = f"{right} - {left}" if pace == 1 else f"{left} - {right}"
        out.line(f"if {value} is {state}:")
        turn = f"now + ({gap}){after}"
    else:
        out.line(f"if {value} is not None:")
        kind, speed = out.constant(op), out.constant(pace)
        turn = f"crossing({kind}, {left} - {right}, {speed}, now)"
    out.depth += 1
    turn = out.kept(turn)
    out.line(f"if {turn} < {flip}: {flip} = {turn}")
    out.depth -= 1
    return flip


def border(out: Source, held: str, slot: tuple[object, ...], test: Threshold) -> tuple[str, str]:
    """Value and next instant of a threshold; `held` names the aggregate, `slot` its window."""
    n, at, start = window(out, held, slot, test.figure)
    value, due = out.name("v"), out.name("n")
    within, op, k = (out.constant(x) for x in (test.figure.within_us, test.op, test.k))
    slow = f"{value}, {due} = {test.figure.read}_test({held}, now, {within}, {op}, {k})"
    if test.figure.read == "sum":
        _sum(out, (value, due, n), _total(out, held, slot, (n, start)), test)
        out.line(f"else: {slow}")
    elif test.op not in {"==", "!="} and _least(test) > 0:
        least, above = out.constant(_least(test)), test.op in {">", ">="}
        out.line(
            f"if {n} >= {least}: {value} = {above}; {due} = {at}[{start} + {n} - {least}] + {within}"
        )
        out.line(f"elif {n} >= 0: {value} = {not above}; {due} = Z")
        out.line(f"else: {slow}")
    elif test.op in {"==", "!="} and test.k == floor(test.k) and test.k >= 0:
        exact, same = out.constant(floor(test.k)), test.op == "=="
        later = f"{at}[{start} + {n} - {exact} - 1] + {within}"
        out.line(f"if {n} > {exact}: {value} = {not same}; {due} = {later}")
        out.line(
            f"elif {n} == {exact}: {value} = {same}; {due} = {at}[{start}] + {within} if {n} else Z"
        )
        out.line(f"elif {n} >= 0: {value} = {not same}; {due} = Z")
        out.line(f"else: {slow}")
    else:
        out.line(slow)
    return value, due


def _least(test: Threshold) -> int:
    """The smallest count that is on the upper side."""
    return ceil(test.k) if test.op in {">=", "<"} else floor(test.k) + 1


def window(
    out: Source, held: str, slot: tuple[object, ...], figure: Figure
) -> tuple[str, str, str]:
    """(number of points, all points, position of the first); -1 points: read it slowly.

    Tiles, and events of the future, need more than the two borders of a list.
    """
    if slot not in out.shared:
        out.shared[slot] = out.name("w"), "Z"
    n = out.shared[slot][0]
    at, start = f"{n}a", f"{n}i"
    out.line(f"if {n} is U:")
    out.line(f" if {held} is None: {n} = 0")
    out.line(f" elif {held}.hour or ({held}.at and {held}.at[-1] > now): {n} = -1")
    out.line(" else:")
    out.line(f"  {at} = {held}.at")
    out.line(f"  {start} = bisect_right({at}, now - {out.constant(figure.within_us)})")
    out.line(f"  {n} = len({at}) - {start}")
    return n, at, start


def _total(
    out: Source, held: str, slot: tuple[object, ...], window: tuple[str, str]
) -> tuple[str, str]:
    """The points of a window summed once: (at, values, total, least, first position)."""
    n, start = window
    slot = ("total", *slot)
    if slot not in out.shared:
        out.shared[slot] = out.name("s"), "Z"
    total = out.shared[slot][0]
    out.line(f"if {total} is U and {n} > 0: {total} = summed({held}, {start})")
    return total, f"{total}[2]"


def _sum(
    out: Source, names: tuple[str, str, str], summed: tuple[str, str], test: Threshold
) -> None:
    """A sum without negative values only falls, so one on the lower side stays there."""
    value, due, n = names
    points, total = summed
    within, op, k = (out.constant(x) for x in (test.figure.within_us, test.op, test.k))
    out.line(f"if {n} > 0:")
    if test.op in {"==", "!="}:
        out.line(f" {value} = {total} / {out.constant(MICRO)} {test.op} {k}")
        out.line(f" {due} = sum_due({points}, {within}, {op}, {k})")
        return
    upper, least = test.op in {">", ">="}, border_micros(test.k, reached=test.op in {">=", "<"})
    out.line(f" {value} = {total} {'>=' if upper else '<'} {out.constant(least)}")
    stays = f"{value} is {not upper} and {points}[3] >= 0"
    out.line(f" {due} = Z if {stays} else sum_due({points}, {within}, {op}, {k})")
