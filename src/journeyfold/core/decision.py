"""What decide answers, and why: decisions, their items, the reason of every candidate.

A decision is a record in the log, so these values are its wire form, too. A decision is not an
exposure: only an `Exposure` says that somebody saw an item (decisions A3).
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

from journeyfold.core.event import Json

Stage: TypeAlias = Literal[
    "consent", "holdout", "validity", "eligibility", "applicability", "suitability", "caps",
    "experiment", "ranking", "diversity", "slots", "content", "fallback",
]  # fmt: skip
STAGES: tuple[Stage, ...] = get_args(Stage)
"""The fixed order of the pipeline (decisions D1)."""

ReasonCode: TypeAlias = Literal[
    "selected", "no_consent", "holdout", "not_valid", "not_eligible", "not_applicable",
    "not_suitable", "capped", "other_arm", "ranked_below", "diversity", "slot_full",
    "content_error", "out_of_stock", "fallback",
]  # fmt: skip
REASON_CODES: tuple[ReasonCode, ...] = get_args(ReasonCode)
"""decisions D3. `slot_full`: the placement has the slot, this call asked for fewer."""

Mode: TypeAlias = Literal["live", "preview"]

FALLBACK_POLICY, FALLBACK_LAST_SCORE, FALLBACK_FORMULA = 0, 1, 2
FALLBACK_PRIORITY, FALLBACK_DEFAULT, FALLBACK_EMPTY = 3, 4, 5
"""Who answered in the end (decisions D8); 0 is the placement's own policy."""


class CandidateReason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where one offer left the pipeline. `leaf` and `operand` are filled for a trace only."""

    offer: str
    stage: Stage
    code: ReasonCode
    leaf: str = ""
    operand: Json = None


class Item(msgspec.Struct, frozen=True):
    """One chosen offer. `propensity` is exact: the chance that just this was chosen for its slot,
    given the slots before it; None when it cannot be known, which excludes it from analysis.
    """

    offer: str
    variant: str
    content: dict[str, Json]
    rank: int
    score: float | None
    propensity: float | None
    policy: str
    receipt: str | None = None


class PlacementDecision(msgspec.Struct, frozen=True):
    """The answer for one placement; `error` is set instead when there is no such placement."""

    id: str
    fallback_level: int
    items: tuple[Item, ...] = ()
    error: str | msgspec.UnsetType = msgspec.UNSET
    reasons: tuple[CandidateReason, ...] | msgspec.UnsetType = msgspec.UNSET


class Decision(msgspec.Struct, frozen=True):
    """The reply of `POST /v1/decide`, and with all reasons the body of its record."""

    decision_id: str
    config_version: str
    profile_offset: int
    holdout: bool
    degraded: tuple[str, ...]
    placements: tuple[PlacementDecision, ...]
    mode: Mode = "live"


class Assigned(msgspec.Struct, frozen=True):
    """A sticky variant drawn by this decision, for the fold to keep (decisions E2)."""

    offer: str
    variant: str
    bucket: int
    version: str


class Exposure(msgspec.Struct, frozen=True):
    """Somebody saw an item: counted once per (decision, placement, offer)."""

    decision_id: str
    placement: str
    offer: str
    variant: str
    rank: int
    category: str
    shown_us: int
    surface: str


def exposure_key(decision_id: str, placement: str, offer: str) -> str:
    """What an exposure and the responses to it are counted by (decisions A3)."""
    return f"{decision_id}/{placement}/{offer}"
