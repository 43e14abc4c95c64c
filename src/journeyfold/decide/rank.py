"""The order of those who stayed: fixed, rules, arbitration; and the exact chance of the choice.

A policy is a function from the candidates to an order, or None when it cannot answer; the next
one is one more function in `POLICIES`. Exploration is the same for all of them (decisions R2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from journeyfold.core.chance import draw_64, uniform
from journeyfold.core.decision import FALLBACK_POLICY, FALLBACK_PRIORITY
from journeyfold.core.profile import Score
from journeyfold.decide.catalogue import Candidate
from journeyfold.decide.definition import Placement, rule_id
from journeyfold.decide.eligible import Conditions


class Ranked(msgspec.Struct, frozen=True):
    """Candidates best first, with the score each was ordered by (None: not by a number)."""

    order: list[Candidate]
    scores: Mapping[str, float]
    level: int
    policy: str


class Scoring(msgspec.Struct, frozen=True):
    """What a policy may look at besides the candidates."""

    conditions: Conditions
    scores: Mapping[str, Score]
    now_us: int


Policy: TypeAlias = Callable[[Placement, Sequence[Candidate], Scoring], Ranked | None]


def ranked(placement: Placement, candidates: Sequence[Candidate], scoring: Scoring) -> Ranked:
    """The policy's answer, else the placement's fallbacks in order (decisions D8)."""
    answer = POLICIES[placement.rank.policy](placement, candidates, scoring)
    if answer is not None:
        return answer
    if "priority" in placement.fallback:
        return _by_priority(candidates)
    return Ranked([], {}, FALLBACK_PRIORITY, "none")


def fixed(placement: Placement, candidates: Sequence[Candidate], _scoring: Scoring) -> Ranked:
    """As listed in `offers.ids`; those that came by category follow by offer id (R1)."""
    place = {offer: at for at, offer in enumerate(placement.offers.ids)}
    order = sorted(candidates, key=lambda each: (place.get(each.id, len(place)), each.id))
    return Ranked(order, {}, FALLBACK_POLICY, "fixed")


def rules(placement: Placement, candidates: Sequence[Candidate], scoring: Scoring) -> Ranked:
    """The offers of the rules that hold, in the order of the rules (R1)."""
    by_id = {each.id: each for each in candidates}
    order: dict[str, Candidate] = {}
    for at, rule in enumerate(placement.rank.rules):
        candidate = by_id.get(rule.offer)
        if candidate is None or rule.offer in order:
            continue
        if scoring.conditions.holds(rule_id(placement.placement, at)):
            order[rule.offer] = candidate
    return Ranked(list(order.values()), {}, FALLBACK_POLICY, "rules")


def arbitration(
    _placement: Placement, candidates: Sequence[Candidate], scoring: Scoring
) -> Ranked | None:
    """P·C·V·L, larger first, ties by smaller offer id. None when nobody has a P (R2)."""
    if scoring.scores:
        chances = [_chance(each, scoring) for each in candidates]
    else:  # nobody has a score of theirs: the usual case
        chances = [each.prior for each in candidates]
    known = [chance for chance in chances if chance is not None]
    if candidates and not known:
        return None
    mean = sum(known) / len(known) if known else 0.0
    scores = {}
    for each, chance in zip(candidates, chances, strict=True):
        weight = _context_weight(each, scoring.conditions) if each.weights else 1.0
        offer = each.offer
        scores[each.id] = (mean if chance is None else chance) * weight * offer.value * offer.lever
    return Ranked(_by_score(candidates, scores), scores, FALLBACK_POLICY, "arbitration")


POLICIES: dict[str, Policy] = {"fixed": fixed, "rules": rules, "arbitration": arbitration}


def explored(placement: Placement, order: list[Candidate], unit: str) -> list[Candidate]:
    """With probability `explore` a uniform candidate takes slot 1; the rest keep their order."""
    share = placement.rank.explore
    if not order or share == 0 or uniform("explore", placement.placement, unit) >= share:
        return order
    at = (draw_64("explore", f"{placement.placement}/candidate", unit) * len(order)) >> 64
    return [order[at], *order[:at], *order[at + 1 :]]


def propensity_of_first(placement: Placement, candidates: int, *, is_best: bool) -> float:
    """`(1-e)·[it is the best] + e/K`: the chance that just this one took slot 1 (R2)."""
    share = placement.rank.explore
    return (1.0 - share) * is_best + share / candidates


def _by_priority(candidates: Sequence[Candidate]) -> Ranked:
    """V·L: what is left when no chance of success is known (D8, level 3)."""
    scores = {each.id: each.offer.value * each.offer.lever for each in candidates}
    return Ranked(_by_score(candidates, scores), scores, FALLBACK_PRIORITY, "priority")


def _by_score(candidates: Sequence[Candidate], scores: Mapping[str, float]) -> list[Candidate]:
    return sorted(candidates, key=lambda each: (-scores[each.id], each.id))


def _chance(candidate: Candidate, scoring: Scoring) -> float | None:
    """The person's calibrated score; the prior when it is absent, expired, NaN or not in (0,1]."""
    propensity = candidate.offer.propensity
    if propensity is None:
        return None
    score = scoring.scores.get(propensity.model) if propensity.model else None
    if score is not None and score.value is not None:
        is_fresh = score.expires_us is None or scoring.now_us < score.expires_us
        if is_fresh and 0.0 < score.value <= 1.0:
            return score.value
    return propensity.prior


def _context_weight(candidate: Candidate, conditions: Conditions) -> float:
    for condition, weight in candidate.weights:
        if conditions.holds(condition):
            return weight
    return 1.0
