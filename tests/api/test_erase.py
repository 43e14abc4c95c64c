"""Forgetting somebody over HTTP: who may, what it says, what it writes (journeys E72)."""

import pytest

REASON = {"reason": "letter of 3 May"}


@pytest.fixture
def person(kit):
    return next(iter(sorted(kit.services.desk.sample.profiles)))


def path(person):
    return f"/v1/people/{person}/erase"


def erasures(kit):
    return [each for each in kit.log.read(-1, 100) if each.kind == "erasure"]


def test_a_server_key_may_not_erase(kit, person):
    assert kit.call("POST", path(person), REASON).status == 403
    assert erasures(kit) == []


def test_a_dry_run_says_what_goes_and_writes_nothing(kit, person):
    told = kit.call("POST", path(person), REASON | {"dry_run": True}, key="adm")
    assert told.status == 200
    assert (told.json["person"], told.json["offset"]) == (person, None)
    assert told.json["identifiers"] > 0
    assert erasures(kit) == []


def test_an_erasure_is_a_record_that_names_hashes_and_nobody(kit, person):
    told = kit.call("POST", path(person), REASON, key="adm").json
    (record,) = erasures(kit)
    assert told["offset"] == record.offset
    assert record.event.identifiers == ()
    assert set(record.event.properties) == {"nodes"}
    assert all(bytes.fromhex(node) for node in record.event.properties["nodes"])


def test_who_erased_whom_and_why_is_audited(kit, person):
    kit.call("POST", path(person), REASON, key="adm")
    act, subject, reason = kit.services.desk.keys.acts[-1][1:]
    assert (act, subject, reason) == ("person.erase", person, "letter of 3 May")


def test_a_reason_is_asked_for(kit, person):
    assert kit.call("POST", path(person), {}, key="adm").status == 400


def test_somebody_unknown_and_somebody_erased_are_answered_alike(kit, person):
    unknown = kit.call("POST", path("p_" + "a" * 26), REASON, key="adm")
    del kit.services.desk.sample.profiles[person]
    erased = kit.call("POST", path(person), REASON, key="adm")
    assert unknown.status == 404
    assert unknown.body == erased.body
