"""Mail that comes back: delivery reports, complaints, unsubscribing by mail (journeys A12, A14). Pure.

RFC 3464 for delivery status, RFC 5965 (ARF) for complaints. Anybody can write to an address, so a
report is about a message only if a return path or a token that we made stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime

from journeyfold.activate.reported import Reported, What, status_in
from journeyfold.activate.tracking import TokenKey

MESSAGE_MAX = 2_000_000  # bytes; a report may hold the whole message
_TOKEN = re.compile(r"/u/([A-Za-z0-9_-]{48})(?![A-Za-z0-9_-])")
_TO_US = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery", re.IGNORECASE)
_ACTIONS: dict[str, What] = {
    "failed": "bounced", "delivered": "delivered", "relayed": "delivered", "delayed": "deferred",
}  # fmt: skip
_COMPLAINTS: dict[str, What] = {
    "abuse": "complained", "fraud": "complained", "virus": "complained", "other": "complained",
    "opt-out": "unsubscribed", "opt-out-list": "unsubscribed",
}  # fmt: skip


def reports_in(raw: bytes, key: TokenKey) -> list[Reported]:
    """What a mail reports about messages of ours; empty for any other mail."""
    if len(raw) > MESSAGE_MAX:
        return []
    try:
        mail = message_from_bytes(raw, policy=policy.default.clone(raise_on_defect=False))
        return [each for each in _reports(mail, key) if each.what != "deferred"]
    except (LookupError, ValueError, RecursionError, AttributeError, TypeError, IndexError):
        return []  # the library stumbles over some of what strangers send: it reports nothing


def _reports(mail: EmailMessage, key: TokenKey) -> Iterator[Reported]:
    addressed = _addressed(mail, key)
    if addressed is not None and addressed[0] == "u":
        yield Reported(addressed[1], "unsubscribed", _sent_us(mail), reason="by mail")
        return
    effect = addressed[1] if addressed is not None else _effect_within(mail, key)
    if not effect:
        return
    kind = str(mail.get_param("report-type") or "").lower()
    if mail.get_content_type() == "multipart/report" and kind == "feedback-report":
        yield from _complaint(mail, effect)
    elif mail.get_content_type() == "multipart/report":
        yield from _delivery(mail, effect)
    elif _is_by_a_daemon(mail):
        text = _text_of(mail)
        yield Reported(effect, "bounced", _sent_us(mail), status_in(text) or "5.0.0", _line(text))


def _delivery(mail: EmailMessage, effect: str) -> Iterator[Reported]:
    """The first recipient that is said anything about: ours have one each."""
    for fields in _blocks(mail, "message/delivery-status"):
        what = _ACTIONS.get(str(fields.get("Action", "")).strip().lower())
        if what is None:
            continue
        diagnostic = str(fields.get("Diagnostic-Code", ""))
        status = status_in(str(fields.get("Status", "")), diagnostic)
        more_exact = status_in(diagnostic)
        if status.endswith(".0.0") and more_exact:
            status = more_exact
        yield Reported(effect, what, _sent_us(mail), status or "5.0.0", _line(diagnostic))
        return


def _complaint(mail: EmailMessage, effect: str) -> Iterator[Reported]:
    for fields in _blocks(mail, "message/feedback-report"):
        kind = str(fields.get("Feedback-Type", "")).strip().lower()
        if kind in _COMPLAINTS:
            yield Reported(effect, _COMPLAINTS[kind], _sent_us(mail), reason=kind)
            return


def _blocks(mail: EmailMessage, content_type: str) -> Iterator[Message]:
    """The groups of fields in a machine-readable part."""
    for part in mail.walk():
        if part.get_content_type() != content_type:
            continue
        payload = part.get_payload()
        blocks = payload if isinstance(payload, list) else []
        yield from (block for block in blocks if isinstance(block, Message))
        if not blocks:  # RFC 5965's are one group, which the library leaves as text
            raw = part.get_payload(decode=True)
            yield message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=policy.compat32)


def _addressed(mail: EmailMessage, key: TokenKey) -> tuple[str, str] | None:
    for name in _TO_US:
        for value in mail.get_all(name, []):
            if (found := key.effect_of(str(value))) is not None:
                return found
    return None


def _effect_within(mail: EmailMessage, key: TokenKey) -> str:
    """Of a complaint: the original's return path, or our address for unsubscribing in it."""
    for part in mail.walk():
        texts = [str(value) for _, value in part.items()]
        if not part.is_multipart() and part.get_content_maintype() in {"text", "message"}:
            texts.append(_decoded(part))
        for text in texts:
            joined = re.sub(r"\r?\n[ \t]+", "", text)
            if (found := key.effect_of(joined)) is not None:
                return found[1]
            for match in _TOKEN.finditer(joined):
                if (token := key.read("u", match[1])) is not None:
                    return token.effect
    return ""


def _is_by_a_daemon(mail: EmailMessage) -> bool:
    """Not an answer of somebody who is away."""
    automatic = str(mail.get("Auto-Submitted", "")).lower()
    return automatic != "auto-replied" and bool(_DAEMON.search(str(mail.get("From", ""))))


def _text_of(mail: EmailMessage) -> str:
    parts = [part for part in mail.walk() if part.get_content_type() == "text/plain"]
    return _decoded(parts[0]) if parts else ""


def _decoded(part: Message) -> str:
    raw = part.get_payload(decode=True)
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def _sent_us(mail: EmailMessage) -> int:
    try:
        return int(parsedate_to_datetime(str(mail.get("Date", ""))).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return 0


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
