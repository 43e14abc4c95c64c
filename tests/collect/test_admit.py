"""The door's judgement: consent, plan, cardinality, identity; and the way back (C28 to C31)."""

import json

import msgspec
import pytest
from door_kit import NOW_US, ORDER_SCHEMA, Kit, nodes_of
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect.admit import Verdict, admit, gate_of, replay
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.json_entry import Refused
from journeyfold.core.ports import Entry, Held
from journeyfold.quality.registry import load_registry
from journeyfold.sources.inventory import Limits, Plan, Source

ARRIVAL = Arrival(received_us=NOW_US, auth="browser", key_id="k")


def allow(event, nodes):
    return Verdict(event)


def gate(plan=None, *, schemas=(ORDER_SCHEMA,), env="development", protect=allow, **source):
    files = {f"schemas/s{n}.1.json": json.dumps(schema) for n, schema in enumerate(schemas)}
    given = Source(kind="browser", source="web", env=env, plan=plan, **source)
    return gate_of(given, load_registry(files), protect=protect, nodes_of=nodes_of)


def order(**properties):
    return {"type": "track", "event": "Order Completed", "userId": "u", "messageId": "m",
            "properties": properties}  # fmt: skip


def judged(item, at):
    return admit(at, item, ARRIVAL, "fresh")


def test_a_valid_event_carries_the_schema_it_was_judged_by():
    entry = judged(order(order_id="1"), gate())
    assert isinstance(entry, Entry)
    assert entry.event.schema == "s0.1"
    assert (entry.key_id, entry.nodes) == ("k", (b"user_id:u".ljust(16),))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("allow", Entry), ("flag", Entry), ("quarantine", Held), ("reject", Refused)],
)
def test_an_unknown_event_goes_where_the_plan_says(mode, expected):
    found = judged(order() | {"event": "Odd"}, gate(Plan(unknown_event=mode)))
    assert isinstance(found, expected)
    if mode == "flag":
        assert found.event.context["quality"]["errors"][0]["code"] == "unknown_event"
    elif expected is not Entry:
        assert (found.code, found.pointer) == ("unknown_event", "/event")


def test_the_platforms_own_words_need_no_schema():
    item = order() | {"event": "Consent Updated"}
    assert isinstance(judged(item, gate(Plan(unknown_event="reject"))), Entry)


@pytest.mark.parametrize("kind", ["identify", "page", "screen", "group", "alias"])
def test_the_types_of_the_wire_are_known_events(kind):
    item = {"type": kind, "userId": "u", "previousId": "a"}
    assert isinstance(judged(item, gate(Plan(unknown_event="reject"))), Entry)


def test_an_unknown_property_is_stripped_flagged_held_or_let_in():
    item = order(order_id="1", colour="red")
    assert judged(item, gate()).event.properties == {"order_id": "1", "colour": "red"}
    assert judged(item, gate(Plan(unknown_property="strip"))).event.properties == {"order_id": "1"}
    flagged = judged(item, gate(Plan(unknown_property="flag")))
    assert flagged.event.context["quality"]["errors"][0]["pointer"] == "/properties/colour"
    held = judged(item, gate(Plan(unknown_property="quarantine")))
    assert (held.code, held.pointer) == ("unknown_property", "/properties/colour")


@pytest.mark.parametrize(
    ("mode", "expected"), [("quarantine", Held), ("flag", Entry), ("reject", Refused)]
)
def test_an_invalid_event_goes_where_the_plan_says(mode, expected):
    found = judged(order(total=1), gate(Plan(invalid=mode)))
    assert isinstance(found, expected)
    if mode == "flag":
        assert found.event.context["quality"]["errors"] == [
            {"code": "schema", "pointer": "/properties/order_id", "detail": "required, but missing"}
        ]
        assert found.event.schema == "s0.1"
    else:
        assert (found.code, found.pointer) == ("schema", "/properties/order_id")


def test_a_schema_overrides_the_source_plan_for_invalid_events():
    strict = ORDER_SCHEMA | {"x-journeyfold": {"invalid": "reject"}}
    assert isinstance(judged(order(), gate(Plan(invalid="flag"), schemas=(strict,))), Refused)


def test_a_live_source_is_stricter_by_default():
    live = gate(env="live")
    assert judged(order() | {"event": "Odd"}, live).code == "unknown_event"
    assert judged(order(order_id="1", x=1), live).event.properties == {"order_id": "1"}


def test_what_consent_denies_is_never_kept():
    at = gate(protect=lambda event, nodes: Verdict(None, "consent"))
    assert judged(order(order_id="1"), at).code == "consent"


def test_quarantine_keeps_only_the_minimised_event():
    def without_colour(event, nodes):
        kept = {key: value for key, value in event.properties.items() if key != "colour"}
        return Verdict(msgspec.structs.replace(event, properties=kept), dropped=("colour",))

    held = judged(order(colour="CANARY"), gate(protect=without_colour))
    assert isinstance(held, Held)
    assert b"CANARY" not in held.message


def test_identifiers_that_went_with_consent_leave_the_index():
    def without_user(event, nodes):
        left = tuple(each for each in event.identifiers if each.kind != "user_id")
        return Verdict(msgspec.structs.replace(event, identifiers=left))

    entry = judged(order(order_id="1") | {"anonymousId": "a"}, gate(protect=without_user))
    assert entry.nodes == (b"anonymous_id:a".ljust(16),)


def test_only_unusable_identifiers_are_quarantined():
    held = judged(order(order_id="1") | {"userId": "undefined"}, gate())
    assert held.code == "no_usable_identifier"
    assert judged(order(order_id="1") | {"userId": 1.5}, gate()).code == "no_usable_identifier"


def test_a_held_message_says_what_lists_need():
    held = judged(order(total=-1, order_id="1"), gate())
    assert (held.source, held.code, held.pointer) == ("web", "schema", "/properties/total")
    assert (held.event_id, held.name, held.schema, held.auth) == (
        "m",
        "Order Completed",
        "s0.1",
        "browser",
    )
    assert (held.key_id, held.received_us, held.nodes) == ("k", NOW_US, (b"user_id:u".ljust(16),))
    assert "-1" not in held.detail


@given(
    st.dictionaries(
        st.sampled_from(["order_id", "total", "x"]), st.integers() | st.text(), max_size=3
    ),
    st.sampled_from(["Order Completed", "Odd"]),
)
def test_a_replay_gives_what_direct_admission_under_the_new_plan_gives(properties, name):
    item = order(**properties) | {"event": name, "timestamp": "2026-11-21T00:00:00Z"}
    strict = gate(
        Plan(unknown_event="quarantine", unknown_property="quarantine", invalid="quarantine")
    )
    held = judged(item, strict)
    if isinstance(held, Held):
        for plan in (
            Plan(),
            Plan(invalid="flag", unknown_property="strip"),
            Plan(invalid="reject"),
        ):
            assert replay(gate(plan), held) == judged(item, gate(plan))


def test_a_replay_may_meet_quarantine_again():
    held = judged(order(), gate())
    assert replay(gate(), held) == held


def test_what_never_was_an_event_stays_where_it_is():
    found = replay(gate(), Held("web", b"1;2;3", "csv", "", NOW_US))
    assert found.code == "not_an_event"


def test_splitting_a_batch_changes_no_fate():
    items = [order(order_id="1") | {"messageId": str(n), "event": name}
             for n, name in enumerate(["Order Completed", "Odd", "", "Order Completed"])]  # fmt: skip
    source = Source(kind="browser", source="web", plan=Plan(unknown_event="quarantine"))
    whole, split = Kit(source, schemas=[ORDER_SCHEMA]), Kit(source, schemas=[ORDER_SCHEMA])
    whole.post("/v1/batch", {"batch": items})
    for item in items:
        split.post("/v1/batch", {"batch": [item]})
    assert whole.log.entries == split.log.entries
    assert whole.log.held == split.log.held
    assert whole.counts == split.counts


def test_an_import_may_be_larger_than_the_wire():
    wide = Source(kind="server", source="web", limits=Limits(max_event="64KiB"))
    at = gate_of(wide, load_registry({}), protect=allow, nodes_of=nodes_of)
    assert isinstance(judged(order(note="x" * 40_000), at), Entry)
    assert judged(order(note="x" * 40_000), gate()).code == "event_too_large"
