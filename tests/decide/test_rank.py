"""Policies, and that every propensity is the frequency it claims to be (decisions R1, R2)."""

from collections import Counter
from math import sqrt

import msgspec
import pytest

from journeyfold.core.profile import Profile, Score
from journeyfold.decide.definition import Placement

KEYS = 10_000


def order(shop, offers, *, conditions=None, profile=None, **rank):
    place = shop.placement(slots=9, rank=rank)
    book = shop.catalogue(offers, [place])
    placed = shop.only(shop.answer(book, shop.person(profile or Profile("p")), conditions))
    return [item.offer for item in placed.items], placed


def test_fixed_follows_the_list_then_the_ids(shop):
    place = shop.placement(slots=9, offers={"categories": ["hero"], "ids": ["c", "a"]})
    book = shop.catalogue([shop.offer(n) for n in "abcd"], [place])
    items = shop.only(shop.answer(book)).items
    assert [item.offer for item in items] == ["c", "a", "b", "d"]


def test_rules_give_the_offers_whose_rule_holds_in_order(shop):
    rules = [{"when": "x", "offer": n} for n in ("c", "b", "a", "c", "gone")]
    conditions = shop.conditions(["placement/home/rank/1"])
    got, placed = order(
        shop, [shop.offer(n) for n in "abc"], conditions=conditions, policy="rules", rules=rules
    )
    assert got == ["c", "a"]
    assert shop.codes(placed)["b"] == "ranked_below"


def test_when_no_rule_holds_the_placement_falls_back(shop):
    conditions = shop.conditions(["placement/home/rank/0"])
    rules = [{"when": "x", "offer": "a"}]
    _, placed = order(shop, [shop.offer("a")], conditions=conditions, policy="rules", rules=rules)
    assert placed.fallback_level == 5


def test_arbitration_multiplies_chance_context_value_and_lever(shop):
    offers = [
        shop.offer(
            "a",
            propensity={"prior": 0.5},
            value=10,
            lever=2,
            context_weight=[{"when": "no", "weight": 9}, {"when": "yes", "weight": 1.2}],
        ),
        shop.offer("b", propensity={"prior": 0.1}, value=200),
    ]
    conditions = shop.conditions(["offer/a/context_weight/0"])
    got, placed = order(shop, offers, conditions=conditions, policy="arbitration")
    assert got == ["b", "a"]
    assert [item.score for item in placed.items] == [20.0, pytest.approx(12.0)]
    assert placed.items[0].policy == "arbitration@c3f1a0b9"


def test_ties_go_to_the_smaller_offer_id(shop):
    offers = [shop.offer(n, propensity={"prior": 0.5}) for n in "ba"]
    assert order(shop, offers, policy="arbitration")[0] == ["a", "b"]


@pytest.mark.parametrize(
    ("score", "is_used"),
    [
        (Score(0.9, None, "1", 0), True),
        (Score(0.9, None, "1", 0, expires_us=1), False),
        (Score(None, "x", "1", 0), False),
        (Score(float("nan"), None, "1", 0), False),
        (Score(1.5, None, "1", 0), False),
        (Score(0.0, None, "1", 0), False),
    ],
)
def test_a_score_counts_while_it_is_a_fresh_probability_else_the_prior(shop, score, is_used):
    offers = [shop.offer("a", propensity={"model": "m", "prior": 0.25}, value=8)]
    profile = Profile("p", scores={"m": score})
    _, placed = order(shop, offers, profile=profile, policy="arbitration")
    assert placed.items[0].score == pytest.approx(7.2 if is_used else 2.0)


def test_an_offer_without_a_prior_takes_the_mean_of_the_placement(shop):
    offers = [
        shop.offer("a", propensity={"prior": 0.2}),
        shop.offer("b", propensity={"prior": 0.4}),
        shop.offer("c", value=100),
    ]
    _, placed = order(shop, offers, policy="arbitration")
    assert placed.items[0].offer == "c"
    assert placed.items[0].score == pytest.approx(30.0)


def test_without_any_chance_the_priority_is_value_times_lever(shop):
    offers = [shop.offer("a", value=2), shop.offer("b", value=1, lever=3)]
    got, placed = order(shop, offers, policy="arbitration", explore=0.5)
    assert (got, placed.fallback_level) == (["b", "a"], 3)
    assert {item.propensity for item in placed.items} == {1.0}


def test_without_that_fallback_it_is_the_default(shop):
    place = shop.placement(
        rank={"policy": "arbitration"}, fallback=["default"], default={"offer": "a"}
    )
    placed = shop.only(shop.answer(shop.catalogue([shop.offer("a")], [place])))
    assert placed.fallback_level == 4


def test_policies_that_are_not_built_are_refused():
    with pytest.raises(msgspec.ValidationError, match="bandit"):
        msgspec.convert(
            {"placement": "p", "offers": {"ids": ["a"]}, "rank": {"policy": "bandit"}}, Placement
        )


@pytest.mark.parametrize(("candidates", "explore"), [(5, 0.3), (2, 0.02), (3, 1.0), (1, 0.5)])
def test_each_logged_propensity_is_the_frequency(shop, candidates, explore):
    offers = [
        shop.offer(f"o{n}", propensity={"prior": 0.5}, value=n + 1) for n in range(candidates)
    ]
    place = shop.placement(rank={"policy": "arbitration", "explore": explore})
    book = shop.catalogue(offers, [place])
    shown: Counter[str] = Counter()
    claimed: dict[str, float] = {}
    for key in range(KEYS):
        (item,) = shop.only(shop.answer(book, decision_id=f"d{key}")).items
        shown[item.offer] += 1
        claimed[item.offer] = item.propensity
    assert sum(claimed.values()) == pytest.approx(1.0)
    for offer, p in claimed.items():
        margin = 4 * sqrt(p * (1 - p) / KEYS) + 1e-12
        assert abs(shown[offer] / KEYS - p) <= margin


def test_slots_after_the_first_are_certain_given_the_first(shop):
    offers = [shop.offer(n, propensity={"prior": 0.5}) for n in "abc"]
    place = shop.placement(slots=3, rank={"policy": "arbitration", "explore": 0.5})
    items = shop.only(shop.answer(shop.catalogue(offers, [place]))).items
    assert [item.propensity for item in items[1:]] == [1.0, 1.0]


def test_after_a_content_error_under_exploration_no_propensity_is_claimed(shop):
    broken = [{"id": "x", "content": {"title": "{{ 1 | modulo: 0 }}"}}]
    offers = [
        shop.offer("a", propensity={"prior": 0.9}, variants=broken),
        shop.offer("b", propensity={"prior": 0.1}),
    ]
    place = shop.placement(rank={"policy": "arbitration", "explore": 0.1})
    book = shop.catalogue(offers, [place])
    answers = [shop.only(shop.answer(book, decision_id=f"d{n}")) for n in range(50)]
    assert {placed.items[0].offer for placed in answers} == {"b"}
    assert None in {placed.items[0].propensity for placed in answers}
