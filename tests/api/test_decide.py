"""`POST /v1/decide`: durable before the reply, idempotent, honest about what went wrong."""

import msgspec
import pytest

from journeyfold.core.instant import SECOND_US
from journeyfold.core.profile import Contact
from journeyfold.decide.receipt import verify


def hero(answered):
    (placed,) = answered.json["placements"]
    return placed


def test_the_decision_is_in_the_log_with_what_was_said(kit):
    answered = kit.decide(key="pub")
    (record,) = kit.log.read(-1, 10)
    assert (record.kind, record.event.source, record.event.name) == (
        "decision",
        "_decide",
        "Decision Made",
    )
    assert record.event.id == answered.json["decision_id"]
    assert record.event.properties["decision"]["placements"][0]["items"] == hero(answered)["items"]


def test_an_item_says_what_why_and_how_likely(kit):
    (item,) = hero(kit.decide(key="pub"))["items"]
    receipt = item.pop("receipt")
    assert item == {
        "offer": "ten-percent",
        "variant": "plain",
        "content": {"title": "10 % for you"},
        "rank": 1,
        "score": None,
        "propensity": 1.0,
        "policy": "fixed@c3f1a0b9",
    }
    assert verify(receipt, b"r" * 32, kit.clock.at_us).offer == "ten-percent"


def test_a_repeat_gives_the_stored_bytes_whatever_changed_since(kit):
    kit.know()
    first = kit.decide({"request_id": "r1", "trace": True})
    kit.decisions.failing = {"offer/ten-percent/eligibility"}
    kit.decisions.offset, kit.clock.at_us = 99, kit.clock.at_us + 5 * SECOND_US
    again = kit.decide({"request_id": "r1", "trace": True})
    assert again.body == first.body
    assert len(kit.log.read(-1, 10)) == 1


def test_a_repeat_in_another_spelling_is_the_same_request(kit):
    body = {"placements": [{"id": "home-hero"}], "subject": {"anonymous_id": "a9"}}
    first = kit.decide({"request_id": "r1"})
    raw = msgspec.json.format(msgspec.json.encode({"request_id": "r1"} | body), indent=4)
    assert kit.call("POST", "/v1/decide", raw=raw).body == first.body


def test_the_same_request_id_with_another_body_is_a_conflict(kit):
    kit.decide({"request_id": "r1"})
    answered = kit.decide({"request_id": "r1", "context": {"page": "/x"}})
    assert (answered.status, answered.json["error"]["code"]) == (409, "conflict")


def test_two_keys_do_not_share_request_ids(kit):
    one = kit.decide({"request_id": "r1"}, key="srv")
    other = kit.decide({"request_id": "r1"}, key="pub")
    assert one.json["decision_id"] != other.json["decision_id"]


def test_without_a_request_id_each_call_is_its_own(kit):
    assert kit.decide().json["decision_id"] != kit.decide().json["decision_id"]


def test_when_the_same_request_comes_twice_at_once_both_get_the_first_answer(kit):
    kit.know()
    append = kit.services.door.append
    first = []

    async def late(items, rejected):
        if not first:
            first.append(await append(items, rejected))
            kit.decisions.offset = 8
        return await append(items, rejected)

    kit.services.door.append = late
    answered = kit.decide({"request_id": "r1"})
    assert answered.json["decision_id"] == kit.log.read(-1, 1)[0].event.id
    assert answered.status == 200


def test_when_the_log_is_full_the_page_gets_its_default_marked_unlogged(kit):
    kit.is_full = True
    answered = kit.decide()
    assert answered.status == 200
    assert answered.json["degraded"] == ["unlogged"]
    assert hero(answered)["fallback_level"] == 4
    (item,) = hero(answered)["items"]
    assert (item["offer"], item["propensity"], item["receipt"]) == ("welcome", None, None)


def test_an_unlogged_answer_reserves_nothing(kit):
    kit.is_full = True
    kit.decide()
    unit = next(iter(kit.decisions.profiles), "")
    assert kit.services.reservations.of(unit, kit.clock.at_us) == ()


def test_when_the_state_cannot_be_read_the_default_is_logged_and_marked(kit):
    kit.decisions.is_readable = False
    answered = kit.decide()
    assert answered.json["degraded"] == ["profile"]
    assert hero(answered)["fallback_level"] == 4
    assert kit.log.read(-1, 1)[0].event.identifiers == ()


def test_it_waits_for_the_fold_for_half_the_budget_then_says_stale(kit):
    kit.folded = 3
    assert kit.decide({"after": 3, "timeout_ms": 200}).json["degraded"] == []
    assert kit.decide({"after": 4, "timeout_ms": 200}).json["degraded"] == ["stale"]
    assert kit.waits == [(3, 0.1), (4, 0.1)]


def test_an_unknown_placement_is_a_404_alone_and_an_entry_among_others(kit):
    alone = kit.decide({"placements": [{"id": "nope"}]})
    assert (alone.status, alone.json["error"]["pointer"]) == (404, "/placements/0/id")
    both = kit.decide({"placements": [{"id": "nope"}, {"id": "cart"}]})
    assert [each.get("error") for each in both.json["placements"]] == ["not_found", None]


def test_before_a_project_is_loaded_it_is_503(kit):
    kit.decisions.book = None
    answered = kit.decide()
    assert (answered.status, answered.headers["retry-after"]) == (503, "1")


# -- who may ask for whom ----------------------------------------------------------------------


def test_a_write_key_decides_for_its_own_visitor_only(kit):
    answered = kit.decide({"subject": {"user_id": "u1", "anonymous_id": "a9"}}, key="pub")
    assert (answered.status, answered.json["error"]["pointer"]) == (403, "/subject/user_id")
    assert kit.decide({"subject": {"user_id": "u1"}}, key="srv").status == 200


def test_a_write_key_never_sees_traits_or_operands(kit):
    kit.know()
    kit.decisions.failing = {"offer/ten-percent/eligibility"}
    reasons = hero(kit.decide({"trace": True}, key="pub"))["reasons"]
    assert {"offer": "ten-percent", "stage": "eligibility", "code": "not_eligible"} in reasons


def test_a_server_key_that_reads_people_sees_the_leaf_and_its_value(kit):
    kit.know()
    kit.decisions.failing = {"offer/ten-percent/eligibility"}
    reasons = hero(kit.decide({"trace": True}))["reasons"]
    assert reasons[-1]["operand"] == 17
    narrow = hero(kit.decide({"trace": True}, key="narrow"))["reasons"]
    assert all("operand" not in each for each in narrow)


def test_without_trace_there_are_no_reasons_on_the_wire_but_in_the_log(kit):
    assert "reasons" not in hero(kit.decide())
    assert kit.log.read(-1, 1)[0].event.properties["decision"]["placements"][0]["reasons"]


# -- consent ------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stored", "said"])
def test_without_the_purpose_the_answer_is_not_personal(kit, how):
    kit.know()
    if how == "stored":
        kit.decisions.refused = {"personalization"}
    said = {} if how == "stored" else {"consent": {"personalization": False}}
    answered = kit.decide(said)
    (record,) = kit.log.read(-1, 1)
    assert hero(answered)["fallback_level"] == 4
    assert record.event.identifiers == ()
    assert record.event.properties["person"] == ""
    assert "assigned" not in record.event.properties


def test_the_basis_that_holds_for_a_stranger_is_that_of_the_keys_source(kit):
    kit.decide()
    assert kit.decisions.sources == ["web"]


def test_request_consent_cannot_widen_what_is_stored(kit):
    kit.decisions.refused = {"personalization"}
    assert hero(kit.decide({"consent": {"personalization": True}}))["fallback_level"] == 4


# -- caps, context, preview ---------------------------------------------------------------------


def test_a_decision_reserves_its_caps_for_a_minute(kit):
    profile = kit.know()
    kit.decide()
    (held,) = kit.services.reservations.of(profile.person, kit.clock.at_us)
    assert (held.offer, held.kind) == ("ten-percent", "exposed")
    later_us = kit.clock.at_us + 60 * SECOND_US
    assert kit.services.reservations.of(profile.person, later_us) == ()


def test_context_is_typed_and_what_nobody_asks_for_is_left_out(kit):
    context = {"page": "/", "device": "mobile", "cart_value": 3, "utm": {"x": 1}}
    kit.decide({"context": context})
    assert kit.decisions.contexts[0][0] == {"page": "/", "device": "mobile", "cart_value": 3.0}


def test_context_of_the_wrong_type_is_refused_with_the_place(kit):
    answered = kit.decide({"context": {"page": 7}})
    assert (answered.status, answered.json["error"]["pointer"]) == (400, "/context/page")


def test_a_preview_is_marked_and_not_logged(kit):
    kit.know(contacts=[Contact("k", "exposed", 1, "home-hero", "shoes")])
    body = {"mode": "preview", "at": "2026-01-01T00:00:00Z"}
    answered = kit.decide(body)
    assert answered.json["mode"] == "preview"
    assert kit.log.head() == (-1, 0)
    assert kit.decisions.contexts[0][1] == 1_767_225_600_000_000


def test_a_preview_may_force_an_offer(kit):
    force = {"offer": "shoes", "variant": "v"}
    body = {"mode": "preview", "placements": [{"id": "home-hero", "force": force}]}
    assert hero(kit.decide(body))["items"][0]["offer"] == "shoes"


@pytest.mark.parametrize("key", ["pub", "narrow"])
def test_a_preview_needs_the_right_to_read_people(kit, key):
    assert kit.decide({"mode": "preview"}, key=key).status == 403


@pytest.mark.parametrize(
    "more",
    [
        {"at": "2026-01-01T00:00:00Z"},
        {"placements": [{"id": "home-hero", "force": {"offer": "shoes"}}]},
    ],
)
def test_a_live_call_can_neither_move_time_nor_force(kit, more):
    assert kit.decide(more).status == 400


# -- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"subject": {}}, "/subject"),
        ({"subject": {"anonymous_id": ""}}, "/subject"),
        ({"subject": {"anonymous_id": "a\x00"}}, "/subject"),
        ({"subject": {"anonymous_id": True}}, "/subject"),
        ({"placements": []}, "/placements"),
        ({"placements": [{"id": "x"}] * 21}, "/placements"),
        ({"placements": [{"id": "x", "limit": 0}]}, "/placements/0/limit"),
        ({"placements": ["x"]}, "/placements/0"),
        ({"mode": "qa"}, "/mode"),
        ({"timeout_ms": 5000}, "/timeout_ms"),
        ({"request_id": ""}, "/request_id"),
        ({"surprise": 1}, ""),
        ({"at": "tomorrow", "mode": "preview"}, "/at"),
    ],
)
def test_a_wrong_shape_is_a_400_with_the_place(kit, more, pointer):
    answered = kit.decide(more)
    assert (answered.status, answered.json["error"]["code"]) == (400, "bad_request")
    assert answered.json["error"]["pointer"] == pointer
    assert kit.log.head() == (-1, 0)


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"null", 400, "bad_request"),
        (b"[]", 400, "bad_request"),
        (b"{", 400, "invalid_json"),
        (b'{"subject": {"user_id": "\xff"}}', 400, "invalid_json"),
        (b"[" * 5000, 400, "invalid_json"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, 400, "too_deep"),
        (b'{"context": {"page": 1e999}}', 400, "number_out_of_range"),
        (b'{"x": "' + b"y" * 70_000 + b'"}', 413, "body_too_large"),
    ],
)
def test_what_is_not_json_is_refused_with_a_code(kit, raw, status, code):
    answered = kit.call("POST", "/v1/decide", raw=raw)
    assert (answered.status, answered.json["error"]["code"]) == (status, code)


def test_text_plain_is_for_the_door_only(kit):
    answered = kit.decide(headers={"content-type": "text/plain"})
    assert (answered.status, answered.json["error"]["code"]) == (415, "unsupported_type")
