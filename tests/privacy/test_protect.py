"""What the door stores of an event (collect C28, trust PRV-3, PRV-6, PRV-7)."""

import msgspec
import pytest

from journeyfold.core.event import Event, Identifier
from journeyfold.privacy.consent import PrivacySettings, statements
from journeyfold.privacy.protect import (
    Protected,
    Stored,
    as_stored,
    asked_of,
    network_of,
    protect,
    protection_of,
)
from journeyfold.sources.inventory import Source


class Schema(msgspec.Struct):
    type: str
    name: str
    purposes: tuple[str, ...]
    document: dict


WEB = Source(kind="browser", source="web")
SHOP = Source(kind="server", source="shop", basis="contract", purposes=("personalization",))
ORDER = Schema(
    "track",
    "Order Completed",
    (),
    {
        "properties": {
            "total": {"type": "number"},
            "note": {"type": "string", "x-purposes": ["analytics"]},
            "gift": {"properties": {"card": {"x-purposes": ["marketing"]}}},
            "diagnosis": {"x-tag": "user.health_and_medical", "x-purposes": ["analytics"]},
        }
    },
)
VIEWED = Schema("track", "Product Viewed", ("analytics",), {"properties": {"sku": {}}})
IDENTIFY = Schema(
    "identify",
    "Identify",
    (),
    {
        "properties": {
            "email": {"x-purposes": ["marketing_email"]},
            "phone": {"x-purposes": ["necessary", "marketing_sms"]},
        }
    },
)
SCHEMAS = (ORDER, VIEWED, IDENTIFY)
PLAN = protection_of(SCHEMAS, WEB, PrivacySettings())


def order(context=None, **properties):
    return Event("e", "Order Completed", "track", "web", (), 1, 1, properties, {}, context or {})


def viewed(**purposes):
    context = {"consent": {"purposes": purposes}} if purposes else {}
    return Event("e", "Product Viewed", "track", "web", (), 1, 1, {"sku": "a"}, {}, context)


def gated(event, *stored, plan=PLAN):
    return protect(event, statements(event), stored, plan)


def remembered(binds=True, **purposes):
    event = Event("old", "Consent Updated", "track", "web", (), 0, 1, {"purposes": purposes})
    return Stored(statements(event), binds)


def test_an_event_that_asks_for_nothing_passes_as_it_is():
    event = order(total=9)
    assert gated(event).event is event


def test_a_field_without_its_purpose_is_removed_and_named():
    assert gated(order(total=9, note="x")) == Protected(order(total=9), ("note",))


def test_a_field_inside_an_object_is_removed():
    found = gated(order(gift={"card": "x", "wrap": True}))
    assert found == Protected(order(gift={"wrap": True}), ("gift.card",))


def test_a_field_with_its_purpose_granted_stays():
    event = order(context={"consent": {"purposes": {"analytics": True}}}, note="x")
    assert gated(event).event is event


def test_a_stored_consent_is_enough():
    assert gated(order(note="x"), remembered(analytics=True)).dropped == ()


def test_an_event_whose_own_purpose_is_denied_is_refused():
    assert gated(viewed(analytics=False)) == Protected(None, (), "consent")


def test_an_event_whose_purpose_nobody_granted_follows_the_default_of_the_region():
    there = msgspec.structs.replace(viewed(), context={"country": "US"})
    assert [gated(viewed()).event, gated(there).event] == [None, there]


def test_a_denial_of_another_node_wins_over_the_requests_grant():
    assert gated(viewed(analytics=True), remembered(binds=False, analytics=False)).event is None


def test_the_requests_statement_is_newer_than_what_its_node_had_said():
    assert gated(viewed(analytics=True), remembered(analytics=False)).event is not None


def test_a_source_under_contract_is_granted_its_purposes():
    schema = Schema("track", "Product Viewed", ("personalization",), {})
    plan = protection_of([schema], SHOP, PrivacySettings())
    assert gated(viewed(), plan=plan).event is not None


def test_a_denial_wins_over_the_contract():
    schema = Schema("track", "Product Viewed", ("personalization",), {})
    plan = protection_of([schema], SHOP, PrivacySettings())
    assert gated(viewed(personalization=False), plan=plan).event is None


def test_a_sensitive_field_is_not_granted_by_a_regions_default():
    event = order(context={"country": "US"}, diagnosis="x", note="y")
    assert gated(event).dropped == ("diagnosis",)


def test_an_identifier_read_from_a_dropped_trait_goes_with_it():
    names = (Identifier("user_id", "ann"), Identifier("email", "ann@example.com"))
    event = Event("e", "Identify", "identify", "web", names, 1, 1, {}, {"email": "ann@example.com"})
    found = gated(event)
    assert found.dropped == ("email",)
    assert (found.event.identifiers, found.event.traits) == (names[:1], {})


def test_a_necessary_field_stays_without_any_consent():
    event = Event("e", "Identify", "identify", "web", (), 1, 1, {}, {"phone": "+4930123456"})
    assert gated(event).event is event


def test_the_newest_version_of_a_schema_decides():
    older = Schema("track", "Product Viewed", ("marketing",), {})
    plan = protection_of([older, Schema("track", "Product Viewed", (), {})], WEB, PrivacySettings())
    assert gated(viewed(), plan=plan).event is not None


@pytest.mark.parametrize(
    ("whole", "cut"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3::4", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("not an address", None),
    ],
)
def test_an_address_is_cut_to_its_network(whole, cut):
    assert network_of(whole) == cut


def test_the_stored_address_is_cut():
    assert gated(order(context={"ip": "203.0.113.77"})).event.context == {"ip": "203.0.113.0"}


def test_an_address_that_is_none_is_removed():
    assert gated(order(context={"ip": "somewhere"})).event.context == {}


def test_a_source_with_a_purpose_for_it_keeps_the_whole_address():
    source = Source(kind="browser", source="web", ip="full", purposes=("necessary",))
    event = order(context={"ip": "203.0.113.77"})
    plan = protection_of(SCHEMAS, source, PrivacySettings())
    assert gated(event, plan=plan).event is event


def test_an_event_asks_nothing_when_no_field_of_it_has_a_purpose():
    told = Event("e", "Signed Up", "track", "web", (), 1, 1, {"sku": "a"}, {}, {})
    assert asked_of(told, PLAN) == "nothing"


def test_an_event_asks_for_purposes_that_are_granted_or_not_where_its_people_are():
    def at(country):
        plan = protection_of(SCHEMAS, WEB, PrivacySettings())
        context = {"country": country} if country else {}
        return asked_of(msgspec.structs.replace(viewed(), context=context), plan)

    assert [at("US"), at("DE"), at(None)] == ["granted", "denied", "denied"]


@pytest.mark.parametrize("country", ["US", "DE", None])
@pytest.mark.parametrize("plan", [PLAN, protection_of(SCHEMAS, SHOP, PrivacySettings())])
def test_what_is_granted_by_default_keeps_an_event_of_somebody_silent_whole(country, plan):
    context = {"country": country} if country else {}
    for event in (order(context, total=5, note="x"), viewed(), order(context, total=5)):
        if asked_of(event, plan) != "denied":
            assert gated(event, plan=plan) == Protected(as_stored(event, plan))
