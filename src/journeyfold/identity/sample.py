"""How many links are right, from the few that people have judged: a stratified sample (X5).

Accepted links fall into strata by how they came about, those of a model by their score. From each
stratum so many are drawn, by a hash, so the same state draws the same. The share of right links is
the Horvitz-Thompson estimate over the strata that somebody has judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from heapq import heappush, heappushpop
from math import sqrt

import msgspec

from journeyfold.identity.evidence import Link

DRAWN = 50  # of each stratum
_EDGES = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999)
_Z = 1.959964  # of 95 %


class Stratum(msgspec.Struct, frozen=True):
    """`links` are in it, `drawn` of them to be judged; of those `judged`, `right` are one person."""

    name: str
    links: int
    drawn: int
    judged: int
    right: int


class Estimate(msgspec.Struct, frozen=True):
    """`right` is the estimated share of links that join one person, None while nobody has judged.

    `covered` is the share of links in strata with a judgement: of the others nothing is known.
    """

    strata: tuple[Stratum, ...]
    right: float | None
    low: float | None
    high: float | None
    covered: float


Judge = Callable[[Link], bool | None]
"""True: one person; False: two; None: nobody has looked."""


class Sample:
    """Add every accepted link; the sample is a function of their set."""

    def __init__(self, drawn: int = DRAWN) -> None:
        self._most = drawn
        self._counts: dict[str, int] = {}
        self._drawn: dict[str, list[tuple[int, bytes, Link]]] = {}

    def add(self, link: Link) -> None:
        name = stratum_of(link)
        self._counts[name] = self._counts.get(name, 0) + 1
        held = self._drawn.setdefault(name, [])
        lot = (
            -_lot(link.id),
            link.id,
            link,
        )  # the least lots are drawn: the heap's top is the most
        (heappush if len(held) < self._most else heappushpop)(held, lot)

    def drawn(self) -> dict[str, list[Link]]:
        """Stratum → links, in the order of their lots."""
        return {
            name: [link for _, _, link in sorted(held, reverse=True)]
            for name, held in sorted(self._drawn.items())
        }

    def estimate(self, judge: Judge) -> Estimate:
        strata = []
        for name, links in self.drawn().items():
            said = [verdict for link in links if (verdict := judge(link)) is not None]
            strata.append(Stratum(name, self._counts[name], len(links), len(said), sum(said)))
        return estimated(strata)


def stratum_of(link: Link) -> str:
    """`event`, `import`, …; of a model's links `linkage 0.95`: the score from there on."""
    if link.method != "linkage" or link.score is None:
        return link.method
    edge = max((each for each in _EDGES if each <= link.score), default=0.0)
    return f"linkage {edge:g}"


def estimated(strata: Iterable[Stratum]) -> Estimate:
    """Horvitz and Thompson (1952); each link of a stratum is as likely to be judged as another.

    For the interval a stratum's share is Agresti's (r + 1) / (n + 2): a few verdicts that all say
    yes are not certainty.
    """
    every = tuple(strata)
    total = sum(each.links for each in every)
    known = [each for each in every if each.judged]
    covered = sum(each.links for each in known)
    if not covered:
        return Estimate(every, None, None, None, 0.0)
    right = sum(each.links * each.right / each.judged for each in known) / covered
    variance = sum((each.links / covered) ** 2 * _variance(each) for each in known)
    half = _Z * sqrt(variance)
    return Estimate(every, right, max(0.0, right - half), min(1.0, right + half), covered / total)


def _variance(one: Stratum) -> float:
    share = (one.right + 1) / (one.judged + 2)
    return (1 - one.judged / one.links) * share * (1 - share) / one.judged


def _lot(id_: bytes) -> int:
    digest = blake2b(id_, digest_size=8, person=b"journeyfold.lot").digest()
    return int.from_bytes(digest, "big")
