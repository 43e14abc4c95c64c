"""Windows are `(now - w, now]`, and the lowest of all caps wins (decisions D4, D5)."""

import pytest

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.core.profile import Contact, Profile


def seen(at_us, *, kind="exposed", key="k", place="home", offer="a", category="hero"):
    return Contact(f"{key}{at_us}", kind, at_us, place, offer, category)


def is_capped(shop, contacts, *, offer_keys=None, place_keys=None, contact=None):
    book = shop.catalogue(
        [shop.offer("a", **(offer_keys or {}))],
        [shop.placement(**(place_keys or {}))],
        contact=contact,
    )
    person = shop.person(Profile("p", contacts=contacts))
    return shop.codes(shop.only(shop.answer(book, person))) == {"a": "capped"}


ONE_A_WEEK = {"caps": [{"max": 1, "within": "7d"}]}


@pytest.mark.parametrize(
    ("ago_us", "capped"),
    [(0, True), (7 * DAY_US - 1, True), (7 * DAY_US, False), (-1, False)],
)
def test_an_exposure_exactly_a_window_old_is_out_and_one_of_now_is_in(shop, ago_us, capped):
    assert is_capped(shop, [seen(shop.now_us - ago_us)], offer_keys=ONE_A_WEEK) is capped


def test_a_cap_counts_up_to_its_maximum(shop):
    caps = {"caps": [{"max": 2, "within": "1d"}]}
    one, two = seen(shop.now_us - 1), seen(shop.now_us - 2)
    assert not is_capped(shop, [one], offer_keys=caps)
    assert is_capped(shop, [one, two], offer_keys=caps)


def test_the_placement_counts_whatever_it_showed(shop):
    other = seen(shop.now_us - HOUR_US, offer="b", category="x")
    caps = {"caps": [{"max": 1, "within": "24h"}]}
    assert is_capped(shop, [other], place_keys=caps)
    assert not is_capped(shop, [seen(shop.now_us - 1, place="side")], place_keys=caps)


def test_the_category_counts_in_every_placement(shop):
    contact = {"categories": {"hero": [{"max": 1, "within": "1d"}]}}
    other = seen(shop.now_us - 1, place="side", offer="b")
    assert is_capped(shop, [other], contact=contact)
    assert not is_capped(shop, [seen(shop.now_us - 1, category="x")], contact=contact)


def test_the_project_counts_everything(shop):
    contact = {"caps": [{"max": 1, "within": "1d"}]}
    other = seen(shop.now_us - 1, place="side", offer="b", category="x")
    assert is_capped(shop, [other], contact=contact)


def test_the_lowest_cap_wins(shop):
    wide = {"caps": [{"max": 9, "within": "7d"}]}
    assert is_capped(shop, [seen(shop.now_us - 1)], offer_keys=wide, place_keys=ONE_A_WEEK)


def test_a_dismissed_offer_stays_away_for_its_time(shop):
    after = {"after": {"dismissed": "14d"}}
    now_us = shop.now_us
    assert is_capped(shop, [seen(now_us - 13 * DAY_US, kind="dismissed")], offer_keys=after)
    assert not is_capped(shop, [seen(now_us - 14 * DAY_US, kind="dismissed")], offer_keys=after)
    assert not is_capped(shop, [seen(now_us - 1, kind="clicked")], offer_keys=after)


def test_the_last_response_counts_not_the_last_in_the_list(shop):
    after = {"after": {"accepted": "1d"}}
    contacts = [seen(shop.now_us - 1, kind="accepted"), seen(1, kind="accepted")]
    assert is_capped(shop, contacts, offer_keys=after)


def test_responses_are_no_exposures(shop):
    assert not is_capped(shop, [seen(shop.now_us - 1, kind="clicked")], offer_keys=ONE_A_WEEK)


def test_a_cap_says_what_it_counted(shop):
    book = shop.catalogue([shop.offer("a", **ONE_A_WEEK)], [shop.placement()])
    person = shop.person(Profile("p", contacts=[seen(shop.now_us - 1)]))
    (reason,) = shop.only(shop.answer(book, person)).reasons
    assert (reason.leaf, reason.operand) == ("offer: at most 1 within 1w", 1)
