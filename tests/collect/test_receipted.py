"""Responses that come through the collector are believed by their receipt (decisions A3)."""

import msgspec
import pytest
from door_kit import NOW_US, SRV, Kit

from journeyfold.core.instant import DAY_US
from journeyfold.decide.receipt import Receipt, sign

KEY = bytes(range(32))
SHOWN = Receipt("d1", "hero", "ten", "red", "discount", 1, NOW_US - DAY_US, "web")


@pytest.fixture
def kit():
    made = Kit()
    made.gates = {
        name: msgspec.structs.replace(gate, receipt_key=KEY) for name, gate in made.gates.items()
    }
    return made


def clicked(kit, **properties):
    return kit.track(event="Offer Clicked", properties=properties)


def test_a_receipt_alone_says_what_was_answered(kit):
    assert clicked(kit, receipt=sign(SHOWN, KEY)).json["appended"] == 1
    said = kit.log.events[0].properties
    assert (said["decision_id"], said["placement"], said["offer"]) == ("d1", "hero", "ten")
    assert (said["variant"], said["category"], said["rank"]) == ("red", "discount", 1)


def test_the_receipt_wins_over_the_sender(kit):
    clicked(kit, receipt=sign(SHOWN, KEY), offer="twenty", decision_id="d2", note="kept")
    said = kit.log.events[0].properties
    assert (said["offer"], said["decision_id"], said["note"]) == ("ten", "d1", "kept")


@pytest.mark.parametrize(
    "receipt",
    [
        sign(SHOWN, bytes(32)),
        sign(msgspec.structs.replace(SHOWN, issued_us=NOW_US - 31 * DAY_US), KEY),
        sign(SHOWN, KEY)[:-1],
        "",
        5,
    ],
    ids=["forged", "old", "torn", "empty", "a number"],
)
def test_a_receipt_that_cannot_be_believed_is_quarantined(kit, receipt):
    answer = clicked(kit, receipt=receipt)
    assert answer.status == 200
    assert answer.json["items"] == [
        {"index": 0, "fate": "quarantined", "code": "receipt", "pointer": "/properties/receipt"}
    ]
    assert kit.log.entries == []


def test_a_browser_cannot_speak_of_a_decision_without_its_receipt(kit):
    assert clicked(kit, decision_id="d1", offer="ten").json["quarantined"] == 1


def test_a_server_may_speak_of_decisions_made_elsewhere(kit):
    message = {
        "event": "Offer Shown",
        "userId": "u",
        "properties": {"decision_id": "x", "offer": "ten"},
    }
    assert kit.post("/v1/track", message, key=SRV).json["appended"] == 1


def test_an_offer_outside_of_decisions_needs_no_receipt(kit):
    assert clicked(kit, offer="newsletter").json["appended"] == 1


def test_other_events_may_carry_a_receipt_of_their_own(kit):
    answer = kit.track(event="Order Completed", properties={"receipt": "till 4"})
    assert answer.json["appended"] == 1
