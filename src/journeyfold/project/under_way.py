"""Who is in a journey now, a page at a time: no more people are looked at than a page may cost."""

from __future__ import annotations

import msgspec

from journeyfold.core.ports import StateReader
from journeyfold.core.profile import Instance
from journeyfold.project.people import decode_profile

LOOKED_MAX = 20_000  # people a page; about a fifth of a second


class UnderWay(msgspec.Struct, frozen=True):
    """Ids in order. `next_after` is where the next page begins; empty once everybody was looked
    at. A page may hold fewer than were asked for, or none, and yet have a next one.
    """

    people: tuple[str, ...] = ()
    next_after: str = ""


def under_way(
    reader: StateReader, journey: str, step: str, after: str, limit: int,
    looked_max: int = LOOKED_MAX,
) -> UnderWay:  # fmt: skip
    """Those in it, at a step if one is given. A profile without its name is not decoded."""
    name, found, last = journey.encode(), list[str](), after
    start = after.encode() + b"\0" if after else b""
    for looked, (key, raw) in enumerate(reader.scan("profile", start)):
        if looked == looked_max:
            return UnderWay(tuple(found), last)
        if name in raw and any(
            is_under_way(each, journey, step) for each in decode_profile(raw).journeys
        ):
            if len(found) == limit:
                return UnderWay(tuple(found), found[-1])
            found.append(key.decode())
        last = key.decode()
    return UnderWay(tuple(found))


def is_under_way(instance: Instance, journey: str, step: str) -> bool:
    is_in = instance.journey == journey and not instance.ended_us
    return is_in and step in {"", instance.step}
