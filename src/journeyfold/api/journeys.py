"""Journeys over HTTP: let somebody in, see where they are, pause, resume, drain and stop.

Each act is a record, durable before the reply, so a replay knows it (journeys 3.7, section 6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from journeyfold.api.auth import subject_of
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, JsonMap, found, reply
from journeyfold.api.wire import NOT_NUL, RequestId, Subject, moment, taken
from journeyfold.core.event import Event
from journeyfold.core.profile import Instance
from journeyfold.journey.control import Action, command, entry_event
from journeyfold.journey.definition import Journey

SOURCE = "_api"
_REQUEST_ID_MAX = 100


class EnterRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`request_id` makes the call repeatable; the header `Idempotency-Key` does as well."""

    subject: Subject
    properties: Annotated[JsonMap, Meta(max_length=100)] = {}
    request_id: RequestId | None = None


class ResumeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`skip-expired`: what would be sent too late, had there been no pause, is skipped."""

    catch_up: Literal["all", "skip-expired"] = "all"


class ControlRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing needs to be said."""


class Controlled(msgspec.Struct, frozen=True):
    journey: str
    action: Action
    offset: int


class OfPerson(msgspec.Struct, frozen=True):
    """An id (`p_…`) or `kind:value`."""

    person: Annotated[str, Meta(min_length=1, max_length=600, pattern=NOT_NUL)]


class InstanceBody(msgspec.Struct, frozen=True):
    """A run of a person: where they are, since when, and until when if they wait for an instant."""

    id: str
    version: str
    key: str
    entered: str
    step: str
    since: str
    due: str | None
    held: str
    is_held_out: bool
    goal: str | None
    ended: str | None
    reason: str


class InstancesBody(msgspec.Struct, frozen=True):
    person: str
    journey: str
    instances: tuple[InstanceBody, ...]


async def answer_enter(call: Call) -> Answered:
    """Whether they really enter is the journey's to decide: `journey.refused` says why not."""
    services, caller, body = call.services, call.known_caller, call.body
    journey = _journey(call)
    if not any(entry.api for entry in journey.entry):
        raise ApiError("conflict", f"{journey.journey} has no entry `api: true`")
    request_id = _request_id(call) or services.door.fresh_id()
    name = f"enter/{journey.journey}/{caller.key_id}/{request_id}"
    event = entry_event(
        journey.journey, blake2b(name.encode(), digest_size=16).hexdigest(),
        subject_of(caller, body.subject), services.door.now_us(), body.properties,
    )  # fmt: skip
    entry = services.entry_of(event, "event", call.fingerprint, caller.key_id)
    fates = await services.door.append([entry], [])
    services.door.count(SOURCE, fates[0].fate, 1)
    return reply(taken(fates))


async def answer_instances(call: Call) -> Answered:
    journey, people, asked = _journey(call), call.services.desk.people, call.query.person
    kind, _, value = asked.partition(":")
    person = asked
    if value:
        known = await asyncio.to_thread(people.find, value, kind)
        person = known[0].person if known else ""
    profile = found(await asyncio.to_thread(people.profile, person) if person else None, "person")
    mine = [each for each in profile.journeys if each.journey == journey.journey]
    return reply(InstancesBody(profile.person, journey.journey, _bodies(mine)))


def answer_control(action: Action) -> Callable[[Call], Awaitable[Answered]]:
    async def answer(call: Call) -> Answered:
        services, caller, journey = call.services, call.known_caller, _journey(call)
        catch_up = call.body.catch_up if isinstance(call.body, ResumeRequest) else "all"
        said: Event = command(
            action, journey.journey, services.door.now_us(), f"key {caller.key_id}",
            catch_up=catch_up,
        )  # fmt: skip
        entry = services.entry_of(said, "journey", 0, caller.key_id)
        (fate,) = await services.door.append([entry], [])
        return reply(Controlled(journey.journey, action, fate.offset))

    return answer


def _journey(call: Call) -> Journey:
    return found(call.services.journeys().get(call.path["journey"]), "journey")


def _request_id(call: Call) -> str:
    """What makes the call repeatable: the header, else the body's word."""
    raw = call.request.headers.get(b"idempotency-key")
    if raw is None:
        return str(call.body.request_id or "")
    text = raw.decode("latin-1").strip()
    if not 0 < len(text) <= _REQUEST_ID_MAX:
        raise ApiError("bad_request", f"Idempotency-Key: 1 to {_REQUEST_ID_MAX} characters")
    return text


def _bodies(instances: Sequence[Instance]) -> tuple[InstanceBody, ...]:
    """Running ones first, then the newest."""
    ordered = sorted(instances, key=lambda one: (bool(one.ended_us), -one.entered_us, one.id))
    return tuple(
        InstanceBody(
            id=one.id, version=one.version, key=one.key, entered=moment(one.entered_us),
            step=one.step, since=moment(one.at_us), due=_moment(one.due_us), held=one.held,
            is_held_out=one.is_held_out, goal=_moment(one.goal_us), ended=_moment(one.ended_us),
            reason=one.reason,
        )
        for one in ordered
    )  # fmt: skip


def _moment(us: int) -> str | None:
    return moment(us) if us else None
