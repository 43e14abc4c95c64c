"""When it happened, by a clock that may be wrong (collect C24 to C27). Pure.

Skew is what the sender's clock shows against ours; small skew is delay and left alone. What the
sender claimed is kept whenever we answer otherwise.
"""

from __future__ import annotations

from datetime import UTC, datetime

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.json_entry import Members, Refused
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, MINUTE_US, SECOND_US, instant_us

EARLY_US = -5 * SECOND_US  # skew within these is delay, queueing or a stale `sentAt` (C26)
LATE_US = 60 * SECOND_US
FUTURE_US = 5 * MINUTE_US
PAST_US = 90 * DAY_US
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Note = dict[str, Json]
"""`context.time`: what the client said and which rule answered."""


def occurrence(
    message: Members, sent_at: object, arrival: Arrival
) -> tuple[int, Note | None] | Refused:
    """The instant of a message, and a note when it is not the one that was sent.

    `sent_at` is the item's own `sentAt`; without one the batch's or the header's counts (C25).
    """
    own = message.get("timestamp")
    original = message.get("originalTimestamp")
    base = original if original is not None else own
    is_set_by_caller = own is not None and original is not None
    if is_set_by_caller:
        base = own
    if base is None:
        return arrival.received_us, None
    at_us = _instant(base)
    if at_us is None:
        return Refused("bad_timestamp", _pointer(base is own), "not an RFC 3339 instant")
    sent, sent_us = arrival.sent, arrival.sent_us
    if sent_at is not None:
        sent_us = _instant(sent_at)
        if sent_us is None:
            return Refused("bad_timestamp", "/sentAt", "not an RFC 3339 instant")
        sent = str(sent_at)
    elif sent and sent_us is None:
        return Refused("bad_timestamp", "/sentAt", "the batch's sentAt is no RFC 3339 instant")
    skew_us = 0 if sent_us is None else arrival.received_us - sent_us
    rule = ""
    us = at_us
    if not is_set_by_caller and not EARLY_US <= skew_us <= LATE_US:
        us, rule = at_us + skew_us, "skew"
    us, rule = _clamped(us, rule, arrival)
    if us < 0:
        return Refused("bad_timestamp", _pointer(base is own), "before 1970")
    if not rule:
        return us, None
    return us, {"client": base, "sent": sent or None, "skew_us": skew_us, "rule": rule}


def _clamped(us: int, rule: str, arrival: Arrival) -> tuple[int, str]:
    """Never far in the future; from a write key never far in the past (collect C27)."""
    latest, earliest = arrival.received_us + FUTURE_US, arrival.received_us - PAST_US
    if us > latest:
        return latest, "future"
    if arrival.is_client and us < earliest:
        return earliest, "past"
    return us, rule


def _instant(value: object) -> int | None:
    """As `instant_us`; the form every client library writes takes a seventh of the time."""
    if type(value) is not str:
        return None
    is_usual = (
        len(value) >= 24
        and value[4] == value[7] == "-"
        and value[10] == "T"
        and value[19] == "."
        and value.endswith(("Z", "+00:00"))
    )
    if is_usual:
        try:
            since = datetime.fromisoformat(value) - _EPOCH
        except ValueError:
            return None
        return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds
    return instant_us(value)


def _pointer(is_own: bool) -> str:  # noqa: FBT001 - which of two fields it was
    return "/timestamp" if is_own else "/originalTimestamp"
