"""What others tell us became of a message: one value, however it was told (journeys A14). Pure."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from journeyfold.activate.tracking import dashed

What: TypeAlias = Literal[
    "delivered", "opened", "clicked", "bounced", "complained", "unsubscribed", "deferred"
]
_EFFECT = re.compile(
    r"\A<?([0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})(?:@[^<>\s]*)?>?\Z", re.IGNORECASE
)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class Reported(msgspec.Struct, frozen=True):
    """`effect` is the id of ours that the message has; `at_us` 0 where nobody says when."""

    effect: str
    what: What
    at_us: int = 0
    status: str = ""  # of RFC 3463, for a bounce
    reason: str = ""
    link: str = ""
    is_machine: bool = False
    id: str = ""  # the reporter's own, where it has one


def effect_in(text: object) -> str:
    """The id of an effect in a custom argument or a Message-ID; empty where there is none."""
    match = _EFFECT.match(text.strip()) if isinstance(text, str) else None
    return dashed(match[1].replace("-", "").lower()) if match else ""


def status_in(*texts: object) -> str:
    """The first enhanced status code that any of these says."""
    for text in texts:
        if isinstance(text, str) and (found := _STATUS.search(text)) is not None:
            return found[1]
    return ""
