"""What screens show of messages: templates with their figures, previews, and development's mails."""

from __future__ import annotations

import msgspec

from journeyfold.activate.destination import Mail
from journeyfold.activate.template import MessageTemplate
from journeyfold.project.figures import MessageFigures


class MessageCard(msgspec.Struct, frozen=True):
    """A template of the project. `files` are its own, by name; `problem` is why it cannot be
    written for anybody.
    """

    id: str
    template: MessageTemplate
    files: dict[str, str]
    locales: tuple[str, ...] = ()
    used_by: tuple[tuple[str, str], ...] = ()  # (journey, step)
    figures: tuple[MessageFigures, ...] = ()
    problem: str = ""


class Preview(msgspec.Struct, frozen=True):
    """As one person would get it now, or why it cannot be written for them."""

    mail: Mail | None = None
    problem: str = ""
    html_bytes: int = 0


class MailCard(msgspec.Struct, frozen=True):
    """A mail in the mailbox of development; `key` is the id of its effect."""

    key: str
    to: str
    subject: str
    at_us: int
    journey: str = ""
    step: str = ""
    person: str = ""


class MailView(msgspec.Struct, frozen=True):
    card: MailCard
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str = ""
    links: tuple[tuple[str, str], ...] = ()  # (words, where it leads)


class Mails(msgspec.Struct, frozen=True):
    """Newest first; `total` lie there, `looked` of them were looked through. `older` asks for what
    comes behind the last one; empty where nothing does.
    """

    cards: tuple[MailCard, ...] = ()
    total: int = 0
    looked: int = 0
    older: str = ""
