"""Offers and placements as users write them (decisions section 2), checked value by value.

Ids, categories and conditions that point elsewhere are checked when the project is compiled;
here stands what one file can be judged by alone. Unknown keys are errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us, instant_us

MILLISECOND_US = 1_000
CANDIDATES_MAX = 500  # per placement after category filtering (decisions D6)
DURATION = r"^(0|[1-9][0-9]{0,9})(s|m|h|d|w)$"

Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Duration: TypeAlias = Annotated[str, msgspec.Meta(pattern=DURATION, examples=["30d"])]
Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
Probability: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1)]
FallbackName: TypeAlias = Literal["last_score", "formula", "priority", "default"]
ContextType: TypeAlias = Literal["string", "int", "float", "bool", "timestamp"]
Response: TypeAlias = Literal["exposed", "clicked", "dismissed", "accepted"]

CONTEXT: dict[str, ContextType] = {
    "page": "string", "url": "string", "device": "string", "os": "string", "browser": "string",
    "locale": "string", "timezone": "string", "country": "string",
}  # fmt: skip
"""What every placement may ask of a call's context; `Placement.context` adds to it."""


class Cap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `max` exposures within the window `(now - within, now]` (decisions D4)."""

    max: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    within: Duration


class Validity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from"}):
    """Half-open: valid from `from` on, no more at `until`."""

    since: str | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        for text in (self.since, self.until):
            if text is not None and instant_us(text, zone_required=True) is None:
                raise ValueError(f"{text!r} is not an instant with a zone (2026-11-20T00:00:00Z)")


class Propensity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """P of `P·C·V·L`: the calibrated score of a model, or the prior where it has none."""

    model: str | None = None
    prior: Probability | None = None


class ContextWeight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    when: str
    weight: Annotated[float, msgspec.Meta(gt=0, le=1_000)]


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wording of an offer. `content` maps names to Liquid text, values or locale maps."""

    id: Name
    content: dict[str, Json] = {}
    weight: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What can be shown. The three conditions ask: may they, does it fit, is it good for them."""

    offer: Name
    category: str = ""
    title: str = ""
    valid: Validity | None = None
    purpose: str = "personalization"
    eligibility: str | None = None
    applicability: str | None = None
    suitability: str | None = None
    propensity: Propensity | None = None
    context_weight: tuple[ContextWeight, ...] = ()
    value: Annotated[float, msgspec.Meta(ge=0, le=1e9)] = 1.0
    lever: Annotated[float, msgspec.Meta(ge=0.1, le=10)] = 1.0
    caps: tuple[Cap, ...] = ()
    after: dict[Response, Duration] = {}
    variants: Annotated[tuple[Variant, ...], msgspec.Meta(min_length=1)] = (Variant("default"),)

    def __post_init__(self) -> None:
        ids = [variant.id for variant in self.variants]
        for variant_id in ids:
            if ids.count(variant_id) > 1:
                raise ValueError(f"two variants are called {variant_id!r}")
        if sum(variant.weight for variant in self.variants) == 0:
            raise ValueError("the weights of the variants sum to 0")


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which offers a placement may show: of these categories, or by id, or both."""

    categories: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.categories and not self.ids:
            raise ValueError("name categories or ids of offers")


class Diversity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    by: Literal["category"]
    max: Annotated[int, msgspec.Meta(ge=1, le=100)]


class RankRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    when: str
    offer: Name


class Rank(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How candidates are ordered (decisions R1, R2). `explore` is the share given to chance."""

    policy: Literal["fixed", "rules", "arbitration"] = "arbitration"
    explore: Share = 0.0
    rules: tuple[RankRule, ...] = ()

    def __post_init__(self) -> None:
        if (self.policy == "rules") != bool(self.rules):
            raise ValueError("`rules` and `policy: rules` go together")


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    event: Name
    within: Duration
    value: str | None = None


class Default(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    offer: Name
    variant: str | None = None


class Trigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The segment whose entry makes the page ask for this placement (decisions W4)."""

    entered: Name


class Placement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question asked by a surface: what goes here for this person, now?"""

    placement: Name
    offers: Choice
    surface: Literal["web", "app", "email", "server"] = "web"
    selector: str | None = None
    title: str = ""
    slots: Annotated[int, msgspec.Meta(ge=1, le=50)] = 1
    diversity: Diversity | None = None
    rank: Rank = Rank()
    objective: Objective | None = None
    caps: tuple[Cap, ...] = ()
    fallback: tuple[FallbackName, ...] = ("last_score", "formula", "priority", "default")
    default: Default | None = None
    timeout: Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,3}ms$")] = "150ms"
    push: bool = False
    trigger: Trigger | None = None
    max_age: Duration = "10m"
    context: dict[str, ContextType] = {}

    def __post_init__(self) -> None:
        if self.push and self.trigger is None:
            raise ValueError("`push: true` needs a trigger: {entered: SEGMENT}")
        if int(self.timeout[:-2]) > 1_000:
            raise ValueError("timeout: at most 1000ms (decisions A6)")
        for name, type_ in self.context.items():
            if CONTEXT.get(name, type_) != type_:
                raise ValueError(f"context.{name} is built in as {CONTEXT[name]}")


class ContactPolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Caps of the whole project and of categories (decisions D4); `contact:` in the project."""

    caps: tuple[Cap, ...] = ()
    categories: dict[str, tuple[Cap, ...]] = {}


def conditions_of_offer(offer: Offer) -> Iterator[tuple[str, str]]:
    """(condition id, text) of all conditions of an offer; ids are what `holds` is asked by."""
    for gate in ("eligibility", "applicability", "suitability"):
        text = getattr(offer, gate)
        if text is not None:
            yield gate_id(offer.offer, gate), text
    for at, weight in enumerate(offer.context_weight):
        yield weight_id(offer.offer, at), weight.when


def conditions_of_placement(placement: Placement) -> Iterator[tuple[str, str]]:
    for at, rule in enumerate(placement.rank.rules):
        yield rule_id(placement.placement, at), rule.when


def gate_id(offer: str, gate: str) -> str:
    return f"offer/{offer}/{gate}"


def weight_id(offer: str, at: int) -> str:
    return f"offer/{offer}/context_weight/{at}"


def rule_id(placement: str, at: int) -> str:
    return f"placement/{placement}/rank/{at}"


def within_us(text: str) -> int:
    """A duration already checked by its pattern."""
    length = duration_us(text)
    assert length is not None, "the pattern of Duration admits durations only"
    return length


_LOCALE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


def is_locale_map(value: Json) -> bool:
    """`{de: …, en-GB: …}`: every key is a language tag (decisions D7)."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(_LOCALE.fullmatch(key) is not None for key in value)
    )
