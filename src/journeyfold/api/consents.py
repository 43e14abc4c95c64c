"""`POST /v1/consents`: a statement of consent, durable before the reply (trust PRV-1, PRV-2)."""

from __future__ import annotations

from hashlib import blake2b

from journeyfold.api.auth import subject_of
from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, reply
from journeyfold.api.wire import taken
from journeyfold.core.event import Event, Json

SOURCE = "_api"
NAME = "Consent Updated"


async def answer_consents(call: Call) -> Answered:
    """A write key states for its own visitor only; an unknown purpose is refused."""
    services, caller, body = call.services, call.known_caller, call.body
    subject = subject_of(caller, body.subject)
    unknown = sorted(set(body.purposes) - services.purposes())
    if unknown:
        known = ", ".join(sorted(services.purposes()))
        raise ApiError(
            "unknown_purpose",
            f"unknown purpose {unknown[0]!r}; the project has {known}",
            f"/purposes/{unknown[0]}",
        )
    now_us = services.door.now_us()
    purposes: dict[str, Json] = {
        purpose: state if isinstance(state, str) else "granted" if state else "denied"
        for purpose, state in body.purposes.items()
    }
    event = Event(
        id=_id(caller.key_id, body.request_id or services.door.fresh_id()),
        name=NAME,
        type="track",
        source=SOURCE,
        identifiers=subject,
        occurred_us=now_us,
        received_us=now_us,
        properties={"purposes": purposes, "policy_version": body.policy_version},
        context={"auth": caller.auth},
    )
    entry = services.entry_of(event, "consent", call.fingerprint, caller.key_id)
    fates = await services.door.append([entry], [])
    services.door.count(SOURCE, fates[0].fate, 1)
    return reply(taken(fates))


def _id(key_id: str, request_id: str) -> str:
    return blake2b(f"consent/{key_id}/{request_id}".encode(), digest_size=16).hexdigest()
