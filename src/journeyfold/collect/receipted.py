"""Exposures and responses that come through the collector, believed by their receipt. Pure.

A page may answer an offer with nothing but the receipt: what it was an answer to stands in there,
signed by us (decisions A3). A receipt that is forged or too old is a reason for quarantine, and so
is a browser's word about a decision without one; a server may speak of decisions made elsewhere.
"""

from __future__ import annotations

import msgspec

from journeyfold.collect.json_entry import Members, Refused
from journeyfold.core.event import Event
from journeyfold.decide.receipt import Receipt, verify

RESPONSES = frozenset({"Offer Shown", "Offer Clicked", "Offer Dismissed", "Offer Accepted"})
_WHY = {
    "bad_receipt": "the receipt is not one of ours",
    "old_receipt": "the receipt is older than 30 days",
}


def facts_of(event: Event, key: bytes) -> Members | Refused:
    """What the event's receipt says; nothing for an event that needs none.

    The age counts from the event's arrival, so quarantine replayed later is judged alike (C31).
    """
    if event.name not in RESPONSES or event.type != "track":
        return {}
    text = event.properties.get("receipt")
    if text is None:
        is_told_by_a_client = event.context.get("auth") == "browser"
        if is_told_by_a_client and event.properties.get("decision_id"):
            return _refused("a browser that names a decision sends its receipt")
        return {}
    receipt = verify(text, key, event.received_us) if isinstance(text, str) else "bad_receipt"
    if not isinstance(receipt, Receipt):
        return _refused(_WHY[receipt])
    return {
        "decision_id": receipt.decision_id,
        "placement": receipt.placement,
        "offer": receipt.offer,
        "variant": receipt.variant,
        "category": receipt.category,
        "rank": receipt.rank,
    }


def with_facts(event: Event, facts: Members) -> Event:
    """The sender's own words about the decision give way to the receipt's."""
    properties: Members = {**event.properties, **facts}
    return msgspec.structs.replace(event, properties=properties)


def _refused(why: str) -> Refused:
    return Refused("receipt", "/properties/receipt", why)
