"""Exposures: counted once, believed only with our receipt (decisions A3)."""

import pytest

from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.decide.receipt import Receipt, sign


def shown(kit, **more):
    receipt = kit.decide(key="pub").json["placements"][0]["items"][0]["receipt"]
    return kit.call("POST", "/v1/expose", {"receipt": receipt} | more, key="pub"), receipt


def exposures(kit):
    return [each for each in kit.log.read(-1, 100) if each.event.name == "Offer Shown"]


def test_an_exposure_is_about_whom_the_decision_was(kit):
    answered, receipt = shown(kit, surface="app")
    (record,) = exposures(kit)
    assert answered.json | {"offset": 0} == {
        "success": True, "received": 1, "appended": 1, "duplicate": 0, "quarantined": 0,
        "rejected": 0, "offset": 0, "items": [],
    }  # fmt: skip
    assert record.event.identifiers[0].value == "a9"
    assert record.event.properties | {"decision_id": ""} == {
        "decision_id": "", "placement": "home-hero", "offer": "ten-percent", "variant": "plain",
        "category": "discount", "rank": 1, "surface": "app", "receipt": receipt,
    }  # fmt: skip


def test_the_same_item_seen_twice_counts_once(kit):
    _, receipt = shown(kit)
    kit.clock.at_us += HOUR_US
    again = kit.call("POST", "/v1/expose", {"receipt": receipt, "surface": "x"}, key="pub")
    assert (again.json["duplicate"], again.json["quarantined"]) == (1, 0)
    assert len(exposures(kit)) == 1


@pytest.mark.parametrize(
    ("ago_us", "kept_ago_us"),
    [(HOUR_US, HOUR_US), (-DAY_US, -5 * MINUTE_US), (400 * DAY_US, 90 * DAY_US)],
)
def test_when_it_was_seen_is_clamped_like_any_browser_time(kit, ago_us, kept_ago_us):
    now_us = kit.clock.at_us
    shown(kit, shown_us=now_us - ago_us)
    (record,) = exposures(kit)
    assert record.event.occurred_us == now_us - kept_ago_us


@pytest.mark.parametrize("what", ["forged", "old", "unknown", "nonsense"])
def test_a_receipt_that_is_not_ours_is_quarantined_and_the_page_gets_200(kit, what):
    issued_us = kit.clock.at_us - (31 * DAY_US if what == "old" else 0)
    receipt = Receipt("d" * 32, "home-hero", "shoes", "v", "hero", 1, issued_us)
    text = sign(receipt, b"x" * 32 if what == "forged" else b"r" * 32)
    body = {"receipt": "nonsense" if what == "nonsense" else text}
    answered = kit.call("POST", "/v1/expose", body, key="pub")
    assert (answered.status, answered.json["quarantined"]) == (200, 1)
    codes = {"old": "old_receipt", "unknown": "unknown_decision"}
    assert answered.json["items"][0]["code"] == codes.get(what, "bad_receipt")
    assert exposures(kit) == []
    assert kit.counts == [("_api", "quarantined", 1)]


def test_a_full_queue_is_503_so_that_the_page_tries_again(kit):
    receipt = kit.decide().json["placements"][0]["items"][0]["receipt"]
    kit.is_full = True
    answered = kit.call("POST", "/v1/expose", {"receipt": receipt})
    assert (answered.status, answered.headers["retry-after"]) == (503, "3")


def test_an_exposure_of_an_impersonal_decision_names_nobody(kit):
    kit.decisions.refused = {"personalization"}
    shown(kit)
    assert exposures(kit)[0].event.identifiers == ()
