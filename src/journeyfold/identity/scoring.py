"""How good a partition of records into people is, where the truth is known (identity X5).

Both sides are maps record → person; a record that only one of them has is counted as alone there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction

import msgspec


class Labelled(msgspec.Struct, frozen=True):
    """Shares are 0 to 1. Pairwise and B-cubed (Bagga and Baldwin 1998) precision, recall and F1.

    `exact`: true people found whole and alone. `over_merged`: people of ours that hold more than
    one true person. `under_merged`: true people that are more than one of ours. `merge_distance`:
    splits and merges from ours to the truth (Menestrina et al. 2010, each at cost 1).
    """

    records: int
    people: int
    true_people: int
    precision: float
    recall: float
    f1: float
    b_cubed_precision: float
    b_cubed_recall: float
    b_cubed_f1: float
    exact: float
    over_merged: float
    under_merged: float
    merge_distance: int


def labelled(ours: Mapping[str, Hashable], truth: Mapping[str, Hashable]) -> Labelled:
    """1.0 where nothing could be wrong: no pair proposed, or none to find."""
    records = sorted({*ours, *truth})
    mine = _sets(ours, records)
    true = _sets(truth, records)
    home = {record: number for number, found in enumerate(mine) for record in found}
    place = {record: number for number, found in enumerate(true) for record in found}
    shared = Counter((home[record], place[record]) for record in records)
    both = sum(map(_pairs, shared.values()))
    precision = _share(both, sum(_pairs(len(found)) for found in mine))
    recall = _share(both, sum(_pairs(len(found)) for found in true))
    squares = {pair: Fraction(count * count) for pair, count in shared.items()}
    total = len(records) or 1
    cubed_precision = float(sum(n / len(mine[a]) for (a, _), n in squares.items()) / total)
    cubed_recall = float(sum(n / len(true[b]) for (_, b), n in squares.items()) / total)
    mixed, parted = Counter(a for a, _ in shared), Counter(b for _, b in shared)
    whole = sum(1 for (a, b), count in shared.items() if count == len(mine[a]) == len(true[b]))
    return Labelled(
        records=len(records), people=len(mine), true_people=len(true),
        precision=precision, recall=recall, f1=_mean(precision, recall),
        b_cubed_precision=cubed_precision, b_cubed_recall=cubed_recall,
        b_cubed_f1=_mean(cubed_precision, cubed_recall),
        exact=_share(whole, len(true)),
        over_merged=sum(parts > 1 for parts in mixed.values()) / (len(mine) or 1),
        under_merged=sum(parts > 1 for parts in parted.values()) / (len(true) or 1),
        merge_distance=sum(parts - 1 for parts in mixed.values())
        + sum(parts - 1 for parts in parted.values()),
    )  # fmt: skip


def agreement_of(verdicts: Iterable[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two reviewers over pairs both have judged; None below two pairs."""
    pairs = list(verdicts)
    if len(pairs) < 2:
        return None
    total = len(pairs)
    agreed = sum(one == other for one, other in pairs) / total
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    chance = sum(first[verdict] * second[verdict] for verdict in first) / total**2
    return 1.0 if chance == 1 else (agreed - chance) / (1 - chance)


def _sets(people: Mapping[str, Hashable], records: Iterable[str]) -> list[set[str]]:
    found: dict[Hashable, set[str]] = defaultdict(set)
    for record in records:
        found[(True, people[record]) if record in people else (False, record)].add(record)
    return list(found.values())


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _mean(one: float, other: float) -> float:
    """The harmonic mean."""
    return 2 * one * other / (one + other) if one + other else 0.0
