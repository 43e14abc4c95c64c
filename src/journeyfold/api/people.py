"""People as JSON: who is this, what do we know, from which records (single customer view).

The same desk answers the console, so both show the same. A former id answers with the person it
became and says so in `requested_as`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from journeyfold.api.desk import PeopleDesk
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, found, reply
from journeyfold.api.wire import ConsentState, IdentifierBody, moment
from journeyfold.api.wire_people import (
    IdentifierSeen,
    IdentityBody,
    MembershipBody,
    PersonBody,
    PersonFound,
    RecordBody,
    RecordsBody,
    SessionsBody,
    StageBody,
    TraitBody,
    WhyBody,
)
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Identifier, Record
from journeyfold.core.profile import Profile, Session
from journeyfold.privacy.consent import effective
from journeyfold.profile.traits import HeldTrait

T = TypeVar("T")


async def answer_lookup(call: Call) -> Answered:
    """Exact, after normalisation by the rules of identity.yaml."""
    people, body = call.services.desk.people, call.body
    every = await asyncio.to_thread(people.find, body.value, body.kind)
    if not every:
        raise ApiError("not_found", "nobody is known by this identifier")
    first = every[0]
    return reply(PersonFound(first.person, first.kind, first.value))


async def answer_person(call: Call) -> Answered:
    """Now, or as of any record: by replaying what may concern the person (identity X2)."""
    desk, person = call.services.desk, call.path["person"]
    people = desk.people
    if call.query.as_of is not None:
        people = await _then(desk.audits.past, person, call.query.as_of)
    return reply(await asyncio.to_thread(_person, people, person))


async def _then(look: Callable[..., T], *asked: object) -> T:
    """A look at the past; a moment that the log does not have is the asker's mistake."""
    try:
        return await asyncio.to_thread(look, *asked)
    except UsageError as error:
        raise ApiError("bad_request", str(error), "/as_of") from None


async def answer_records(call: Call) -> Answered:
    """Every record that names one of the person's identifiers."""
    people, query = call.services.desk.people, call.query
    profile = await asyncio.to_thread(_profile, people, call.path["person"])
    records = await asyncio.to_thread(people.history, profile, query.before, query.limit)
    is_full = len(records) == query.limit
    return reply(
        RecordsBody(
            tuple(record_body(record) for record in records),
            records[-1].offset if is_full and records else None,
        )
    )


async def answer_identity(call: Call) -> Answered:
    people = call.services.desk.people
    profile = await asyncio.to_thread(_profile, people, call.path["person"])
    return reply(IdentityBody(profile.person, await asyncio.to_thread(people.identity, profile)))


async def answer_why(call: Call) -> Answered:
    """Why two identifiers are one person, or are not (identity X1)."""
    a, b = call.body.a, call.body.b
    one, other = Identifier(a.kind, a.value), Identifier(b.kind, b.value)
    if call.body.as_of is None:
        why = await asyncio.to_thread(call.services.why, one, other)
    else:
        why = await _then(call.services.desk.audits.why, one, other, call.body.as_of)
    return reply(WhyBody(why.same, why.path, why.suppressed, why.note))


def record_body(record: Record) -> RecordBody:
    event = record.event
    return RecordBody(
        offset=record.offset,
        id=event.id,
        name=event.name,
        type=event.type,
        kind=record.kind,
        source=event.source,
        occurred=moment(event.occurred_us),
        received=moment(event.received_us),
        appended=moment(record.appended_us),
        identifiers=tuple(IdentifierBody(one.kind, one.value) for one in event.identifiers),
        properties=event.properties,
        traits=event.traits,
        context=event.context,
    )


def _profile(people: PeopleDesk, person: str) -> Profile:
    return found(people.profile(person), "person")


def _person(people: PeopleDesk, person: str) -> PersonBody:
    profile = _profile(people, person)
    identity = people.identity(profile)
    owners = {node.node: IdentifierBody(node.kind, node.value) for node in identity.nodes}
    body = PersonBody(
        person=profile.person,
        seen=profile.seen,
        first=moment(profile.first_us) if profile.events else None,
        last=moment(profile.last_us) if profile.events else None,
        events=profile.events,
        identifiers=tuple(
            IdentifierSeen(node.kind, node.value, node.strength, moment(node.first_us))
            for node in identity.nodes
        ),
        traits={name: _trait(held, owners) for name, held in people.traits(profile).items()},
        features=dict(people.features(profile)),
        prepared=dict(people.prepared(profile)) or msgspec.UNSET,
        segments=tuple(sorted(profile.memberships)),
        memberships={
            each: MembershipBody(moment(held.since_us), held.cause)
            for each, held in sorted(profile.memberships.items())
        },
        stage=next((at.stage for at in profile.stages.values()), None),
        stages={
            each: StageBody(at.stage, moment(at.since_us)) for each, at in profile.stages.items()
        },
        consents=stated(profile),
        sessions=_sessions(profile),
        requested_as=person,
    )
    if person != profile.person:
        return body
    return PersonBody(**{name: getattr(body, name) for name in _SHOWN})


_SHOWN = tuple(name for name in PersonBody.__struct_fields__ if name != "requested_as")


def stated(profile: Profile) -> dict[str, ConsentState]:
    """What the person has said, most restrictive over their nodes (trust PRV-2)."""
    named = {name.partition("/")[0] for register in profile.consents.values() for name in register}
    found: dict[str, ConsentState] = {}
    for purpose in sorted(named):
        state = effective(profile, purpose)
        if state != "unset":
            found[purpose] = state
    return found


def _trait(held: HeldTrait, owners: Mapping[str, IdentifierBody]) -> TraitBody:
    seen = held.seen
    body = TraitBody(
        held.value, moment(seen.occurred_us), seen.source, seen.event, owners.get(seen.owner),
        held.others,
    )  # fmt: skip
    if not held.cleaned_by:
        return body
    return msgspec.structs.replace(body, sent=held.sent, cleaned_by=held.cleaned_by)


def _sessions(profile: Profile) -> SessionsBody:
    last = max(profile.sessions, key=_end, default=None)
    return SessionsBody(
        count=len(profile.sessions),
        last_start=moment(last.first_us) if last else None,
        last_end=moment(last.last_us) if last else None,
    )


def _end(session: Session) -> int:
    return session.last_us
