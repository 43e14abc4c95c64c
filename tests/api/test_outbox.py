"""`/v1/outbox` and `/v1/destinations`: what waits and why, and commands that are records."""

import pytest

from journeyfold.activate.outbox import Attempt, Row, ended
from journeyfold.core.effect import Deliver
from journeyfold.testing.desk import NOW_US


def row(key, state="pending", destination="crm", journey="cart", reason=""):
    payload = {"kind": "webhook", "journey": journey, "step": "call"}
    made = Row(Deliver(key, destination, "p_a", NOW_US, "necessary", payload))
    if state == "pending":
        return made
    attempt = Attempt(NOW_US, 1_500, "dead", reason)
    return ended(made, state, reason, NOW_US, attempts=(attempt,), request="{}", response="no")


@pytest.fixture
def filled(kit):
    kit.outbox.put(
        row("a"), row("b", "dead", reason="answered 422"),
        row("c", "unknown", journey="welcome", reason="the process ended"),
    )  # fmt: skip
    return kit


def told(answer):
    assert answer.status == 200, answer.json
    return answer.json


def test_rows_come_with_their_attempts_and_the_counts_of_all(filled):
    page = told(filled.call("GET", "/v1/outbox?limit=2"))
    assert [each["key"] for each in page["rows"]] == ["a", "b"]
    assert page["counts"] == {"pending": 1, "dead": 1, "unknown": 1}
    assert page["rows"][1]["attempts"][0]["reason"] == "answered 422"
    assert page["next_cursor"] == "b"


def test_the_next_page_begins_after_the_cursor(filled):
    page = told(filled.call("GET", "/v1/outbox?limit=2&cursor=b"))
    assert [each["key"] for each in page["rows"]] == ["c"]
    assert page["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("state=dead", ["b"]), ("journey=cart", ["a", "b"]), ("reason=422", ["b"]),
        ("destination=crm", ["a", "b", "c"]), ("destination=other", []),
    ],
)  # fmt: skip
def test_rows_are_filtered(filled, query, keys):
    page = told(filled.call("GET", f"/v1/outbox?{query}"))
    assert [each["key"] for each in page["rows"]] == keys


def test_an_unknown_state_is_refused(filled):
    assert filled.call("GET", "/v1/outbox?state=lost").status == 400


@pytest.mark.parametrize(("act", "rows"), [("retry", 2), ("resend", 3), ("drop", 3)])
def test_a_command_says_how_many_it_is_about_and_is_a_record(filled, act, rows):
    done = told(filled.call("POST", f"/v1/outbox/{act}", {"destination": "crm"}))
    assert (done["act"], done["rows"]) == (act, rows)
    (record,) = filled.log.read(-1, 10)
    assert record.event.name == f"outbox.{act}"
    assert record.event.properties["filter"]["destinations"] == ["crm"]


def test_a_command_without_a_word_about_which_is_refused(filled):
    assert filled.call("POST", "/v1/outbox/drop", {}).status == 400
    assert told(filled.call("POST", "/v1/outbox/drop", {"all": True}))["rows"] == 3


def test_commands_need_the_right_to_change_the_project(filled):
    asked = filled.call("POST", "/v1/outbox/retry", {"all": True}, key="pub")
    assert asked.status in {401, 403}


def test_destinations_tell_what_waits_there(filled):
    (crm,) = told(filled.call("GET", "/v1/destinations"))["destinations"]
    assert (crm["id"], crm["status"]) == ("crm", "missing")
    assert crm["rows"] == {"pending": 1, "dead": 1, "unknown": 1}
    assert crm["oldest"].endswith("Z")


def test_a_destination_is_paused_and_resumed_by_records(filled):
    for act, name in (("pause", "destination.paused"), ("resume", "destination.resumed")):
        done = told(filled.call("POST", f"/v1/destinations/crm/{act}", {}))
        (record,) = filled.log.read(done["offset"] - 1, 1)
        assert (record.event.name, record.event.properties["destination"]) == (name, "crm")


def test_a_destination_that_nobody_knows_is_not_found(filled):
    assert filled.call("POST", "/v1/destinations/nowhere/resume", {}).status == 404
