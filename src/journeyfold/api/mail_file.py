"""A mail as it lies in the mailbox of development, taken apart for a screen. Pure."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

import msgspec

_PIXEL = re.compile(r"<img[^>]*/t/o/[^>]*>", re.IGNORECASE)
_LINKS_MAX = 100


class ReadMail(msgspec.Struct, frozen=True):
    to: str
    subject: str
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    links: tuple[tuple[str, str], ...]


def headers_of(raw: bytes) -> tuple[str, str]:
    """(to, subject) without looking at the bodies."""
    head = message_from_bytes(_head(raw), policy=policy.default)
    return str(head.get("To", "")), str(head.get("Subject", ""))


def read_mail(raw: bytes) -> ReadMail:
    mail = message_from_bytes(raw, policy=policy.default)
    html = _content(mail, "html")
    return ReadMail(
        to=str(mail.get("To", "")), subject=str(mail.get("Subject", "")),
        headers=tuple((name, str(value)) for name, value in mail.items()),
        text=_content(mail, "plain"), html=html, links=links_of(html),
    )  # fmt: skip


def without_pixel(html: str) -> str:
    """To look at one's own mail is no opening."""
    return _PIXEL.sub("", html)


def links_of(html: str) -> tuple[tuple[str, str], ...]:
    """(words, where it leads) of each link, in order."""
    reader = _Links()
    reader.feed(html)
    reader.close()
    return tuple(reader.found[:_LINKS_MAX])


def _head(raw: bytes) -> bytes:
    return re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0] + b"\r\n\r\n"


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    content = part.get_content() if part is not None else ""
    return content.strip("\r\n") if isinstance(content, str) else ""


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str]] = []
        self._href, self._words = "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._href, self._words = dict(attrs).get("href") or "", []

    def handle_data(self, data: str) -> None:
        if self._href:
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._href:
            self.found.append((" ".join("".join(self._words).split()), self._href))
            self._href = ""
