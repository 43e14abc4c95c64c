"""What an SMTP server's answer means for a message (RFC 5321, RFC 3463). Pure.

4xx goes again. 5xx is final, and says by its enhanced status code whether the address exists: such
a refusal is a bounce, at once (journeys A14).
"""

from __future__ import annotations

import re

from journeyfold.activate.destination import Outcome

_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_LOGIN = frozenset({530, 534, 535, 538})  # RFC 4954: our credentials, not the message
_NOBODY = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|mailbox)|does not exist"
    r"|(?:mailbox|address|recipient)[^.]{0,40} (?:unavailable|not found|unknown|rejected)",
    re.IGNORECASE,
)


def refused(code: int, text: str, *, at: str) -> Outcome:
    """`at` is the command it answered: `RCPT`, `DATA`, …"""
    status = status_of(code, text, at=at)
    reason = f"{at} was answered {code} {text}".strip()[:500]
    if code in _LOGIN:
        return Outcome("paused", reason, response=text)
    if 400 <= code < 500:
        return Outcome("retry", reason, response=text, bounce=status)
    return Outcome("dead", reason, response=text, bounce=status)


def status_of(code: int, text: str, *, at: str) -> str:
    """The enhanced status code, or what the plain one comes to."""
    if (found := _ENHANCED.search(text)) is not None:
        return found[1]
    if code // 100 == 4:
        return "4.0.0"
    is_nobody = at == "RCPT" and code in {550, 551, 553} and _NOBODY.search(text)
    return "5.1.1" if is_nobody else "5.0.0"
