"""The shapes of people: look-up, profile, records, identity, consents (console's reads as JSON)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.cards import Identity
from journeyfold.api.wire import ConsentState, Id, IdentifierBody, Offset, RequestId, Subject
from journeyfold.core.event import Json
from journeyfold.identity.explain import LinkSeen


class PersonFound(msgspec.Struct, frozen=True):
    person: str
    kind: str
    value: str


class TraitBody(msgspec.Struct, frozen=True):
    """A value with its provenance: when it was true, and which event of which source said so.

    `owner` is the identifier whose record it was, `others` are values it prevailed over by the
    trait's policy. `sent` is what that event says, where cleaning made the value of it.
    """

    value: Json
    occurred: str
    source: str
    event: str
    owner: IdentifierBody | None = None
    others: int = 0
    sent: Json | msgspec.UnsetType = msgspec.UNSET
    cleaned_by: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class MembershipBody(msgspec.Struct, frozen=True):
    since: str
    cause: str


class StageBody(msgspec.Struct, frozen=True):
    stage: str
    since: str


class SessionsBody(msgspec.Struct, frozen=True):
    """How many sessions the person had, and the last of them."""

    count: int
    last_start: str | None
    last_end: str | None


class IdentifierSeen(msgspec.Struct, frozen=True):
    kind: str
    value: str
    strength: str
    first: str


class PersonBody(msgspec.Struct, frozen=True):
    """A person as the fold knows them; `seen` is the offset of their last folded record.

    `stage` is that of the first lifecycle; `requested_as` is the former id that was asked for;
    `prepared` are features as models take them, filled in and scaled where the project says so.
    """

    person: str
    seen: int
    first: str | None
    last: str | None
    events: int
    identifiers: tuple[IdentifierSeen, ...]
    traits: dict[str, TraitBody]
    features: dict[str, Json]
    segments: tuple[str, ...]
    memberships: dict[str, MembershipBody]
    stage: str | None
    stages: dict[str, StageBody]
    consents: dict[str, ConsentState]
    sessions: SessionsBody
    requested_as: str | msgspec.UnsetType = msgspec.UNSET
    prepared: dict[str, Json] | msgspec.UnsetType = msgspec.UNSET


class RecordBody(msgspec.Struct, frozen=True):
    """A record of the log; instants are RFC 3339."""

    offset: int
    id: str
    name: str
    type: str
    kind: str
    source: str
    occurred: str
    received: str
    appended: str
    identifiers: tuple[IdentifierBody, ...]
    properties: dict[str, Json]
    traits: dict[str, Json]
    context: dict[str, Json]


class RecordsBody(msgspec.Struct, frozen=True):
    """Newest first; `next_before` null at the oldest."""

    records: tuple[RecordBody, ...]
    next_before: int | None


class IdentityBody(msgspec.Struct, frozen=True):
    person: str
    identity: Identity


class AsOf(msgspec.Struct, frozen=True):
    """As it was after the record at this offset."""

    as_of: Offset | None = None


class WhyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    a: IdentifierBody
    b: IdentifierBody
    as_of: Offset | None = None


class WhyBody(msgspec.Struct, frozen=True):
    """The links that make two identifiers one person, or what keeps them apart."""

    same: bool
    path: tuple[LinkSeen, ...]
    suppressed: tuple[LinkSeen, ...]
    note: str


class ConsentsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement binds to every identifier of the subject (trust PRV-2)."""

    subject: Subject
    purposes: Annotated[
        dict[Id, ConsentState | bool],
        Meta(min_length=1, max_length=50, examples=[{"analytics": "granted"}]),
    ]
    policy_version: Annotated[str, Meta(max_length=100)] = ""
    request_id: RequestId | None = None
