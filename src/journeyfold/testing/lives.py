"""Lives of simulated shoppers as events, one household after the other, for virtual time.

People who share a device are one household, so households can be played apart: on several cores,
without anybody missing. The same seed gives the same lives. Events are what the collector would
have made of the shoppers' messages; every visitor agrees to being seen, or is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from journeyfold.core.event import Event, Identifier, Json
from journeyfold.project.given import TYPES
from journeyfold.testing.shopper import SHARED_EVERY
from journeyfold.testing.shoppers import life
from journeyfold.testing.visit import Message

Timed = tuple[int, Event]


def households(people: int) -> Iterator[list[int]]:
    """Numbers of shoppers who share something; most live alone."""
    number = 0
    while number < people:
        shares = number % SHARED_EVERY == SHARED_EVERY - 1 and number + 1 < people
        yield [number, number + 1] if shares else [number]
        number += 2 if shares else 1


VISITS = 0.5  # of those in a demo, whose shoppers are busy people: one visit a fortnight


def lives(
    seed: str, numbers: Iterable[int], start_us: int, end_us: int, web: str, server: str
) -> list[Timed]:
    """What these shoppers do, in the order of time. `web` and `server` are the sources."""
    found = [
        (at_us, message)
        for number in numbers
        for at_us, message in life(seed, number, start_us, end_us, visits=VISITS)
    ]
    found.sort(key=lambda one: one[0])
    return [(at_us, event_of(message, at_us, web, server)) for at_us, message in found]


def event_of(message: Message, at_us: int, web: str, server: str) -> Event:
    kind, context = str(message["type"]), message["context"]
    assert isinstance(context, dict), "the simulation's own message"
    is_web = "anonymousId" in message
    return Event(
        id=str(message["messageId"]),
        name=str(message.get("event") or TYPES[kind]),
        type=kind,
        source=web if is_web else server,
        identifiers=tuple(_identifiers(message)),
        occurred_us=at_us,
        received_us=at_us,
        properties=_map(message, "properties"),
        traits=_map(message, "traits"),
        context={"auth": "browser" if is_web else "server"},
    )


def _identifiers(message: Message) -> Iterator[Identifier]:
    for key, kind in (("userId", "user_id"), ("anonymousId", "anonymous_id")):
        if key in message:
            yield Identifier(kind, str(message[key]))


def _map(message: Mapping[str, Json], key: str) -> dict[str, Json]:
    value = message.get(key)
    return value if isinstance(value, dict) else {}
