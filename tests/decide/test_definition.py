"""What users write, and what they are told when it is wrong."""

import msgspec
import pytest

from journeyfold.decide.definition import (
    Offer,
    Placement,
    conditions_of_offer,
    conditions_of_placement,
)

DOCUMENTED_OFFER = {
    "offer": "ten-percent",
    "category": "discount",
    "valid": {"from": "2026-11-20T00:00:00+01:00", "until": "2026-12-01T00:00:00+01:00"},
    "purpose": "personalization",
    "eligibility": 'traits.country in ["DE","AT"]',
    "applicability": 'in_segment("cart-abandoned")',
    "suitability": 'not in_segment("open-complaint")',
    "propensity": {"model": "ten-response", "prior": 0.02},
    "context_weight": [{"when": 'context.device == "mobile"', "weight": 1.2}],
    "value": 12.50,
    "lever": 1.0,
    "caps": [{"max": 1, "within": "7d"}],
    "variants": [
        {"id": "plain", "content": {"title": "10 % for you", "template": "ten-plain.liquid"}},
        {"id": "warm", "content": {"title": "{{ traits.first_name | default: 'Hello' }}, 10 %"}},
    ],
}
DOCUMENTED_PLACEMENT = {
    "placement": "home-hero",
    "surface": "web",
    "selector": "#hero",
    "slots": 1,
    "offers": {"categories": ["discount", "hero"]},
    "diversity": {"by": "category", "max": 1},
    "rank": {"policy": "arbitration", "explore": 0.02},
    "objective": {"event": "Order Completed", "within": "24h", "value": "properties.total"},
    "caps": [{"max": 3, "within": "24h"}],
    "fallback": ["last_score", "formula", "priority", "default"],
    "default": {"offer": "hero-default", "variant": "plain"},
    "timeout": "150ms",
}


def test_the_documented_offer_loads_with_its_conditions_named():
    offer = msgspec.convert(DOCUMENTED_OFFER, Offer)
    assert [name for name, _ in conditions_of_offer(offer)] == [
        "offer/ten-percent/eligibility",
        "offer/ten-percent/applicability",
        "offer/ten-percent/suitability",
        "offer/ten-percent/context_weight/0",
    ]


def test_the_documented_placement_loads():
    assert msgspec.convert(DOCUMENTED_PLACEMENT, Placement).timeout == "150ms"


def test_rules_are_conditions_too():
    rank = {"policy": "rules", "rules": [{"when": "a", "offer": "x"}]}
    placement = msgspec.convert(DOCUMENTED_PLACEMENT | {"rank": rank}, Placement)
    assert list(conditions_of_placement(placement)) == [("placement/home-hero/rank/0", "a")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prise": 1}, "unknown field `prise`"),
        ({"lever": 11}, "<= 10"),
        ({"propensity": {"prior": 1.5}}, "<= 1.0"),
        ({"propensity": {"prior": 0}}, "> 0"),
        ({"valid": {"from": "2026-11-20"}}, "not an instant with a zone"),
        ({"caps": [{"max": 1, "within": "7 days"}]}, "matching regex"),
        ({"caps": [{"max": 0, "within": "7d"}]}, ">= 1"),
        ({"variants": []}, "length >= 1"),
        ({"variants": [{"id": "a"}, {"id": "a"}]}, "two variants are called 'a'"),
        ({"variants": [{"id": "a", "weight": 0}]}, "sum to 0"),
    ],
)
def test_a_wrong_offer_is_refused_with_the_place(change, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(DOCUMENTED_OFFER | change, Offer)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offers": {}}, "name categories or ids"),
        ({"rank": {"policy": "rules"}}, "go together"),
        ({"rank": {"explore": 1.5}}, "<= 1.0"),
        ({"push": True}, "needs a trigger"),
        ({"timeout": "5s"}, "matching regex"),
        ({"timeout": "1001ms"}, "at most 1000ms"),
        ({"context": {"page": "int"}}, "built in as string"),
        ({"slots": 0}, ">= 1"),
    ],
)
def test_a_wrong_placement_is_refused_with_the_place(change, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.convert(DOCUMENTED_PLACEMENT | change, Placement)
