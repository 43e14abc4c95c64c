"""From pairs to people: which proposed pairs still hold when everybody they join is looked at.

Two records may agree by chance, and one such pair joins two families. So pairs are taken by weight,
and one is refused where the records of its two clusters, each against each, speak against it on the
average (identity B3: judge clusters, not pairs). The answer does not depend on the order of pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

AGAINST = -6.0
"""A mean match weight below this refuses a pair: odds of 1 to 64 against."""
UNSEEN = -10.0
"""The weight of two records that no blocking rule brought together."""


class Pair(NamedTuple):
    """`weight` is the match weight, log2 of the odds (Fellegi and Sunter 1969); `a` < `b`."""

    a: str
    b: str
    weight: float


class Judged(NamedTuple):
    """Pairs that hold, strongest first, and those their clusters refuse."""

    held: list[Pair]
    refused: list[Pair]


def judge(pairs: Iterable[Pair], from_weight: float) -> Judged:
    """Pairs below `from_weight` are evidence about clusters, but never join any."""
    clusters = _Clusters(list(pairs))
    held, refused = list[Pair](), list[Pair]()
    for pair in sorted(clusters.pairs, key=lambda one: (-one.weight, one.a, one.b)):
        if pair.weight < from_weight:
            break
        (held if clusters.join(pair) else refused).append(pair)
    return Judged(held, refused)


def clusters_of(pairs: Iterable[Pair], everybody: Iterable[str] = ()) -> list[list[str]]:
    """The components of the pairs, each sorted, with those of `everybody` who are in none."""
    clusters = _Clusters(list(pairs))
    for pair in clusters.pairs:
        clusters.join(pair, against=float("-inf"))
    seen = set(clusters.home)
    alone = [[one] for one in everybody if one not in seen]
    return sorted([sorted(members) for members in clusters.members.values()] + alone)


class _Clusters:
    """Members by cluster, and weights by record."""

    def __init__(self, pairs: list[Pair]) -> None:
        self.pairs = pairs
        self.weights: dict[str, dict[str, float]] = defaultdict(dict)
        for a, b, weight in pairs:
            self.weights[a][b] = self.weights[b][a] = weight
        self.home = {record: record for record in self.weights}
        self.members = {record: [record] for record in self.weights}

    def join(self, pair: Pair, against: float = AGAINST) -> bool:
        """False where the two clusters speak against it."""
        one, other = self.home[pair.a], self.home[pair.b]
        if one == other:
            return True
        if against > float("-inf") and self._mean(one, other) < against:
            return False
        if len(self.members[one]) < len(self.members[other]):
            one, other = other, one
        moved = self.members.pop(other)
        self.members[one] += moved
        self.home.update(dict.fromkeys(moved, one))
        return True

    def _mean(self, one: str, other: str) -> float:
        weights = list(self._across(one, other))
        return sum(weights) / len(weights)

    def _across(self, one: str, other: str) -> Iterator[float]:
        for a in self.members[one]:
            row = self.weights[a]
            for b in self.members[other]:
                yield row.get(b, UNSEEN)
