"""Mail by somebody else's HTTP API: what their answers mean where nothing makes a call idempotent.

An answer that never came may have been a message that went: nobody knows, and the outbox decides by
the send's `delivery` whether it goes again (journeys A2).
"""

from __future__ import annotations

from email.utils import parseaddr

from journeyfold.activate.destination import Answer, Mail, Outcome
from journeyfold.activate.mail import address
from journeyfold.activate.retry import judged


def judged_post(answer: Answer, now_us: int) -> Outcome:
    """A request that was sent and not answered is `unknown`, one that could not be is `retry`."""
    if not answer.status and not (answer.is_unreached or answer.is_refused or answer.is_barred):
        return Outcome("unknown", answer.problem)
    return judged(answer, now_us)


def split(mailbox: str) -> tuple[str, str]:
    """(name, address) of `Shop <shop@example.com>`. ValueError where there is no address."""
    name, found = parseaddr(mailbox)
    return name, address(found)


def addressed(mail: Mail) -> tuple[tuple[str, str], str]:
    """((name, address) of the sender, address of the recipient). ValueError."""
    return split(mail.sender), address(mail.to)
