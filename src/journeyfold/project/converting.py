"""A run that reaches its goal is a conversion of the last message it sent.

What was sent is known to the space `sent`, so this stands after the fold of a record: the event it
makes comes back through the log, and journeys, segments and caps can use it like an opening.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from journeyfold.core.aggregate import MICRO
from journeyfold.core.effect import Effect, Emit, Say
from journeyfold.core.event import Json
from journeyfold.core.ports import StateReader
from journeyfold.project.sent import Sent, sent_of

CONVERTED = "message.converted"


def conversions(reader: StateReader, effects: Iterable[Effect]) -> Iterator[Say]:
    """One for each goal of a run that was sent something; those held out convert no message."""
    for effect in effects:
        if isinstance(effect, Emit) and effect.name == "journey.goal":
            found = _last(reader, effect.properties.get("sends"))
            if found is not None:
                yield _told(effect, *found)


def _last(reader: StateReader, sends: Json) -> tuple[str, Sent] | None:
    """The message of the run that went out last."""
    ids = (
        (each for held in sends.values() for each in _texts(held))
        if isinstance(sends, dict)
        else ()
    )
    rows = ((id_, row) for id_ in ids if (row := sent_of(reader, id_)) is not None)
    gone = [(id_, row) for id_, row in rows if "sent" in row.marks or "unknown" in row.marks]
    return max(gone, key=lambda one: (one[1].sent_us, one[0]), default=None)


def _told(goal: Emit, message: str, row: Sent) -> Say:
    micros = goal.properties.get("value_micros")
    told: dict[str, Json] = {
        "message": message, **row.whence(), "event": goal.properties.get("event"),
        "value": micros / MICRO if isinstance(micros, int) else 0.0,
    }  # fmt: skip
    return Say(
        f"{goal.properties['instance']}/converted", CONVERTED, "track", goal.person, goal.at_us,
        properties=told,
    )  # fmt: skip


def _texts(held: Json) -> list[str]:
    return [each for each in held if isinstance(each, str)] if isinstance(held, list) else []
