"""What a person was shown and how they answered, counted once by key (decisions A3, D4, D5).

Windows are `(now - w, now]`. Contacts older than the longest window in force, measured back from
the person's newest contact, can decide nothing more and are dropped: a function of the set, so
joining two people is the union by key.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.core.decision import exposure_key
from journeyfold.core.event import Event
from journeyfold.core.profile import Contact, Profile

KIND_OF_EVENT = {
    "Offer Shown": "exposed",
    "Offer Clicked": "clicked",
    "Offer Dismissed": "dismissed",
    "Offer Accepted": "accepted",
}


def fold_contact(profile: Profile, event: Event, keep_us: int) -> None:
    """Count an exposure or a response once. `keep_us`: the longest window any cap asks about."""
    kind = KIND_OF_EVENT.get(event.name)
    contact = _contact(event, kind) if kind is not None and event.type == "track" else None
    if contact is not None:
        profile.contacts = merge_contacts(profile.contacts, [contact], keep_us)


def merge_contacts(a: Iterable[Contact], b: Iterable[Contact], keep_us: int) -> list[Contact]:
    """Union by (kind, key), the earliest sighting of each, in order of time; old ones dropped."""
    union: dict[tuple[str, str], Contact] = {}
    for contact in (*a, *b):
        known = union.setdefault((contact.kind, contact.key), contact)
        if _order(contact) < _order(known):
            union[contact.kind, contact.key] = contact
    newest_us = max((contact.at_us for contact in union.values()), default=0)
    kept = [contact for contact in union.values() if contact.at_us > newest_us - keep_us]
    return sorted(kept, key=_order)


def count_within(
    contacts: Iterable[Contact],
    kind: str,
    window_us: int,
    now_us: int,
    *,
    placement: str | None = None,
    offer: str | None = None,
    category: str | None = None,
) -> int:
    """Contacts of a kind in `(now - w, now]` that match everything given."""
    return sum(
        contact.kind == kind
        and now_us - window_us < contact.at_us <= now_us
        and placement in {None, contact.placement}
        and offer in {None, contact.offer}
        and category in {None, contact.category}
        for contact in contacts
    )


def is_suppressed(
    contacts: Iterable[Contact], offer: str, response: str, window_us: int, now_us: int
) -> bool:
    """After a response (dismissed, accepted) the offer rests for the window (decisions D5)."""
    return count_within(contacts, response, window_us, now_us, offer=offer) > 0


def _contact(event: Event, kind: str) -> Contact | None:
    """None for an event that does not say which offer."""
    said = {
        name: value if isinstance(value := event.properties.get(name), str) else ""
        for name in ("decision_id", "placement", "offer", "category")
    }
    if not said["offer"]:
        return None
    if said["decision_id"]:
        key = exposure_key(said["decision_id"], said["placement"], said["offer"])
    else:
        key = f"{event.source}/{event.id}"
    return Contact(key, kind, event.occurred_us, said["placement"], said["offer"], said["category"])


def _order(contact: Contact) -> tuple[int, str, str, str, str, str]:
    return (
        contact.at_us, contact.kind, contact.key,
        contact.placement, contact.offer, contact.category,
    )  # fmt: skip
