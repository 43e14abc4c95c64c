"""From a wire message to an Event (collect C18 to C23, C32)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.envelope import Terms, draft, event_id_of, fingerprint_of, merged
from journeyfold.collect.json_entry import Refused
from journeyfold.core.event import Identifier

TERMS = Terms("web")
SERVER = Arrival(received_us=10**15, auth="server")
BROWSER = Arrival(received_us=10**15, auth="browser")
TRACK = {"type": "track", "event": "Seen", "userId": "u", "messageId": "m"}


def drafted(item, arrival=SERVER, terms=TERMS):
    return draft(item, arrival, terms, "fresh")


def event_of(item, arrival=SERVER, terms=TERMS):
    found = drafted(item, arrival, terms)
    assert not isinstance(found, Refused), found
    return found.event


def code(item, arrival=SERVER):
    found = drafted(item, arrival)
    return (found.code, found.pointer)


def identifiers(item, arrival=SERVER, terms=TERMS):
    return [(each.kind, each.value) for each in event_of(item, arrival, terms).identifiers]


def test_the_batch_lies_under_the_item():
    batch = Arrival(
        received_us=1, auth="server", context={"page": {"path": "/", "title": "T"}, "ip": "1.2.3.4"},
    )  # fmt: skip
    event = event_of(TRACK | {"context": {"page": {"path": "/x"}}}, batch)
    assert event.context["page"] == {"path": "/x", "title": "T"}
    assert event.context["ip"] == "1.2.3.0"


def test_items_do_not_share_what_the_batch_gave_them():
    batch = Arrival(received_us=1, auth="server", context={"page": {"path": "/"}})
    first, second = event_of(TRACK, batch), event_of(TRACK, batch)
    first.context["page"]["path"] = "changed"
    assert second.context["page"]["path"] == "/"


def test_nulls_are_dropped_first():
    item = TRACK | {"anonymousId": None, "context": None, "timestamp": None, "properties": None}
    assert event_of(item) == event_of(TRACK)
    assert drafted(item).fingerprint == drafted(TRACK).fingerprint


def test_the_path_decides_the_type():
    page = Arrival(received_us=1, auth="server", type="page")
    event = event_of(TRACK | {"name": "Home", "category": "Docs"}, page)
    assert (event.type, event.name, event.properties) == (
        "page", "Page", {"name": "Home", "category": "Docs"},
    )  # fmt: skip


def test_in_a_batch_the_type_is_required():
    assert code({"event": "E", "userId": "u"}) == ("unknown_type", "/type")
    assert code(TRACK | {"type": "TRACK"}) == ("unknown_type", "/type")


@pytest.mark.parametrize("key", ["context", "properties", "traits", "integrations"])
@pytest.mark.parametrize("value", [[], "x", 1, True])
def test_a_section_is_an_object(key, value):
    assert code(TRACK | {key: value}) == ("not_an_object", "/" + key)


@pytest.mark.parametrize("name", [None, "", "  ", 1, ["x"]])
def test_a_track_message_needs_a_name(name):
    assert code(TRACK | {"event": name}) == ("no_name", "/event")


def test_a_name_has_at_most_255_characters():
    assert event_of(TRACK | {"event": "é" * 255}).name == "é" * 255
    assert code(TRACK | {"event": "é" * 256}) == ("name_too_long", "/event")


def test_traits_of_identify_win_over_those_in_the_context():
    item = {
        "type": "identify", "userId": "u", "traits": {"a": 1},
        "context": {"traits": {"a": 2, "b": 3}, "locale": "de"},
    }  # fmt: skip
    event = event_of(item)
    assert event.traits == {"a": 1, "b": 3}
    assert "traits" not in event.context


def test_a_groups_traits_are_not_the_persons():
    event = event_of({"type": "group", "userId": "u", "groupId": "g", "traits": {"name": "I"}})
    assert event.traits == {}
    assert event.properties == {"group_traits": {"name": "I"}, "group_id": "g"}


def test_an_integer_id_becomes_its_decimal_text():
    assert identifiers(TRACK | {"userId": 42}) == [("user_id", "42")]


@pytest.mark.parametrize("value", [1.5, True, {}, []])
def test_what_cannot_be_an_id_is_dropped_with_a_warning(value):
    event = event_of(TRACK | {"userId": value, "anonymousId": "a"})
    assert event.identifiers == (Identifier("anonymous_id", "a"),)
    assert event.context["warnings"] == [{"code": "bad_id", "pointer": "/userId"}]


@pytest.mark.parametrize("value", [None, "", "  ", "\t"])
def test_nobody_is_no_identity(value):
    assert code(TRACK | {"userId": value}) == ("no_identity", "")


def test_an_alias_reads_the_previous_id_by_who_says_it():
    item = {"type": "alias", "userId": "new", "previousId": "old"}
    assert identifiers(item, BROWSER) == [("user_id", "new"), ("anonymous_id", "old")]
    assert identifiers(item, SERVER) == [("user_id", "new"), ("user_id", "old")]
    kinded = item | {"previousIdKind": "customer_id"}
    assert identifiers(kinded, SERVER) == [("user_id", "new"), ("customer_id", "old")]
    assert identifiers(kinded, BROWSER) == [("user_id", "new"), ("anonymous_id", "old")]


def test_an_advertising_id_counts_only_while_it_is_allowed():
    device = {"type": "ios", "advertisingId": "IDFA", "token": "T", "id": "D"}
    with_it = TRACK | {"context": {"device": device | {"adTrackingEnabled": True}}}
    assert identifiers(with_it) == [
        ("user_id", "u"), ("device_id", "D"), ("push_token", "T"), ("ios.idfa", "IDFA"),
    ]  # fmt: skip
    for word in (False, "true", 1, None):
        item = TRACK | {"context": {"device": device | {"adTrackingEnabled": word}}}
        assert ("ios.idfa", "IDFA") not in identifiers(item)


def test_external_ids_bring_their_kind():
    entries = [{"type": "loyalty_card", "id": "7"}, {"type": 1, "id": "x"}, "x", {"type": "k"}]
    item = TRACK | {"context": {"externalIds": entries}}
    assert identifiers(item) == [("user_id", "u"), ("loyalty_card", "7")]


def test_traits_named_by_identity_yaml_identify():
    terms = Terms("crm", trait_kinds=("email",))
    item = {"type": "identify", "userId": "u", "traits": {"email": "a@example.com", "phone": "1"}}
    assert identifiers(item, SERVER, terms) == [("user_id", "u"), ("email", "a@example.com")]
    assert identifiers(TRACK | {"traits": {"email": "x"}}, SERVER, terms) == [("user_id", "u")]


def test_gpc_is_only_exactly_true():
    signalled = Arrival(received_us=1, auth="browser", gpc=True)
    assert event_of(TRACK, signalled).context["gpc"] is True
    assert event_of(TRACK | {"context": {"gpc": True}}).context["gpc"] is True
    for word in (False, 1, "1", "true"):
        assert "gpc" not in event_of(TRACK | {"context": {"gpc": word}}).context


def test_what_a_retry_may_change_is_not_in_the_fingerprint():
    again = TRACK | {"sentAt": "2026-01-01", "writeKey": "k", "_metadata": {"n": 1}}
    assert drafted(TRACK).fingerprint == drafted(again).fingerprint
    assert drafted(TRACK).fingerprint != drafted(TRACK | {"properties": {"a": 1}}).fingerprint


@given(st.permutations(list((TRACK | {"properties": {"a": 1, "b": 2}}).items())))
def test_the_order_of_keys_does_not_change_a_fingerprint(pairs):
    whole = TRACK | {"properties": {"a": 1, "b": 2}}
    assert fingerprint_of(dict(pairs)) == fingerprint_of(whole)


def test_an_id_is_the_messages_or_from_the_idempotency_key_or_fresh():
    keyed = Arrival(received_us=1, auth="server", idempotency_key="K")
    assert event_id_of(TRACK, keyed, 3, lambda: "F") == ""
    assert event_id_of({}, keyed, 3, lambda: "F") == "K/3"
    assert event_id_of({}, SERVER, 3, lambda: "F") == "F"
    long = Arrival(received_us=1, auth="server", idempotency_key="K" * 200)
    assert len(event_id_of({}, long, 3, lambda: "F")) == 32


def test_a_message_id_has_at_most_100_characters():
    assert event_of(TRACK | {"messageId": "x" * 100}).id == "x" * 100
    assert code(TRACK | {"messageId": "x" * 101}) == ("bad_id", "/messageId")
    assert event_of(TRACK | {"messageId": 7}).id == "7"
    assert event_of(TRACK | {"messageId": ""}).id == "fresh"


@given(st.dictionaries(st.sampled_from("abc"), st.integers() | st.just({"x": 1}), max_size=3))
def test_merging_under_oneself_changes_nothing(value):
    assert merged(value, value) == value
    assert merged({}, value) == value
    assert merged(value, {}) == value


def test_prototype_names_are_ordinary_keys():
    properties = {"__proto__": {"x": 1}, "constructor": 1}
    assert event_of(TRACK | {"properties": properties}).properties == properties
