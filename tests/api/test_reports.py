"""Reports over HTTP: counts, rates with their intervals, and what a stage comes to."""

import pytest

from journeyfold.api.reports import row_of
from journeyfold.project.figures import MessageFigures


def test_a_journey_tells_its_versions_steps_and_lift(kit):
    answered = kit.call("GET", "/v1/journeys/cart-abandoned/report")
    assert answered.status == 200
    total = answered.json["figures"]["total"]
    assert total["entered"] > 0
    assert set(total["lift"]["difference"]) == {"estimate", "low", "high"}
    assert total["steps"]


def test_an_unknown_journey_is_404(kit):
    assert kit.call("GET", "/v1/journeys/nope/report").status == 404
    assert kit.call("GET", "/v1/messages/report?journey=nope").status == 404


def test_messages_are_told_with_rates_and_stages(kit):
    answered = kit.call("GET", "/v1/messages/report")
    assert answered.status == 200
    row = answered.json["messages"][0]
    assert 0 <= row["opened_rate"]["low"] <= row["opened_rate"]["estimate"] <= 1
    assert {each["stage"] for each in answered.json["stages"]} >= {"consideration"}


def test_a_message_has_its_conversions_revenue_and_lift(kit):
    rows = kit.call("GET", "/v1/messages/report").json["messages"]
    assert {"sent", "delivered", "goals", "value_micros", "arm"} <= set(rows[0]["message"])
    difference = rows[0]["message"]["lift"]["difference"]
    assert difference["low"] < difference["estimate"] < difference["high"]


def test_moves_of_stage_have_a_lift(kit):
    (stage,) = [
        each for each in kit.call("GET", "/v1/messages/report").json["stages"]
        if each["stage"] == "consideration"
    ]  # fmt: skip
    for move in stage["moves"]:
        assert (
            move["people"] == move["lift"]["treated"]["goals"] + move["lift"]["held_out"]["goals"]
        )
    assert [move["days"] for move in stage["moves"]] == [7, 30]


def test_messages_of_one_journey_only(kit):
    answered = kit.call("GET", "/v1/messages/report?journey=cart-abandoned")
    journeys = {row["message"]["journey"] for row in answered.json["messages"]}
    assert journeys == {"cart-abandoned"}


@pytest.mark.parametrize("path", ["/v1/messages/report", "/v1/journeys/cart-abandoned/report"])
def test_a_page_reads_no_report(kit, path):
    assert kit.call("GET", path, key="pub").status == 403


def message(**counts):
    return MessageFigures("j", "v", "mail", "email", "cart", "", **counts)


def test_what_bounced_is_in_no_open_rate():
    row = row_of(message(sent=10, bounced=2, opened=4))
    assert row.opened_rate.estimate == 0.5
    assert row.bounced_rate.estimate == 0.2


def test_openings_of_machines_are_in_no_rate():
    assert row_of(message(sent=10, opened=0, opened_by_machine=9)).opened_rate.estimate == 0


def test_nothing_sent_has_no_rate():
    assert row_of(message()).opened_rate.estimate is None
