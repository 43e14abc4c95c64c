"""What goes wrong on the way in a real shop, so that the demo shows what becomes of it.

A connection breaks before the answer and the client sends again: a duplicate. A page writes a
price as its visitors read it, `89,90`: its schema does not fit, and it is held in quarantine. Both
are drawn from the message's own id, so the same traffic has the same slips.
"""

from __future__ import annotations

from journeyfold.core.chance import uniform
from journeyfold.core.event import Json

TWICE = 1 / 400
AMISS = 1 / 200  # of the messages with a number in them, which are about half


def as_sent(message: dict[str, Json]) -> list[dict[str, Json]]:
    """The message as it leaves its sender: nearly always once and right."""
    chance = uniform("sample", "slips", str(message.get("messageId", "")))
    if chance < TWICE:
        return [message, message]
    if chance < TWICE + AMISS:
        return [_amiss(message)]
    return [message]


def _amiss(message: dict[str, Json]) -> dict[str, Json]:
    """With its first number as a text; unchanged without one."""
    properties = message.get("properties")
    if isinstance(properties, dict):
        for name, value in properties.items():
            if type(value) in (int, float):
                text = str(value).replace(".", ",")
                return {**message, "properties": {**properties, name: text}}
    return message
