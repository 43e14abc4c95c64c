"""Exit events that were heard before the entry they belong to (journeys E22).

Records may come out of order: the purchase before the cart it was made from. Events that end a
journey are remembered for a day; an entry whose end has been heard already opens and closes at
once, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from journeyfold.core.event import Event
from journeyfold.core.instant import DAY_US
from journeyfold.core.profile import Heard, Profile
from journeyfold.journey.enter import frozen

KEPT = 20  # of a person


def remember(profile: Profile, event: Event, now_us: int) -> None:
    kept = [each for each in profile.heard if each.at_us > now_us - DAY_US]
    properties = frozen(event)["properties"]
    assert isinstance(properties, dict)
    heard = Heard(event.id, event.name, event.source, event.occurred_us, now_us, properties)
    profile.heard = [*kept[1 - KEPT :], heard]


def heard_since(profile: Profile, since_us: int, now_us: int) -> Iterator[Event]:
    """Events of the last day that happened at or after an instant, in the order they happened."""
    for each in sorted(profile.heard, key=lambda one: (one.occurred_us, one.id)):
        if each.occurred_us >= since_us and each.at_us > now_us - DAY_US:
            yield Event(
                id=each.id, name=each.name, type="track", source=each.source, identifiers=(),
                occurred_us=each.occurred_us, received_us=each.at_us, properties=each.properties,
            )  # fmt: skip
