"""Who stands beside whom in a layered drawing, and where: few crossings, straight lines. Pure.

Orders come from medians, kept when they cross less (Gansner et al., 1993). Places are the least
squares ones under that order: with the distances taken off, they are an isotonic regression, which
pooling adjacent violators solves exactly, so boxes keep their distance by construction.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from journeyfold.console.layered import Box

Chains = Mapping[tuple[str, str], Sequence[str]]
Beside = dict[str, list[str]]
_SWEEPS = 8
_MANY = 1_500  # places, from which on one sweep has to do
_STRAIGHT = 3.0  # how much more a passage wants to be straight than a box wants to be central


def in_order(sized: Mapping[str, Box], ranks: Mapping[str, int], chains: Chains) -> list[list[str]]:
    """The layers from above, each from left to right."""
    rows: list[list[str]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    above, below = neighbours(sized, chains)
    for name in _walked(sized, below):
        rows[ranks[name]].append(name)
    best, fewest = [list(row) for row in rows], crossings(rows, below)
    for sweep in range(_SWEEPS if len(sized) < _MANY else 1):
        if not fewest:
            break
        is_down = sweep % 2 == 0
        for row in range(1, len(rows)) if is_down else range(len(rows) - 2, -1, -1):
            fixed = {name: at for at, name in enumerate(rows[row - 1 if is_down else row + 1])}
            _sort(rows[row], above if is_down else below, fixed)
        found = crossings(rows, below)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    return best


def settled(
    sized: Mapping[str, Box],
    rows: Sequence[Sequence[str]],
    chains: Chains,
    pulls: Mapping[tuple[str, str], float],
    gap: float,
) -> dict[str, float]:
    """The axis of each place. `pulls` say of each chain how straight it wants to be."""
    above, below = neighbours(sized, chains)
    tensions = _tensions(chains, pulls)
    axes: dict[str, float] = {}
    for row in rows:
        _put(row, [0.0] * len(row), [1.0] * len(row), sized, gap, axes)
    for sweep in range(2 * _SWEEPS):
        last = sweep >= 2 * _SWEEPS - 2
        is_down = sweep % 2 == 0
        for row in rows if is_down else reversed(rows):
            wanted, weights = [], []
            for name in row:
                beside = (
                    [*above[name], *below[name]] if last else (above if is_down else below)[name]
                )
                x, weight = _wanted(name, beside, tensions, axes)
                wanted.append(x)
                weights.append(weight)
            _put(row, wanted, weights, sized, gap, axes)
    return axes


def neighbours(sized: Mapping[str, Box], chains: Chains) -> tuple[Beside, Beside]:
    """(those one layer above, those one layer below)."""
    above: Beside = {name: [] for name in sized}
    below: Beside = {name: [] for name in sized}
    for chain in chains.values():
        for one, next_ in pairwise(chain):
            below[one].append(next_)
            above[next_].append(one)
    return above, below


def crossings(rows: Sequence[Sequence[str]], below: Beside) -> int:
    """How often two ways between adjacent layers cross."""
    total = 0
    for row, after in pairwise(rows):
        at = {name: place for place, name in enumerate(after)}
        seen: list[int] = []
        for name in row:
            ends = sorted(at[each] for each in below[name])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _walked(sized: Mapping[str, Box], below: Beside) -> list[str]:
    """In depth, first ways first: what belongs together begins together."""
    seen: dict[str, None] = {}
    for start in sized:
        ahead = [start]
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen[name] = None
                ahead += reversed(below[name])
    return list(seen)


def _sort(row: list[str], beside: Beside, fixed: Mapping[str, int]) -> None:
    """By the mean place of the neighbours; one without any keeps its place."""
    means = {}
    for at, name in enumerate(row):
        places = [fixed[one] for one in beside[name]]
        means[name] = sum(places) / len(places) if places else float(at)
    row.sort(key=means.__getitem__)


def _tensions(
    chains: Chains, pulls: Mapping[tuple[str, str], float]
) -> dict[tuple[str, str], float]:
    """Of each pair of neighbours, either way round."""
    found: dict[tuple[str, str], float] = {}
    for ends, chain in chains.items():
        for one, next_ in pairwise(chain):
            is_inner = "\x00" in one and "\x00" in next_
            tension = pulls[ends] * (_STRAIGHT if is_inner else 1.0)
            found[one, next_] = found[next_, one] = tension
    return found


def _wanted(
    name: str,
    beside: Sequence[str],
    tensions: Mapping[tuple[str, str], float],
    axes: Mapping[str, float],
) -> tuple[float, float]:
    """Where it would like to be, and how much."""
    if not beside:
        return axes[name], 0.01
    pulls = [tensions[name, one] for one in beside]
    x = sum(axes[one] * pull for one, pull in zip(beside, pulls, strict=True)) / sum(pulls)
    return x, sum(pulls)


def _put(
    row: Sequence[str],
    wanted: Sequence[float],
    weights: Sequence[float],
    sized: Mapping[str, Box],
    gap: float,
    axes: dict[str, float],
) -> None:
    """Least squares under order and distance, by pooling adjacent violators."""
    taken, shifts = 0.0, []
    for at, name in enumerate(row):
        taken += sized[row[at - 1]].right + gap + sized[name].left if at else 0.0
        shifts.append(taken)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, members
    for x, weight, shift in zip(wanted, weights, shifts, strict=True):
        mean, heavy, many = x - shift, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, its, of = blocks.pop()
            mean = (mean * heavy + other * its) / (heavy + its)
            heavy, many = heavy + its, many + of
        blocks.append((mean, heavy, many))
    means = [mean for mean, _, many in blocks for _ in range(many)]
    for name, mean, shift in zip(row, means, shifts, strict=True):
        axes[name] = mean + shift
