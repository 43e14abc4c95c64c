"""The offers and placements in force, with everything that can be worked out beforehand.

Built once per project version; a decision only looks up. Candidates of a placement are in order
of offer id (decisions D6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

import msgspec

from journeyfold.core.chance import bucket
from journeyfold.core.decision import CandidateReason, ReasonCode, Stage
from journeyfold.core.event import Json
from journeyfold.core.instant import instant_us
from journeyfold.decide import content
from journeyfold.decide.definition import (
    CANDIDATES_MAX,
    CONTEXT,
    Cap,
    ContactPolicy,
    ContextType,
    Offer,
    Placement,
    Variant,
    gate_id,
    weight_id,
    within_us,
)
from journeyfold.decide.template import TemplateError

BUCKETS = 10_000
ALWAYS_US = 2**62
_GATES: tuple[tuple[str, Stage, ReasonCode], ...] = (
    ("eligibility", "eligibility", "not_eligible"),
    ("applicability", "applicability", "not_applicable"),
    ("suitability", "suitability", "not_suitable"),
)


class Limit(msgspec.Struct, frozen=True):
    """A cap with its window in microseconds."""

    max: int
    window_us: int


class Gate(msgspec.Struct, frozen=True):
    """One condition an offer must meet, and what it is called when it does not."""

    stage: Stage
    code: ReasonCode
    condition: str
    text: str


class Candidate(msgspec.Struct, frozen=True):
    """An offer, ready to be judged. `borders` are the upper bucket bounds of its variants."""

    offer: Offer
    id: str
    category: str
    purpose: str
    since_us: int
    until_us: int
    gates: tuple[Gate, ...]
    limits: tuple[Limit, ...]
    quiet: tuple[tuple[str, int], ...]  # (response, window): suppression after it (D5)
    weights: tuple[tuple[str, float], ...]  # (condition, weight): the first that holds
    prior: float | None  # the chance of success of whoever has no score
    borders: tuple[int, ...]
    contents: tuple[content.Nested, ...]  # by variant, escaped
    plain: tuple[content.Nested, ...]  # by variant, for app and server
    values: Mapping[str, Json]  # what a template reads of the offer
    ranked_below: CandidateReason  # the commonest reason, made once


class Answerable(msgspec.Struct, frozen=True):
    """A placement with its candidates and the caps that hold for all of them."""

    placement: Placement
    candidates: tuple[Candidate, ...]
    purposes: tuple[str, ...]
    limits: tuple[Limit, ...]
    default: Candidate | None
    default_variant: int
    escapes: bool
    max_age_us: int


class Catalogue:
    """Everything decide needs of a project version."""

    def __init__(
        self,
        offers: Iterable[Offer],
        placements: Iterable[Placement],
        *,
        templates: Mapping[str, str],
        version: str,
        locale: str = "en",
        contact: ContactPolicy | None = None,
    ) -> None:
        """Raises TemplateError or ValueError with the place; `check` has said so before."""
        policy = contact or ContactPolicy()
        self.version, self.locale = version, locale
        self.limits = _limits(policy.caps)
        self.category_limits = {each: _limits(caps) for each, caps in policy.categories.items()}
        self.candidates = {each.offer: _candidate(each, templates) for each in offers}
        self.placements = {each.placement: self._answerable(each) for each in placements}
        self.context: dict[str, ContextType] = dict(CONTEXT)
        for answerable in self.placements.values():
            self.context |= answerable.placement.context
        self.longest_window_us = max((each.window_us for each in self._all_limits()), default=0)

    def _answerable(self, placement: Placement) -> Answerable:
        where = f"placement {placement.placement}"
        chosen = [self.candidates[each] for each in sorted(self.candidates)]
        chosen = [each for each in chosen if _is_candidate(each, placement)]
        if len(chosen) > CANDIDATES_MAX:
            raise ValueError(f"{where}: {len(chosen)} candidates, at most {CANDIDATES_MAX}")
        default, variant = None, 0
        if placement.default is not None:
            default = self.candidates.get(placement.default.offer)
            if default is None:
                raise ValueError(f"{where}: unknown default offer {placement.default.offer!r}")
            variant = variant_index(default.offer, placement.default.variant)
        return Answerable(
            placement=placement,
            candidates=tuple(chosen),
            purposes=tuple({each.purpose: None for each in chosen}),
            limits=_limits(placement.caps),
            default=default,
            default_variant=variant,
            escapes=placement.surface in ("web", "email"),
            max_age_us=within_us(placement.max_age),
        )

    def _all_limits(self) -> Iterable[Limit]:
        yield from self.limits
        for limits in self.category_limits.values():
            yield from limits
        for candidate in self.candidates.values():
            yield from candidate.limits
            yield from (Limit(1, window_us) for _, window_us in candidate.quiet)
        for answerable in self.placements.values():
            yield from answerable.limits


def variant_index(offer: Offer, variant: str | None) -> int:
    """The position of a variant by id; the first when none is named."""
    if variant is None:
        return 0
    ids = [each.id for each in offer.variants]
    if variant not in ids:
        raise ValueError(f"offer {offer.offer} has no variant {variant!r}")
    return ids.index(variant)


def pick(candidate: Candidate, unit: str) -> tuple[int, int]:
    """(variant, bucket) of a unit by keyed hash; integer arithmetic only (decisions E1)."""
    at = bucket(f"variant/{candidate.id}", unit, BUCKETS)
    return next(index for index, border in enumerate(candidate.borders) if at < border), at


def template_problems(offer: Offer, templates: Mapping[str, str]) -> Iterable[str]:
    """What `check` says about the content of an offer, one sentence a variant."""
    for variant in offer.variants:
        try:
            content.compile_content(variant, templates, escape=True)
        except TemplateError as error:
            yield str(error)


def _candidate(offer: Offer, templates: Mapping[str, str]) -> Candidate:
    valid = offer.valid
    return Candidate(
        offer=offer,
        id=offer.offer,
        category=offer.category,
        purpose=offer.purpose,
        since_us=_instant(valid.since if valid else None, 0),
        until_us=_instant(valid.until if valid else None, ALWAYS_US),
        gates=tuple(
            Gate(stage, code, gate_id(offer.offer, name), getattr(offer, name))
            for name, stage, code in _GATES
            if getattr(offer, name) is not None
        ),
        limits=_limits(offer.caps),
        quiet=tuple((each, within_us(text)) for each, text in sorted(offer.after.items())),
        weights=tuple(
            (weight_id(offer.offer, at), each.weight)
            for at, each in enumerate(offer.context_weight)
        ),
        prior=offer.propensity.prior if offer.propensity is not None else None,
        borders=_borders(offer.variants),
        contents=_contents(offer, templates, escape=True),
        plain=_contents(offer, templates, escape=False),
        values={
            "id": offer.offer,
            "category": offer.category,
            "title": offer.title,
            "value": offer.value,
        },
        ranked_below=CandidateReason(offer.offer, "ranking", "ranked_below"),
    )


def _contents(
    offer: Offer, templates: Mapping[str, str], *, escape: bool
) -> tuple[content.Nested, ...]:
    return tuple(content.compile_content(each, templates, escape=escape) for each in offer.variants)


def _borders(variants: tuple[Variant, ...]) -> tuple[int, ...]:
    """Half-open ranges of the 10,000 buckets in proportion to the weights."""
    total = sum(each.weight for each in variants)
    return tuple(BUCKETS * so_far // total for so_far in accumulate(v.weight for v in variants))


def _is_candidate(candidate: Candidate, placement: Placement) -> bool:
    if candidate.id in placement.offers.ids:
        return True
    return bool(candidate.category) and candidate.category in placement.offers.categories


def _limits(caps: Iterable[Cap]) -> tuple[Limit, ...]:
    return tuple(Limit(each.max, within_us(each.within)) for each in caps)


def _instant(text: str | None, otherwise: int) -> int:
    at = instant_us(text, zone_required=True) if text is not None else None
    return otherwise if at is None else at
