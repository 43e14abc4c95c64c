"""The decision: one pipeline from consent to fallback, pure (decisions D1 to D8).

What it answers is a function of its arguments. `now_us` is the one clock read of the call, chance
is a keyed hash of the decision id, and the profile is the one at `profile_offset`.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import msgspec

from journeyfold.core.decision import (
    FALLBACK_DEFAULT,
    FALLBACK_EMPTY,
    FALLBACK_POLICY,
    CandidateReason,
    Decision,
    Item,
    PlacementDecision,
)
from journeyfold.decide.call import Answer, Asked, Nobody, Person, Question
from journeyfold.decide.catalogue import Answerable, Candidate, Catalogue
from journeyfold.decide.eligible import Conditions, eligible
from journeyfold.decide.item import Items
from journeyfold.decide.rank import Ranked, Scoring, explored, propensity_of_first, ranked

_OFFER = attrgetter("offer")


def decide(asked: Asked, person: Person, conditions: Conditions, catalogue: Catalogue) -> Answer:
    """Placements answer in the order asked; each sees what the former ones took from the caps."""
    items = Items(asked, person, catalogue)
    answered = tuple(_placement(question, items, conditions) for question in asked.questions)
    decision = _decision(asked, catalogue, answered)
    if asked.mode != "live":
        return Answer(decision)
    return Answer(decision, tuple(items.assigned.values()), tuple(items.taken))


def defaults(asked: Asked, catalogue: Catalogue) -> Answer:
    """Level 4 for every placement: the store cannot be read, or the log cannot be written.

    Nothing is counted, nothing is remembered, and no propensity is claimed (decisions section 11).
    """
    items = Items(msgspec.structs.replace(asked, receipt_key=b""), Nobody(), catalogue)
    answered = tuple(
        _without_propensity(_fallen_back(question.placement, items, ()))
        for question in asked.questions
    )
    return Answer(_decision(asked, catalogue, answered))


def _decision(
    asked: Asked, catalogue: Catalogue, answered: tuple[PlacementDecision, ...]
) -> Decision:
    return Decision(
        decision_id=asked.decision_id,
        config_version=catalogue.version,
        profile_offset=asked.profile_offset,
        holdout=False,
        degraded=asked.degraded,
        placements=answered,
        mode=asked.mode,
    )


def _placement(question: Question, items: Items, conditions: Conditions) -> PlacementDecision:
    answerable = items.catalogue.placements.get(question.placement)
    if answerable is None:
        return PlacementDecision(question.placement, FALLBACK_EMPTY, error="not_found")
    if question.forced_offer is not None and items.asked.mode == "preview":
        return _forced(question, answerable, items)
    asked = items.asked
    staying, left = eligible(
        answerable, items.catalogue, conditions, items.counts, items.person.consents,
        asked.now_us, trace=asked.is_traced,
    )  # fmt: skip
    if not staying:
        return _fallen_back(question.placement, items, left)
    scores = items.profile.scores if items.profile is not None else {}
    ranking = ranked(answerable.placement, staying, Scoring(conditions, scores, asked.now_us))
    chosen, passed_over = _chosen(answerable, ranking, question.limit, items)
    reasons = (*left, *passed_over, *_unnamed(staying, ranking))
    if not chosen:
        return _fallen_back(question.placement, items, reasons)
    return PlacementDecision(question.placement, ranking.level, chosen, reasons=_sorted(reasons))


def _chosen(
    answerable: Answerable, ranking: Ranked, limit: int | None, items: Items
) -> tuple[tuple[Item, ...], list[CandidateReason]]:
    """Diversity, slots and content, in one walk down the order (D1)."""
    placement = answerable.placement
    explore = placement.rank.explore if ranking.level == FALLBACK_POLICY else 0.0
    order = (
        explored(placement, ranking.order, items.asked.decision_id) if explore else ranking.order
    )
    slots = placement.slots if limit is None else min(limit, placement.slots)
    most = placement.diversity.max if placement.diversity is not None else len(order)
    of_category: dict[str, int] = {}
    chosen: list[Item] = []
    reasons: list[CandidateReason] = []
    has_failed = False
    for at, candidate in enumerate(order):
        if len(chosen) >= slots:
            reasons += _too_late(order[at:], placement.slots - slots)
            break
        taken = of_category.get(candidate.category, 0)
        if taken >= most:
            reasons.append(CandidateReason(candidate.id, "diversity", "diversity"))
        else:
            chance: float | None = 1.0
            if explore and has_failed:
                chance = None  # nobody can say what would have been shown without the fault
            elif explore and not chosen:
                is_best = candidate is ranking.order[0]
                chance = propensity_of_first(placement, len(order), is_best=is_best)
            item = items.ranked(answerable, ranking, candidate, len(chosen) + 1, chance)
            if isinstance(item, CandidateReason):
                has_failed = True
                reasons.append(item)
            else:
                of_category[candidate.category] = taken + 1
                chosen.append(item)
                reasons.append(CandidateReason(candidate.id, "slots", "selected"))
    return tuple(chosen), reasons


def _forced(question: Question, answerable: Answerable, items: Items) -> PlacementDecision:
    """A preview of one offer: no stage is asked, nothing is drawn."""
    candidate = items.catalogue.candidates.get(question.forced_offer or "")
    if candidate is None:
        return PlacementDecision(question.placement, FALLBACK_EMPTY, error="unknown_offer")
    ids = [each.id for each in candidate.offer.variants]
    wanted = question.forced_variant or ids[0]
    if wanted not in ids:
        return PlacementDecision(question.placement, FALLBACK_EMPTY, error="unknown_variant")
    item = items.pinned(answerable, candidate, ids.index(wanted), "forced")
    if isinstance(item, CandidateReason):
        return PlacementDecision(question.placement, FALLBACK_EMPTY, reasons=(item,))
    shown = (msgspec.structs.replace(item, propensity=None),)
    return PlacementDecision(question.placement, FALLBACK_POLICY, shown, reasons=())


def _fallen_back(
    placement: str, items: Items, left: Sequence[CandidateReason]
) -> PlacementDecision:
    """Level 4, the placement's default, or level 5, nothing (D8)."""
    answerable = items.catalogue.placements.get(placement)
    if answerable is None:
        return PlacementDecision(placement, FALLBACK_EMPTY, error="not_found")
    default = answerable.default
    if default is None or "default" not in answerable.placement.fallback:
        return PlacementDecision(placement, FALLBACK_EMPTY, reasons=_sorted(left))
    item = items.pinned(answerable, default, answerable.default_variant, "default")
    if isinstance(item, CandidateReason):
        return PlacementDecision(placement, FALLBACK_EMPTY, reasons=_sorted((*left, item)))
    reason = CandidateReason(default.id, "fallback", "fallback")
    reasons = _sorted((*left, reason))
    return PlacementDecision(placement, FALLBACK_DEFAULT, (item,), reasons=reasons)


def _too_late(late: Sequence[Candidate], not_asked_for: int) -> list[CandidateReason]:
    """The first of them would have had the slots that this call did not ask for."""
    full = [CandidateReason(each.id, "slots", "slot_full") for each in late[:not_asked_for]]
    return [*full, *(each.ranked_below for each in late[not_asked_for:])]


def _unnamed(staying: Sequence[Candidate], ranking: Ranked) -> list[CandidateReason]:
    """Whom the policy did not place at all: no rule of theirs held."""
    if len(ranking.order) == len(staying):
        return []
    named = {each.id for each in ranking.order}
    return [each.ranked_below for each in staying if each.id not in named]


def _sorted(reasons: Sequence[CandidateReason]) -> tuple[CandidateReason, ...]:
    return tuple(sorted(reasons, key=_OFFER))


def _without_propensity(answered: PlacementDecision) -> PlacementDecision:
    items = tuple(msgspec.structs.replace(item, propensity=None) for item in answered.items)
    return msgspec.structs.replace(answered, items=items)
