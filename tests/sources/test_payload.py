import msgspec

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


def test_a_payload_that_no_line_takes_is_none():
    assert mapping()(PAID | {"kind": "invoice.void"}) is None
    assert mapping()([PAID]) is None


def test_key_columns_name_the_message():
    keyed = mapping(fields=HOOK["fields"] | {"id": ["created"]})
    assert keyed(PAID)["messageId"] == "2026-01-01T00:00:00Z"


def test_a_source_without_a_mapping_sends_messages_as_they_are():
    assert mapping(map=[], fields=None) is None
