"""What quarantine keeps of a message, and the way back (collect C30, C31). Pure.

The kept form is the minimised event as a readable JSON object with its identifiers, its instants
and its fingerprint, so that a replay under a new plan gives what direct admission would have given,
and a late retry by the sender is still recognised as the same message.
"""

from __future__ import annotations

import msgspec

from journeyfold.collect.envelope import Draft
from journeyfold.collect.json_entry import Refused
from journeyfold.core.event import Event, Identifier, Json
from journeyfold.core.ports import Entry, Held


class _Claim(msgspec.Struct, frozen=True):
    kind: str
    value: str


class KeptMessage(msgspec.Struct, frozen=True, rename="camel"):
    """The JSON of a quarantined message."""

    message_id: str
    type: str
    name: str
    identifiers: list[_Claim]
    occurred_us: int
    received_us: int
    fingerprint: str  # 16 hex digits: 64 bits do not fit a JSON number everywhere
    properties: dict[str, Json] = {}
    traits: dict[str, Json] = {}
    context: dict[str, Json] = {}


_decoder = msgspec.json.Decoder(KeptMessage)


def kept(draft: Draft) -> bytes:
    """A judged event as the bytes that quarantine stores."""
    event = draft.event
    return msgspec.json.encode(
        KeptMessage(
            event.id,
            event.type,
            event.name,
            [_Claim(claim.kind, claim.value) for claim in event.identifiers],
            event.occurred_us,
            event.received_us,
            f"{draft.fingerprint:016x}",
            event.properties,
            event.traits,
            event.context,
        )
    )


def held(
    draft: Draft, why: Refused, *, key_id: str = "", schema: str = "",
    nodes: tuple[bytes, ...] = (),
) -> Held:  # fmt: skip
    """A message for quarantine, with the reason and what lists and erasure need to find it."""
    event = draft.event
    return Held(
        source=event.source, message=kept(draft), code=why.code, pointer=why.pointer,
        received_us=event.received_us, detail=why.detail, event_id=event.id, name=event.name,
        schema=schema, key_id=key_id, auth=str(event.context.get("auth", "")), nodes=nodes,
        fingerprint=draft.fingerprint,
    )  # fmt: skip


def conflict(entry: Entry) -> Held:
    """An event whose id was used for another one, as the log finds out (collect C32)."""
    why = Refused(
        "message_id_conflict", "/messageId", "this id was used before, with another content"
    )
    drafted = Draft(entry.event, entry.fingerprint)
    schema = entry.event.schema or ""
    return held(drafted, why, key_id=entry.key_id, schema=schema, nodes=entry.nodes)


def restored(held: Held) -> Draft | Refused:
    """The event that quarantine kept, to be judged again; its instants stay as they were."""
    try:
        message = _decoder.decode(held.message)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        return Refused("not_an_event", "", f"kept before it could become an event: {error}")
    event = Event(
        message.message_id, message.name, message.type, held.source,
        tuple(Identifier(claim.kind, claim.value) for claim in message.identifiers),
        message.occurred_us, message.received_us,
        message.properties, message.traits, message.context,
    )  # fmt: skip
    return Draft(event, int(message.fingerprint, 16))
