"""What a person was shown and how they answered, counted once by key (decisions A3, D4, D5).

Beside offers stands what became of messages: addresses that bounced and people who complained close
a channel (journeys A14), and that is never forgotten.

Windows are `(now - w, now]`. Contacts older than the longest window in force, measured back from
the person's newest contact, can decide nothing more and are dropped: a function of the set, so
joining two people is the union by key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec

from journeyfold.core.decision import exposure_key
from journeyfold.core.event import Event
from journeyfold.core.instant import DAY_US
from journeyfold.core.profile import Contact, Profile

KIND_OF_EVENT = {
    "Offer Shown": "exposed",
    "Offer Clicked": "clicked",
    "Offer Dismissed": "dismissed",
    "Offer Accepted": "accepted",
}
BOUNCED, SOFT_BOUNCED, COMPLAINED = "bounced", "soft_bounced", "complained"
CLOSING = frozenset({BOUNCED, COMPLAINED})
"""Kinds after which a channel is closed to a person; `offer` is a digest of the address it was."""
NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.10"})  # RFC 3463: it will never be there
FULL_MAILBOX = "5.2.2"  # says it is for good, and is not
SOFT_MAX, SOFT_WINDOW_US = 3, 7 * DAY_US
_LASTING = CLOSING | {"unsubscribed"}
_OF_MESSAGES = frozenset({"message.bounced", "message.failed", "message.complained"})


def fold_contact(profile: Profile, event: Event, keep_us: int) -> None:
    """Count an exposure or a response once. `keep_us`: the longest window any cap asks about."""
    kind = KIND_OF_EVENT.get(event.name)
    contact = _contact(event, kind) if kind is not None and event.type == "track" else None
    if event.name in _OF_MESSAGES and event.context.get("auth") == "system":
        contact = _of_message(event)
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
    soft = [contact for contact in union.values() if contact.kind == SOFT_BOUNCED]
    if len(soft) >= SOFT_MAX:
        union |= {(closed.kind, closed.key): closed for closed in _given_up(soft)}
    kept = [
        contact
        for contact in union.values()
        if contact.at_us > newest_us - _kept_us(contact.kind, keep_us)
    ]
    return sorted(kept, key=_order)


def _kept_us(kind: str, keep_us: int) -> int:
    if kind in _LASTING:
        return _FOR_EVER_US
    return max(keep_us, SOFT_WINDOW_US) if kind == SOFT_BOUNCED else keep_us


_FOR_EVER_US = 2**62


def _given_up(soft: Iterable[Contact]) -> Iterator[Contact]:
    """The third soft bounce within seven days, of one address, closes it as a hard one does."""
    of_address: dict[tuple[str, str], list[Contact]] = {}
    for contact in sorted(soft, key=_order):
        of_address.setdefault((contact.placement, contact.offer), []).append(contact)
    for found in of_address.values():
        for first, third in zip(found, found[SOFT_MAX - 1 :], strict=False):
            if third.at_us - first.at_us < SOFT_WINDOW_US:
                yield msgspec.structs.replace(third, kind=BOUNCED)


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


def address_digest(address: str) -> str:
    """Whether an address is still the same, without keeping it: 64 bits of BLAKE2b, in hex."""
    folded = address.strip().lower().encode("utf-8", "replace")
    return blake2b(folded, digest_size=8, person=b"address").hexdigest()


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


def _of_message(event: Event) -> Contact | None:
    """A complaint, or a refusal by its enhanced status code; other refusals close nothing."""
    told = {name: str(event.properties.get(name) or "") for name in _TOLD_OF_MESSAGES}
    if event.name == "message.complained":
        kind = COMPLAINED
    elif told["status"] in NO_SUCH_ADDRESS:
        kind = BOUNCED
    elif told["status"] == FULL_MAILBOX or told["status"].startswith("4."):
        kind = SOFT_BOUNCED
    else:
        return None
    return Contact(told["message"], kind, event.occurred_us, told["channel"], told["address"])


_TOLD_OF_MESSAGES = ("message", "channel", "address", "status")


def _order(contact: Contact) -> tuple[int, str, str, str, str, str]:
    return (
        contact.at_us, contact.kind, contact.key,
        contact.placement, contact.offer, contact.category,
    )  # fmt: skip
