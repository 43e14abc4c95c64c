"""A composed message as the bytes of an e-mail (RFC 5322, RFC 2046), with CRLF. Pure.

The Message-ID is the id of the effect: a message that is written twice is one message.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from journeyfold.activate.compose import Composed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def mail_bytes(message: Composed, *, key: str, to: str, domain: str, at_us: int) -> bytes:
    """`domain` is that of the Message-ID. ValueError for an address that is none."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = message.sender
    mail["To"] = Address(addr_spec=to)
    if message.reply_to:
        mail["Reply-To"] = message.reply_to
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(_EPOCH + timedelta(microseconds=at_us))
    mail["Message-ID"] = f"<{key}@{domain}>"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    boundary = f"=_{key}"
    if mail.is_multipart():
        mail.set_boundary(boundary)  # the library's own is drawn by chance
    return mail.as_bytes()
