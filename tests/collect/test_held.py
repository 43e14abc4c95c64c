"""What quarantine keeps, and the way back."""

import msgspec

from journeyfold.collect.envelope import Draft
from journeyfold.collect.held import conflict, held, restored
from journeyfold.collect.json_entry import Refused
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry


def an_event():
    return Event(
        id="i1", name="Order", type="track", source="shop",
        identifiers=(Identifier("user_id", "u"),), occurred_us=1, received_us=2,
        properties={"total": 3}, context={"auth": "server"}, schema="order.2",
    )  # fmt: skip


def test_a_conflict_shows_the_event_it_was():
    held = conflict(Entry(an_event(), fingerprint=7, nodes=(bytes(16),), key_id="k1"))
    shown = msgspec.json.decode(held.message)
    assert (held.code, held.auth, held.schema) == ("message_id_conflict", "server", "order.2")
    assert (shown["messageId"], shown["properties"]) == ("i1", {"total": 3})


def test_a_conflict_is_restored_as_the_event_and_fingerprint_it_had():
    held = conflict(Entry(an_event(), fingerprint=2**64 - 1))
    assert restored(held) == Draft(msgspec.structs.replace(an_event(), schema=None), 2**64 - 1)


def test_a_message_sent_again_is_the_same_though_it_is_received_later():
    first = an_event()
    later = msgspec.structs.replace(first, received_us=9, occurred_us=8)
    why = Refused("schema", "/properties/total", "minimum 5")
    assert held(Draft(first, 7), why).same == held(Draft(later, 7), why).same
    assert held(Draft(first, 7), why).same != held(Draft(later, 8), why).same
