import msgspec
import pytest

from journeyfold.sources.inventory import Source
from journeyfold.sources.payload import payload_mapping

HOOK = {
    "kind": "webhook",
    "source": "billing",
    "webhook": {"secrets": ["${env:X}"]},
    "map": [{"when": 'as_string(row.kind) == "invoice.paid"', "event": "Invoice Paid"}],
    "fields": {
        "occurred": "as_time(row.created)",
        "identifiers": {"user_id": "row.data.user", "email": "as_string(row.data.email)"},
        "properties": {"amount": "as_float(row.data.amount)"},
    },
}
PAID = {
    "kind": "invoice.paid",
    "created": "2026-01-01T00:00:00Z",
    "data": {"user": 7, "email": "a@example.com", "amount": "12.5"},
}


def mapping(**keys):
    return payload_mapping(msgspec.convert(HOOK | keys, Source))


def test_a_payload_becomes_the_message_a_client_would_have_sent():
    assert mapping()(PAID) == {
        "type": "track",
        "event": "Invoice Paid",
        "timestamp": "2026-01-01T00:00:00Z",
        "userId": "7",
        "properties": {"amount": 12.5},
        "traits": {},
        "context": {"externalIds": [{"type": "email", "id": "a@example.com"}]},
    }


def test_a_payload_that_no_line_takes_passes_with_the_reason():
    void = mapping()(PAID | {"kind": "invoice.void"})
    assert (void.fate, void.reason) == ("quarantined", "unmapped")
    listed = mapping()([PAID])
    assert (listed.fate, listed.detail) == ("quarantined", "the payload is no JSON object")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"created": None}, "no_time"), ({"data": {"amount": "1"}}, "no_identity")],
)
def test_a_payload_without_what_its_event_needs_says_what(changes, reason):
    assert mapping()(PAID | changes).reason == reason


def test_a_payload_may_be_filtered_on_purpose():
    otherwise = {"otherwise": {"fate": "filtered", "reason": "not_ours"}}
    passed = mapping(map=[*HOOK["map"], otherwise])(PAID | {"kind": "ping"})
    assert (passed.fate, passed.reason) == ("filtered", "not_ours")


def test_a_delivery_without_a_time_happens_when_it_is_received():
    fields = {key: value for key, value in HOOK["fields"].items() if key != "occurred"}
    assert "timestamp" not in mapping(fields=fields)(PAID)


def test_key_columns_name_the_message():
    keyed = mapping(fields=HOOK["fields"] | {"id": ["created"]})
    assert keyed(PAID)["messageId"] == "2026-01-01T00:00:00Z"


def test_a_source_without_a_mapping_sends_messages_as_they_are():
    assert mapping(map=[], fields=None) is None
