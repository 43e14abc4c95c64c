"""A missing value guessed from other features: small boosted trees (quality Q28). Pure.

Gradient boosting of squares (Friedman 2001) with trees of four leaves over binned columns. At most
a thousand rows are drawn by a digest of what they hold, so the same population gives the same trees
in any order, to the byte. Every fifth is held out; what guesses those no better than their mean, or
than the most frequent word, is refused.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeAlias

import msgspec

ROWS_MAX, ROWS_MIN = 1_000, 50
INPUTS_MAX = 20
LABELS_MAX = 8
_TREES, _RATE, _BINS, _LEAF_MIN, _FIFTH = 40, 0.2, 16, 5, 5

Row: TypeAlias = tuple[float, ...]
Found: TypeAlias = tuple[float, int, int]  # gain, column, bin


class Tree(msgspec.Struct, frozen=True, array_like=True):
    """`columns` and `borders` of the root, of what is not above it, of what is above it."""

    columns: tuple[int, int, int]
    borders: tuple[float, float, float]
    leaves: tuple[float, float, float, float]

    def of(self, row: Sequence[float]) -> float:
        side = row[self.columns[0]] > self.borders[0]
        is_above = row[self.columns[1 + side]] > self.borders[1 + side]
        return self.leaves[2 * side + is_above]


class Guess(msgspec.Struct, frozen=True, array_like=True):
    base: float
    trees: tuple[Tree, ...]

    def of(self, row: Sequence[float]) -> float:
        return self.base + sum(tree.of(row) for tree in self.trees)


class Boosted(msgspec.Struct, frozen=True):
    """Numbers are guessed by one of `guesses`, words by the strongest of one a label. `better`:
    R² on held-out rows, or how much more often it is right than the most frequent word.
    """

    guesses: tuple[Guess, ...]
    labels: tuple[str, ...] = ()
    better: float = 0.0

    def of(self, row: Sequence[float]) -> float | str:
        scores = [guess.of(row) for guess in self.guesses]
        return self.labels[scores.index(max(scores))] if self.labels else scores[0]


class NotLearntError(ValueError):
    """The other features do not tell the missing value."""


def boosted(rows: Sequence[Row], targets: Sequence[float | str]) -> Boosted:
    """Raises NotLearntError; ValueError where words and numbers are mixed."""
    words = [target for target in targets if isinstance(target, str)]
    if words and len(words) < len(targets):
        raise ValueError("words and numbers are mixed; a model guesses the one or the other")
    if len(rows) < ROWS_MIN:
        raise NotLearntError(f"{len(rows)} people have all the values, a model takes {ROWS_MIN}")
    pairs = sorted(zip(rows, targets, strict=True), key=_drawn)[:ROWS_MAX]
    held = pairs[_FIFTH - 1 :: _FIFTH]
    seen = [pair for at, pair in enumerate(pairs) if at % _FIFTH != _FIFTH - 1]
    made, better = _words(seen, held) if words else _numbers(seen, held)
    if better <= 0:
        measure = "more often right than the most frequent word" if words else "R²"
        raise NotLearntError(f"the other features do not tell it: {better:.2f} {measure}")
    return msgspec.structs.replace(made, better=better)


def _drawn(pair: tuple[Row, float | str]) -> bytes:
    """An order that has nothing to do with the values, and is the same whatever came first."""
    return blake2b(msgspec.msgpack.encode(pair), digest_size=16).digest()


def _numbers(
    seen: Sequence[tuple[Row, float | str]], held: Sequence[tuple[Row, float | str]]
) -> tuple[Boosted, float]:
    made = Boosted((_grown([row for row, _ in seen], [float(target) for _, target in seen]),))
    wanted = [float(target) for _, target in held]
    mean = sum(wanted) / len(wanted)
    spread = sum((each - mean) ** 2 for each in wanted)
    missed = sum(
        (each - made.guesses[0].of(row)) ** 2
        for each, (row, _) in zip(wanted, held, strict=True)
    )  # fmt: skip
    return made, 1 - missed / spread if spread else 0.0


def _words(
    seen: Sequence[tuple[Row, float | str]], held: Sequence[tuple[Row, float | str]]
) -> tuple[Boosted, float]:
    counted = Counter(str(target) for _, target in seen)
    labels = sorted(counted, key=lambda label: (-counted[label], label))[:LABELS_MAX]
    rows = [row for row, _ in seen]
    guesses = [_grown(rows, [float(target == label) for _, target in seen]) for label in labels]
    made = Boosted(tuple(guesses), tuple(labels))
    right = sum(made.of(row) == target for row, target in held)
    usual = sum(target == labels[0] for _, target in held)
    return made, (right - usual) / len(held)


def _grown(rows: Sequence[Row], targets: Sequence[float]) -> Guess:
    columns = [[row[at] for row in rows] for at in range(len(rows[0]))]
    borders = [_borders(column) for column in columns]
    bins = [
        [bisect_left(edges, value) for value in column]
        for edges, column in zip(borders, columns, strict=True)
    ]
    base = sum(targets) / len(targets)
    left = [target - base for target in targets]
    trees: list[Tree] = []
    for _ in range(_TREES):
        tree = _tree(bins, borders, left)
        if tree is None:
            break
        trees.append(tree)
        left = [rest - tree.of(row) for rest, row in zip(left, rows, strict=True)]
    return Guess(base, tuple(trees))


def _borders(column: Sequence[float]) -> list[float]:
    """Up to 15, each a value of the column, with as many between two of them."""
    ordered = sorted(column)
    n = len(ordered)
    found = {ordered[-(-at * n // _BINS) - 1] for at in range(1, _BINS)}
    return sorted(found - {ordered[-1]})


def _tree(
    bins: Sequence[Sequence[int]], borders: Sequence[Sequence[float]], left: Sequence[float]
) -> Tree | None:
    everybody = range(len(left))
    root = _split(bins, left, everybody)
    if root is None:
        return None
    leaves: list[float] = []
    splits = [root]
    for inside in _parted(bins, everybody, root):
        split = _split(bins, left, inside)
        parts = _parted(bins, inside, split) if split is not None else (inside, inside)
        leaves += [_RATE * sum(left[at] for at in part) / len(part) for part in parts]
        splits.append(split or root)
    one, two, three = splits
    return Tree(
        (one[1], two[1], three[1]),
        (borders[one[1]][one[2]], borders[two[1]][two[2]], borders[three[1]][three[2]]),
        (leaves[0], leaves[1], leaves[2], leaves[3]),
    )


def _parted(
    bins: Sequence[Sequence[int]], inside: Sequence[int], split: Found
) -> tuple[Sequence[int], Sequence[int]]:
    _, column, border = split
    held = bins[column]
    return (
        [at for at in inside if held[at] <= border],
        [at for at in inside if held[at] > border],
    )


def _split(
    bins: Sequence[Sequence[int]], left: Sequence[float], inside: Sequence[int]
) -> Found | None:
    """The column and bin that part the rest best; the first of equals. None where none does."""
    whole, n = sum(left[at] for at in inside), len(inside)
    best: Found | None = None
    for column, held in enumerate(bins):
        sums, counts = [0.0] * _BINS, [0] * _BINS
        for at in inside:
            sums[held[at]] += left[at]
            counts[held[at]] += 1
        below, below_n = 0.0, 0
        for border in range(_BINS - 1):
            below, below_n = below + sums[border], below_n + counts[border]
            above_n = n - below_n
            if not counts[border] or below_n < _LEAF_MIN or above_n < _LEAF_MIN:
                continue
            gain = below**2 / below_n + (whole - below) ** 2 / above_n - whole**2 / n
            if gain > 1e-12 and (best is None or gain > best[0]):
                best = (gain, column, border)
    return best
