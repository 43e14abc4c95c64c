"""Decide on a real project: the shop template, its conditions compiled, its people folded."""

from pathlib import Path

import pytest

import journeyfold
from journeyfold.core.profile import Membership, Profile, Statement, Trait
from journeyfold.decide.call import Asked, Question
from journeyfold.decide.decide import decide
from journeyfold.privacy.consent import fold_basis
from journeyfold.project.compile import compile_project
from journeyfold.project.load import load, read_directory
from journeyfold.project.situation import Situated

NOW_US = 1_795_348_800_000_000
SHOP = Path(journeyfold.__file__).parent / "project" / "templates" / "shop"


@pytest.fixture(scope="module")
def shop():
    return compile_project(load(read_directory(SHOP)))


def person(*segments, state="granted", **traits):
    return Profile(
        "p_1",
        consents={"aa": {"personalization": Statement(state, 1, "e")}},
        memberships={segment: Membership(1) for segment in segments},
        traits={name: Trait(value, 1, "crm", "e") for name, value in traits.items()},
    )


def decided(shop, profile, placement="home-hero", context=None, **keys):
    situation = Situated(
        shop, profile, profile.person if profile else "p_new", context or {}, NOW_US, 7
    )
    asked = Asked(
        "d1", (Question(placement),), situation.unit, NOW_US, 0, context=context or {}, **keys
    )
    (placed,) = decide(asked, situation, situation, shop.catalogue).decision.placements
    return placed


def test_segments_and_context_choose_the_offer(shop):
    placed = decided(shop, person("cart-abandoned"), context={"device": "mobile"})
    assert placed.items[0].offer == "ten-percent"
    assert placed.items[0].score == pytest.approx(0.08 * 1.2 * 12.5)


def test_a_vip_gets_what_vips_get(shop):
    placed = decided(shop, person("cart-abandoned", "vip"), is_traced=True)
    assert placed.items[0].offer == "vip-early-access"
    (reason,) = [each for each in placed.reasons if each.offer == "ten-percent"]
    assert (reason.code, reason.leaf) == ("not_suitable", 'in_segment("vip")')


def test_traits_stand_in_the_text(shop):
    texts = {
        item.content["title"]
        for item in decided(shop, person("cart-abandoned", first_name="Ann"), "cart-popup").items
    }
    assert texts <= {"10 % off your cart", "Ann, your cart is waiting: 10 % off"}


def test_who_denied_gets_what_everybody_may_see(shop):
    placed = decided(shop, person("cart-abandoned", state="denied"))
    assert (placed.fallback_level, placed.items[0].offer) == (4, "hero-default")
    assert {each.code for each in placed.reasons} == {"no_consent", "fallback"}


def test_a_country_that_the_call_claims_grants_a_stranger_nothing(shop):
    assert not Situated(shop, None, "p_new", {"country": "US"}, NOW_US, 7).consents(
        "personalization"
    )


def test_a_stranger_has_what_the_basis_of_the_asking_source_grants(shop):
    grants = shop.grants["shop_web"]
    stranger = Situated(shop, None, "p_new", {}, NOW_US, 7, grants)
    assert [stranger.consents(each) for each in ("personalization", "marketing")] == [True, False]
    assert not Situated(shop, None, "p_new", {}, NOW_US, 7).consents("personalization")


def test_a_stranger_is_granted_what_the_fold_grants_with_the_first_event(shop):
    folded = Profile(person="p_new")
    fold_basis(folded, b"a" * 16, shop.grants["shop_web"])
    stranger = Situated(shop, None, "p_new", {}, NOW_US, 7, shop.grants["shop_web"])
    known = Situated(shop, folded, "p_new", {}, NOW_US, 7)
    for purpose in shop.project.settings.privacy.known:
        assert stranger.consents(purpose) == known.consents(purpose)


def test_a_grant_of_the_source_does_not_widen_what_somebody_known_has_said(shop):
    grants = shop.grants["shop_web"]
    denied = Situated(shop, person(state="denied"), "p_1", {}, NOW_US, 7, grants)
    assert not denied.consents("personalization")


def test_a_stranger_turned_into_nobody_is_granted_nothing(shop):
    stranger = Situated(shop, None, "p_new", {}, NOW_US, 7, shop.grants["shop_web"])
    assert not stranger.anonymous().consents("personalization")


def test_nobody_has_no_facts(shop):
    someone = Situated(shop, person("vip", first_name="Ann"), "p_1", {"page": "/"}, NOW_US, 7)
    nobody = someone.anonymous()
    assert (nobody.person, nobody.profile, nobody.unit) == ("", None, "")
    assert nobody.plain_values()["traits"] == {}
    assert not nobody.holds("offer/vip-early-access/eligibility")
