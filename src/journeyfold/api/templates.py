"""`POST /v1/templates/{template}/preview`: a message as one person would get it now (journeys A10).

The same desk answers the console. Nothing is tracked, recorded or sent.
"""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from msgspec import Meta

from journeyfold.api.errors import ApiError
from journeyfold.api.operation import Answered, Call, found, reply


class PreviewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a person, somebody made up; `locale` instead of the person's own."""

    person: Annotated[str, Meta(max_length=80)] = ""
    locale: Annotated[str, Meta(max_length=35)] = ""


class PreviewBody(msgspec.Struct, frozen=True):
    """`problem` says why it cannot be written for this person; the rest is empty then."""

    template: str
    sender: str = ""
    to: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    html_bytes: int = 0
    problem: str = ""


async def answer_preview(call: Call) -> Answered:
    return reply(await asyncio.to_thread(_previewed, call))


def _previewed(call: Call) -> PreviewBody:
    desk, body, name = call.services.desk, call.body, call.path["template"]
    if not any(card.id == name for card in desk.post.messages()):
        raise ApiError("not_found", f"there is no message '{name}'")
    profile = found(desk.people.profile(body.person), "person") if body.person else None
    shown = desk.post.preview(name, profile, body.locale)
    mail = shown.mail
    if mail is None:
        return PreviewBody(name, problem=shown.problem)
    return PreviewBody(
        name, mail.sender, mail.to, mail.subject, mail.text, mail.html, shown.html_bytes
    )
