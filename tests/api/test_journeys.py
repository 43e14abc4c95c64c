"""Journeys over HTTP: entries, instances and commands are records and reads (journeys section 6)."""

import pytest

from journeyfold.core.profile import Instance

SUBJECT = {"subject": {"user_id": "u1"}}


def records(kit):
    return kit.log.read(-1, 10)


def test_somebody_is_let_in_by_a_record_of_the_platform(kit):
    body = SUBJECT | {"properties": {"order": "o1"}, "request_id": "r1"}
    answered = kit.call("POST", "/v1/journeys/vip/enter", body)
    (record,) = records(kit)
    assert (answered.status, answered.json["appended"]) == (200, 1)
    assert (record.event.name, record.kind) == ("journey.enter", "event")
    assert record.event.properties == {"order": "o1", "journey": "vip"}
    assert record.event.context == {"auth": "system"}


@pytest.mark.parametrize("headers", [None, {"idempotency-key": "r1"}])
def test_the_same_request_lets_in_once(kit, headers):
    body = SUBJECT if headers else SUBJECT | {"request_id": "r1"}
    for fate in ("appended", "duplicate"):
        kit.clock.at_us += 1_000_000
        answered = kit.call("POST", "/v1/journeys/vip/enter", body, headers=headers)
        assert answered.json[fate] == 1
    assert len(records(kit)) == 1


def test_two_requests_let_in_twice(kit):
    for _ in range(2):
        kit.call("POST", "/v1/journeys/vip/enter", SUBJECT)
    assert len(records(kit)) == 2


def test_a_journey_without_such_an_entry_lets_nobody_in(kit):
    assert kit.call("POST", "/v1/journeys/cart/enter", SUBJECT).status == 409
    assert records(kit) == []


@pytest.mark.parametrize("path", ["enter", "pause", "instances?person=u1"])
def test_an_unknown_journey_is_404(kit, path):
    method, body = ("GET", None) if "?" in path else ("POST", {} if path == "pause" else SUBJECT)
    assert kit.call(method, f"/v1/journeys/nope/{path}", body).status == 404


def test_a_page_lets_nobody_in(kit):
    body = {"subject": {"anonymous_id": "a1"}}
    assert kit.call("POST", "/v1/journeys/vip/enter", body, key="pub").status == 403


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("pause", "journey.paused"), ("drain", "journey.drained"), ("stop", "journey.stopped"),
        ("resume", "journey.resumed"), ("migrate", "journey.migrated"),
    ],
)  # fmt: skip
def test_a_command_needs_no_body(kit, action, name):
    assert kit.call("POST", f"/v1/journeys/vip/{action}").json["action"] == action
    assert records(kit)[0].event.name == name


def test_what_chooses_rows_needs_a_body(kit):
    assert kit.call("POST", "/v1/outbox/drop").status == 400


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("pause", "journey.paused"), ("drain", "journey.drained"), ("stop", "journey.stopped"),
        ("resume", "journey.resumed"), ("migrate", "journey.migrated"),
    ],
)  # fmt: skip
def test_a_command_is_a_record_of_its_own_kind(kit, action, name):
    answered = kit.call("POST", f"/v1/journeys/vip/{action}", {})
    (record,) = records(kit)
    assert (record.kind, record.event.name) == ("journey", name)
    assert record.event.properties["journey"] == "vip"
    assert str(record.event.properties["by"]).startswith("key ")
    assert answered.json == {"journey": "vip", "action": action, "offset": 0}


def test_a_resume_says_how_to_catch_up(kit):
    kit.call("POST", "/v1/journeys/vip/resume", {"catch_up": "skip-expired"})
    assert records(kit)[0].event.properties["catch_up"] == "skip-expired"


def test_a_key_that_may_not_write_the_project_commands_nothing(kit):
    assert kit.call("POST", "/v1/journeys/vip/stop", {}, key="narrow").status == 403


def test_instances_say_where_somebody_is(kit):
    person = kit.services.desk.people.recent(1)[0]
    person.journeys = [
        Instance(
            id="i1", journey="vip", version="v", key="k", entered_us=1_000_000, entry={},
            step="pause", at_us=2_000_000, due_us=3_000_000,
        ),
        Instance(id="i2", journey="cart", version="v", key="", entered_us=1, entry={}),
    ]  # fmt: skip
    told = kit.call("GET", f"/v1/journeys/vip/instances?person={person.person}").json
    (instance,) = told["instances"]
    assert (instance["step"], instance["since"], instance["due"]) == (
        "pause", "1970-01-01T00:00:02Z", "1970-01-01T00:00:03Z",
    )  # fmt: skip


def test_instances_of_nobody_are_404(kit):
    assert kit.call("GET", "/v1/journeys/vip/instances?person=user_id:nobody").status == 404
