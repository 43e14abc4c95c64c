"""Segments, manual members and conditions over HTTP."""

import msgspec
import pytest


@pytest.fixture
def vip(kit):
    """A manual segment beside the sample's own."""
    sample = kit.services.desk.sample
    card = msgspec.structs.replace(sample.segments[0], id="press", kind="manual", when="")
    sample.segments = [*sample.segments, card]
    return card


def test_segments_come_with_condition_and_size(kit):
    listed = kit.call("GET", "/v1/segments").json["segments"]
    assert listed
    assert {"id", "when", "size", "state"} <= set(listed[0])


def test_members_are_walked_by_cursor(kit):
    segment = max(kit.services.desk.sample.segments, key=lambda card: card.size or 0).id
    everyone = list(kit.services.desk.segments.members(segment, "", 10_000))
    walked, cursor = [], ""
    while True:
        page = kit.call("GET", f"/v1/segments/{segment}/members?limit=7{cursor}").json
        walked += page["members"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert walked == everyone


@pytest.mark.parametrize("cursor", ["x", "p_short", "p_" + "1" * 26, "%00", "p_../../etc/passwd"])
def test_a_cursor_no_page_gave_is_404(kit, cursor):
    segment = kit.services.desk.sample.segments[0].id
    answered = kit.call("GET", f"/v1/segments/{segment}/members?cursor={cursor}")
    assert answered.status == 404
    assert answered.json["error"]["pointer"] == "/cursor"


def test_members_of_an_unknown_segment_are_404(kit):
    assert kit.call("GET", "/v1/segments/nope/members").status == 404


@pytest.mark.parametrize(
    ("method", "name"), [("POST", "segment.member_added"), ("DELETE", "segment.member_removed")]
)
def test_manual_members_become_one_record_each(kit, vip, method, name):
    identifiers = [{"kind": "email", "value": f"{n}@x.example"} for n in "ab"]
    answered = kit.call(method, f"/v1/segments/{vip.id}/members", {"identifiers": identifiers})
    records = kit.log.read(-1, 10)
    assert answered.json["appended"] == 2
    assert {record.event.name for record in records} == {name}
    assert {record.event.properties["segment"] for record in records} == {"press"}


def test_a_list_with_a_request_id_is_applied_once(kit, vip):
    body = {"identifiers": [{"kind": "email", "value": "a@x.example"}], "request_id": "m1"}
    kit.call("POST", f"/v1/segments/{vip.id}/members", body)
    assert kit.call("POST", f"/v1/segments/{vip.id}/members", body).json["duplicate"] == 1


def test_a_segment_with_a_condition_takes_no_list(kit):
    segment = kit.services.desk.sample.segments[0].id
    body = {"identifiers": [{"kind": "email", "value": "a@x.example"}]}
    answered = kit.call("POST", f"/v1/segments/{segment}/members", body)
    assert (answered.status, answered.json["error"]["code"]) == (409, "not_manual")


def test_a_condition_is_checked_and_counted(kit):
    checked = kit.call("POST", "/v1/conditions/check", {"condition": 'traits.country == "DE"'}).json
    assert (checked["problems"], checked["people"]) == ([], 12)


def test_a_wrong_condition_is_an_answer_not_an_error(kit):
    answered = kit.call("POST", "/v1/conditions/check", {"condition": "traits.country == ["})
    assert answered.status == 200
    assert answered.json["problems"]


def test_a_condition_may_come_as_its_tree(kit):
    tree = kit.call("POST", "/v1/conditions/check", {"condition": "traits.age >= 18"}).json["ast"]
    again = kit.call("POST", "/v1/conditions/check", {"condition": tree}).json
    assert again["text"] == "traits.age >= 18"
