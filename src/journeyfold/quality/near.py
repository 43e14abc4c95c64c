"""Values that are nearly the same: products, companies, cities (quality Q31). Pure.

Values are compared inside blocks of the same first letters, by Jaro-Winkler and by optimal string
alignment; the lesser of both counts. What is found is a list for a person to review: nothing is
changed, and people are the linkage's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from journeyfold.quality.cleaners.name import bare

THRESHOLD = 0.92
BLOCK_MAX = 500
_LETTERS = 3  # of a block's key, and of each further key that splits a large one
_SPLITS = 4


class Pair(msgspec.Struct, frozen=True):
    """Two values, each with how often it comes; `score` of 1."""

    one: str
    other: str
    score: float
    times: tuple[int, int]


class Nearly(msgspec.Struct, frozen=True):
    """`split`: blocks above the limit that a further key has parted; `cut`: values beyond the limit
    of a block that no key parts, which were not compared.
    """

    values: int
    compared: int
    pairs: tuple[Pair, ...]
    split: tuple[str, ...] = ()
    cut: int = 0


class _Blocks:
    def __init__(self) -> None:
        self.found: list[list[tuple[str, str]]] = []
        self.split: list[str] = []
        self.cut = 0

    def part(self, values: list[tuple[str, str]], level: int) -> None:
        """(folded, value) that share their first letters; by more letters where they are many."""
        if len(values) <= BLOCK_MAX:
            self.found.append(values)
            return
        if level == _SPLITS:
            self.found.append(values[:BLOCK_MAX])
            self.cut += len(values) - BLOCK_MAX
            return
        if level:
            self.split.append(_key(values[0][0], level - 1, whole=True))
        by_key: dict[str, list[tuple[str, str]]] = {}
        for folded, value in values:
            by_key.setdefault(_key(folded, level), []).append((folded, value))
        for _, inside in sorted(by_key.items()):
            self.part(inside, level + 1)


def near_duplicates(counted: Mapping[str, int], threshold: float = THRESHOLD) -> Nearly:
    """`counted`: value → how often it comes; the same for any order of them."""
    ordered = sorted((bare(value), value) for value in counted)
    values = [each for each in ordered if each[0]]
    blocks = _Blocks()
    by_key: dict[str, list[tuple[str, str]]] = {}
    for folded, value in values:
        by_key.setdefault(_key(folded, 0), []).append((folded, value))
    for _, inside in sorted(by_key.items()):
        blocks.part(inside, 1)
    pairs: list[Pair] = []
    compared = 0
    for block in blocks.found:
        compared += len(block) * (len(block) - 1) // 2
        pairs += _pairs(block, counted, threshold)
    ranked = sorted(pairs, key=lambda pair: (-pair.score, pair.one, pair.other))
    return Nearly(len(values), compared, tuple(ranked), tuple(blocks.split), blocks.cut)


def share_near(counted: Mapping[str, int], threshold: float = THRESHOLD) -> float:
    """Pairs found by the number of values: what `near_unique` is judged by (Q13)."""
    found = near_duplicates(counted, threshold)
    return len(found.pairs) / found.values if found.values else 0.0


def _pairs(
    block: list[tuple[str, str]], counted: Mapping[str, int], threshold: float
) -> Iterable[Pair]:
    """One call compares a text with all that follow it; few are like enough for the other."""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA, JaroWinkler

    texts = [folded for folded, _ in block]
    for at, (text, one) in enumerate(block):
        like = process.extract(
            text, texts[at + 1 :], scorer=JaroWinkler.normalized_similarity,
            score_cutoff=threshold, limit=None,
        )  # fmt: skip
        for follower, likeness, place in like:
            score = min(likeness, OSA.normalized_similarity(text, follower))
            if score >= threshold:
                other = block[at + 1 + place][1]
                yield Pair(one, other, round(score, 4), (counted[one], counted[other]))


def _key(folded: str, level: int, *, whole: bool = False) -> str:
    letters = folded.replace(" ", "")
    start = 0 if whole else level * _LETTERS
    return letters[start : (level + 1) * _LETTERS]
