"""What an erasure would take, and the record that asks for it.

The record names nodes, which are keyed hashes, and the request. Why it was asked stands in the
audit, which the platform's owner keeps, not in the log.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.activate.outbox import decode_row
from journeyfold.core.effect import effect_id
from journeyfold.core.event import Event, Json
from journeyfold.core.ports import EventLog, StateReader
from journeyfold.identity.normalise import person_id
from journeyfold.identity.resolve import Resolver
from journeyfold.project.people import profile_of
from journeyfold.project.sent import HANDED_OVER

NAME = "privacy.erased"
SYSTEM = "_system"


class Going(msgspec.Struct, frozen=True):
    """What the platform holds of one person. `records` name them in the log, and stay there."""

    person: str
    nodes: tuple[str, ...]
    identifiers: tuple[tuple[str, str], ...]
    traits: tuple[str, ...]
    segments: tuple[str, ...]
    journeys: tuple[str, ...]
    waiting: int  # effects in the outbox
    sent: int  # messages that were sent to them
    records: int


def going(reader: StateReader, resolver: Resolver, log: EventLog, person: str) -> Going | None:
    """Of an id that leads to somebody now; None for one who is unknown, or erased."""
    seen = resolver.explain(person)
    if not seen.nodes:
        return None
    profile = profile_of(reader, seen.person)
    nodes = [bytes.fromhex(node.node) for node in seen.nodes]
    mine, ids = frozenset(nodes), frozenset(map(person_id, nodes))
    rows = (decode_row(raw).deliver.person for _, raw in reader.scan("outbox"))
    head, _ = log.head()
    records = [
        record
        for record in log.history(resolver.indexed(nodes), upto=head)
        if resolver.owner_of(record.event, record.offset) in mine
    ]
    return Going(
        person=seen.person,
        nodes=tuple(sorted(node.hex() for node in nodes)),
        identifiers=tuple((node.kind, node.value) for node in seen.nodes),
        traits=tuple(sorted(profile.traits)) if profile else (),
        segments=tuple(sorted(profile.memberships)) if profile else (),
        journeys=tuple(sorted({run.journey for run in profile.journeys})) if profile else (),
        waiting=sum(each in ids for each in rows),
        sent=sum(record.event.name in HANDED_OVER for record in records),
        records=len(records),
    )


def request(nodes: Sequence[str], now_us: int) -> Event:
    """Asking twice for the same is once: who is erased has no such nodes any more."""
    told: dict[str, Json] = {"nodes": list(nodes)}
    return Event(
        id=effect_id(f"{NAME}/{'/'.join(nodes)}/{now_us}"), name=NAME, type="system", source=SYSTEM,
        identifiers=(), occurred_us=now_us, received_us=now_us, properties=told,
        context={"auth": "system"},
    )  # fmt: skip
