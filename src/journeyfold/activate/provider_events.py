"""Events of mail providers → what became of our messages (journeys A14). Pure.

A delivery holds several events; those that name no message of ours, or say nothing we keep, are
left out. The signature was checked before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from journeyfold.activate.reported import Reported, What, effect_in, status_in

_SENDGRID: dict[str, What] = {
    "delivered": "delivered", "open": "opened", "click": "clicked", "bounce": "bounced",
    "spamreport": "complained", "unsubscribe": "unsubscribed", "group_unsubscribe": "unsubscribed",
}  # fmt: skip
_SENDGRID_DROPPED: dict[str, What] = {
    "bounced address": "bounced", "invalid": "bounced", "spam reporting address": "complained",
    "unsubscribed address": "unsubscribed",
}  # fmt: skip
_MANDRILL: dict[str, What] = {
    "delivered": "delivered", "open": "opened", "click": "clicked", "hard_bounce": "bounced",
    "soft_bounce": "bounced", "spam": "complained", "unsub": "unsubscribed",
}  # fmt: skip
_MAILGUN: dict[str, What] = {
    "delivered": "delivered", "opened": "opened", "clicked": "clicked", "failed": "bounced",
    "complained": "complained", "unsubscribed": "unsubscribed",
}  # fmt: skip
SECOND_US = 1_000_000
SOFT = "4.0.0"


def reports_of(provider: str, payload: object) -> list[Reported]:
    """`payload` is the decoded body; `provider` one of `PROVIDERS`."""
    return [each for each in PROVIDERS[provider](payload) if each.effect]


def _sendgrid(payload: object) -> Iterator[Reported]:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event"""
    for told in _maps(payload):
        name, why = _text(told, "event"), _text(told, "reason")
        what = _SENDGRID_DROPPED.get(why.lower()) if name == "dropped" else _SENDGRID.get(name)
        if what is None:
            continue
        status = status_in(told.get("status"), why)
        if what == "bounced" and (name == "dropped" or not status):
            status = "5.1.1" if name == "dropped" else "5.0.0"
        if told.get("type") == "blocked":  # the message was refused, the address is there
            status = SOFT
        yield Reported(
            effect_in(told.get("message")) or effect_in(told.get("smtp-id")), what,
            _at_us(told.get("timestamp")), status if what == "bounced" else "", why[:300],
            _text(told, "url"), told.get("sg_machine_open") is True, _text(told, "sg_event_id"),
        )  # fmt: skip


def _mandrill(payload: object) -> Iterator[Reported]:
    """https://mailchimp.com/developer/transactional/docs/webhooks/"""
    raw = payload.get("mandrill_events") if isinstance(payload, Mapping) else None
    try:
        events = msgspec.json.decode(raw) if isinstance(raw, str) else payload
    except msgspec.DecodeError:
        return
    for told in _maps(events):
        name = _text(told, "event")
        what = _MANDRILL.get(name)
        message = told.get("msg")
        if what is None or not isinstance(message, Mapping):
            continue
        metadata = message.get("metadata")
        why = _text(message, "diag") or _text(message, "bounce_description")
        status = status_in(why) or "5.1.1"
        if name == "soft_bounce" and not status.startswith("4.") and status != "5.2.2":
            status = SOFT
        yield Reported(
            effect_in(metadata.get("message")) if isinstance(metadata, Mapping) else "", what,
            _at_us(told.get("ts")), status if what == "bounced" else "", why[:300],
            _text(told, "url"), id=_text(told, "_id"),
        )  # fmt: skip


def _mailgun(payload: object) -> Iterator[Reported]:
    """https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure"""
    told = payload.get("event-data") if isinstance(payload, Mapping) else None
    if not isinstance(told, Mapping):
        return
    what = _MAILGUN.get(_text(told, "event"))
    if what is None:
        return
    variables, delivery = told.get("user-variables"), told.get("delivery-status")
    effect = effect_in(variables.get("message")) if isinstance(variables, Mapping) else ""
    why = _text(delivery, "description") or _text(delivery, "message")
    status = status_in(_text(delivery, "enhanced-code"), _text(delivery, "message"), why)
    if told.get("severity") == "temporary" and not status.startswith("4."):
        status = SOFT
    client = told.get("client-info")
    yield Reported(
        effect or _effect_of_headers(told.get("message")), what, _at_us(told.get("timestamp")),
        (status or "5.0.0") if what == "bounced" else "", why[:300], _text(told, "url"),
        isinstance(client, Mapping) and bool(client.get("bot")), _text(told, "id"),
    )  # fmt: skip


PROVIDERS: dict[str, Callable[[object], Iterator[Reported]]] = {
    "sendgrid": _sendgrid,
    "mandrill": _mandrill,
    "mailgun": _mailgun,
}


def _effect_of_headers(message: object) -> str:
    headers = message.get("headers") if isinstance(message, Mapping) else None
    return effect_in(headers.get("message-id")) if isinstance(headers, Mapping) else ""


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


def _text(told: object, name: str) -> str:
    value = told.get(name) if isinstance(told, Mapping) else None
    return value if isinstance(value, str) else ""


def _at_us(value: object) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value * SECOND_US) if is_number and 0 < value < 1e11 else 0  # type: ignore[operator]  # asked just before
