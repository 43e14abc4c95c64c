"""Who a message speaks of, as it claims (collect C21, C22; identity I2, E9). Pure.

Values stay as sent, integers as decimal text; identity.normalise decides what is usable. A value
that cannot be an id is left out with a warning; NUL in an id refuses the message.
"""

from __future__ import annotations

from collections.abc import Iterable

from journeyfold.collect.arrival import Arrival
from journeyfold.collect.json_entry import Members, Refused, pointer
from journeyfold.core.event import Identifier, Json

Claims = tuple[tuple[Identifier, ...], list[Json]]
"""Identifiers in the order found, each once; and warnings."""

_ADVERTISING_KIND = {"ios": "ios.idfa", "android": "android.idfa"}


def claims(message: Members, arrival: Arrival, trait_kinds: Iterable[str]) -> Claims | Refused:
    """Everything that names somebody; `no_identity` when nothing even tries to."""
    found: dict[Identifier, None] = {}
    warnings: list[Json] = []
    for kind, value, where in _candidates(message, arrival, trait_kinds):
        text = str(value) if type(value) is int else value
        if type(text) is not str:
            warnings.append({"code": "bad_id", "pointer": where})
        elif "\x00" in text:
            return Refused("bad_id", where, "U+0000 in an identifier")
        elif text and not text.isspace():
            found[Identifier(kind, text)] = None
    if not found and not warnings:
        return Refused("no_identity", "", "no userId, anonymousId or other identifier")
    return tuple(found), warnings


def _candidates(
    message: Members, arrival: Arrival, trait_kinds: Iterable[str]
) -> Iterable[tuple[str, object, str]]:
    """(kind, value as sent, pointer); absent and null ones are not candidates."""
    if (user := message.get("userId")) is not None:
        yield "user_id", user, "/userId"
    if (anonymous := message.get("anonymousId")) is not None:
        yield "anonymous_id", anonymous, "/anonymousId"
    if message["type"] == "alias":
        yield from _previous(message, arrival)
    context = message.get("context")
    if type(context) is dict:
        if "externalIds" in context:
            yield from _external(context["externalIds"])
        if "device" in context:
            yield from _device(context["device"])
    if trait_kinds and message["type"] == "identify":
        yield from _in_traits(message, trait_kinds)


def _previous(message: Members, arrival: Arrival) -> Iterable[tuple[str, object, str]]:
    """An alias of an id to itself links nothing (C22): a real client sends exactly this.

    Its equal value is still claimed, as anonymous: that tells identity not to take the message's
    other identifiers for evidence either (identity E9).
    """
    previous = message.get("previousId")
    if previous is None:
        return
    kind = message.get("previousIdKind")
    if str(previous) == str(message.get("userId")):
        kind = "anonymous_id"
    elif type(kind) is not str or arrival.is_client:
        kind = "anonymous_id" if arrival.is_client else "user_id"
    yield kind, previous, "/previousId"


def _external(entries: object) -> Iterable[tuple[str, object, str]]:
    if type(entries) is not list:
        return
    for index, entry in enumerate(entries):
        kind = entry.get("type") if type(entry) is dict else None
        if type(kind) is str and 0 < len(kind) <= 64 and entry.get("id") is not None:
            yield kind, entry["id"], pointer("context", "externalIds", index, "id")


def _device(device: object) -> Iterable[tuple[str, object, str]]:
    """An advertising id counts only while the person allows it, exactly `true` (C21)."""
    if type(device) is not dict:
        return
    if (own := device.get("id")) is not None:
        yield "device_id", own, "/context/device/id"
    if (token := device.get("token")) is not None:
        yield "push_token", token, "/context/device/token"
    advertising = device.get("advertisingId")
    kind = _ADVERTISING_KIND.get(str(device.get("type")).lower())
    if advertising is not None and kind and device.get("adTrackingEnabled") is True:
        yield kind, advertising, "/context/device/advertisingId"


def _in_traits(message: Members, trait_kinds: Iterable[str]) -> Iterable[tuple[str, object, str]]:
    """Kinds of identity.yaml that are traits by nature: email, phone, a loyalty card.

    A trait that is no id is a trait all the same, so anything but text and integers is passed by.
    """
    traits = message.get("traits")
    for kind in trait_kinds:
        value = traits.get(kind) if type(traits) is dict else None
        if type(value) in (str, int) and "\x00" not in str(value):
            yield kind, value, pointer("traits", kind)
