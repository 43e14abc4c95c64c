"""The last look: what of a row is sent, as its person is now (journeys E51, E55).

A preparation per kind of payload. Whatever it needs is the committed profile, the definitions in
force and an instant, so it is the same wherever it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from journeyfold.activate.destination import Parcel, ParcelKind
from journeyfold.activate.outbox import expires_us, kind_of
from journeyfold.activate.payload import call_body
from journeyfold.core.effect import Deliver
from journeyfold.core.event import Json
from journeyfold.core.profile import Profile
from journeyfold.decide.template import TemplateError
from journeyfold.journey.outcome import is_exited
from journeyfold.project.compile import Compiled
from journeyfold.project.forward import forwarded
from journeyfold.project.letters import Letters


class Skip(NamedTuple):
    """It is not sent; `gate` says why."""

    gate: str
    detail: str = ""


class Hold(NamedTuple):
    """It waits in the outbox and is looked at again."""

    gate: str
    until_us: int


class Broken(NamedTuple):
    """It cannot be made: a template that fails for this person, say."""

    reason: str


class Look(NamedTuple):
    """What a preparation may read. `profile` is None for somebody who is not there any more."""

    compiled: Compiled
    profile: Profile | None
    purpose: str  # of the destination, asked for beside the row's own
    now_us: int
    letters: Letters


Prepared: TypeAlias = Parcel | Skip | Hold | Broken
Prepare: TypeAlias = Callable[[Deliver, Look], Prepared]


def prepare(deliver: Deliver, look: Look) -> Prepared:
    """The parcel of a row, or why there is none."""
    expires = expires_us(deliver)
    if expires and look.now_us >= expires:
        return Skip("expired")
    run = deliver.payload.get("instance")
    if look.profile is not None and isinstance(run, str) and is_exited(look.profile, run):
        return Skip("exited")
    prepared = PREPARED.get(kind_of(deliver))
    if prepared is None:
        return Broken(f"nobody knows how to send a {kind_of(deliver)}")
    return prepared(deliver, look)


def _message(deliver: Deliver, look: Look) -> Prepared:
    compiled, profile = look.compiled, look.profile
    if profile is None:
        return Skip("erased")
    channel = str(deliver.payload["channel"])
    gate = _gate(look, profile, channel, deliver.purpose)
    if gate:
        return Skip(gate)
    quiet = _quiet_now(deliver, look, profile)
    if quiet is not None:
        return quiet
    template = template_of(compiled, profile, deliver)
    if template is None:
        return Skip("stage")
    try:
        letter = look.letters.write(compiled, profile, deliver, template, look.now_us)
    except (TemplateError, ValueError) as error:
        return Broken(str(error))
    return Parcel(deliver.key, "message", profile.person, look.now_us, letter.told, letter.mail)


def _gate(look: Look, profile: Profile, channel: str, purpose: str) -> str:
    reader = look.compiled.limits.reader
    if reader.is_suppressed(profile, channel):
        return "suppressed"
    for each in filter(None, (purpose, look.purpose)):
        if not reader.consents(profile, each, channel):
            return "consent"
    return "" if reader.has_address(profile, channel) else "address"


def _quiet_now(deliver: Deliver, look: Look, profile: Profile) -> Skip | Hold | None:
    """It was held up until quiet hours began: as it was planned, or too late for it (E51)."""
    on_quiet = deliver.payload.get("quiet", "never")
    if on_quiet == "never":
        return None
    until_us = look.compiled.limits.quiet_until(profile, deliver.key, look.now_us)
    if not until_us:
        return None
    if on_quiet == "skip":
        return Skip("quiet")
    expires = expires_us(deliver)
    if expires and until_us >= expires:
        return Skip("expired", "quiet until later")
    return Hold("quiet", until_us)


def template_of(compiled: Compiled, profile: Profile, deliver: Deliver) -> str | None:
    """The one named, or that of the person's stage as it is now (journeys S3)."""
    named = deliver.payload["template"]
    if isinstance(named, str):
        return named
    by_stage = deliver.payload["by_stage"]
    assert isinstance(by_stage, dict), "a send names a template, or templates by stage"
    found = by_stage.get(compiled.view(profile).stage(str(by_stage["lifecycle"])))
    return found if isinstance(found, str) else None


def _fields(deliver: Deliver, look: Look) -> Prepared:
    """The payload's own fields, where nothing maps them; a removal goes whoever is gone."""
    kind = _KINDS[kind_of(deliver)]
    if kind != "remove" and deliver.person:
        if look.profile is None:
            return Skip("erased")
        if look.purpose and not look.compiled.consents(look.profile, look.purpose):
            return Skip("consent", look.purpose)
    body = deliver.payload.get("body")
    said = body if isinstance(body, dict) else _beside_control(deliver.payload)
    return Parcel(deliver.key, kind, deliver.person, deliver.due_us, said)


def _call(deliver: Deliver, look: Look) -> Prepared:
    """A journey's call: its template for the person as they are now, or the usual body."""
    profile, compiled, payload = look.profile, look.compiled, deliver.payload
    found = _fields(deliver, look)
    if "journey" not in payload or profile is None or not isinstance(found, Parcel):
        return found
    values = {
        "traits": compiled.traits(profile),
        "features": compiled.feature_values(profile, look.now_us),
    }
    try:
        body = call_body(
            payload, compiled.project.templates, values,
            person=profile.person, key=deliver.key, at_us=deliver.due_us,
        )  # fmt: skip
    except TemplateError as error:
        return Broken(str(error))
    entry = payload.get("entry")
    hops = _hops(entry) if isinstance(entry, dict) else 0
    return Parcel(deliver.key, "webhook", profile.person, deliver.due_us, body, hops=hops)


def _event(deliver: Deliver, look: Look) -> Prepared:
    """What the fold took of the event, and what is said of the person as they are now (E55)."""
    profile = look.profile
    if profile is None:
        return Skip("erased")
    view = look.compiled.view(profile)
    body = forwarded(look.compiled.forwarding, deliver, profile, view, look.now_us)
    if isinstance(body, str):
        return Skip(body)
    occurred_us = deliver.payload["occurred_us"]
    assert isinstance(occurred_us, int), "the fold put it there"
    return Parcel(
        deliver.key, "event", profile.person, occurred_us, body, hops=_hops(deliver.payload)
    )


def _row(deliver: Deliver, look: Look) -> Prepared:
    """A row as it was found; the purposes of its sync hold until it leaves."""
    profile, purpose = look.profile, deliver.purpose
    if profile is not None and purpose and not look.compiled.consents(profile, purpose):
        return Skip("consent", purpose)
    return _fields(deliver, look)


def _hops(told: dict[str, Json]) -> int:
    """How many of us its event came through (journeys A22)."""
    count = told.get("hops")
    return count if isinstance(count, int) else 0


def _beside_control(payload: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in payload.items() if name not in _CONTROL}


_CONTROL = frozenset({"kind", "delivery", "expires_us", "on_fail", "reply", "about"})
_KINDS: dict[str, ParcelKind] = {
    "webhook": "webhook", "event": "event", "upsert": "upsert", "remove": "remove",
}  # fmt: skip
PREPARED: dict[str, Prepare] = {
    "message": _message,
    "webhook": _call,
    "event": _event,
    "upsert": _row,
    "remove": _fields,
}
