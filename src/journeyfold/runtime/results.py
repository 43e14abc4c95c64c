"""What became of a delivery, as records (journeys A1).

What a journey listens to is an event of its person: `message.*` and `webhook.*`. Everything else
is a record that changes nobody: `delivery.*` for what was forwarded or synchronised, an attempt
that will be followed by another, a destination that was paused.
"""

from __future__ import annotations

from journeyfold.activate.outbox import Attempt, Row, kind_of, told_of
from journeyfold.core.effect import Deliver, Emit, Say
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import rfc3339
from journeyfold.core.ports import Entry
from journeyfold.runtime.outbox import SYSTEM, result_id

HEARD = frozenset({"message", "webhook"})
"""Kinds whose results are events of a person."""


def family(deliver: Deliver) -> str:
    kind = kind_of(deliver)
    return kind if kind in HEARD else "delivery"


def told(row: Row, destination: str, result: str, why: dict[str, Json], at_us: int) -> Say:
    """The record of what became of it at a destination; `why` says more."""
    deliver = row.deliver
    properties: dict[str, Json] = {
        "message": deliver.key, **told_of(deliver), "destination": destination, **why,
    }  # fmt: skip
    if row.round:
        properties["round"] = row.round
    return Say(
        result_id(deliver.key, result, row.round), f"{family(deliver)}.{result}", "track",
        deliver.person, at_us, properties=properties,
    )  # fmt: skip


def attempted(row: Row, destination: str, attempt: Attempt, next_us: int) -> Emit:
    """An attempt after which another follows; the last one is told by its result."""
    properties: dict[str, Json] = {
        "message": row.key, **told_of(row.deliver), "destination": destination,
        "attempt": row.attempt, "result": attempt.result, "reason": attempt.reason,
        "latency_us": attempt.latency_us, "next_us": next_us,
    }  # fmt: skip
    key = result_id(row.key, f"attempt-{row.attempt}", row.round)
    return Emit(
        key, f"{family(row.deliver)}.attempted", row.deliver.person, attempt.at_us, properties
    )


def held(row: Row, destination: str, gate: str, until_us: int, at_us: int) -> Emit:
    """It waits for a gate that was open when it was planned."""
    properties: dict[str, Json] = {
        "message": row.key, **told_of(row.deliver), "destination": destination,
        "gate": gate, "until": rfc3339(until_us),
    }  # fmt: skip
    key = result_id(row.key, f"held/{gate}/{until_us}", row.round)
    return Emit(key, f"{family(row.deliver)}.held", row.deliver.person, at_us, properties)


def record_of_nobody(
    name: str, id_: str, properties: dict[str, Json], at_us: int, source: str = SYSTEM
) -> Entry:
    """A record that changes no person."""
    event = Event(
        id=id_, name=name, type="output", source=source, identifiers=(), occurred_us=at_us,
        received_us=at_us, properties=properties, context={"auth": "system"},
    )  # fmt: skip
    return Entry(event=event, kind="output")
