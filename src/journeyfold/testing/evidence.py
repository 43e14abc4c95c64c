"""Records that carry identity evidence, for tests: a sighting a line, a verdict a line.

`resolved` runs a resolver over records with a chosen batch size and keeps what it changed, so a test
can ask for the partition, the stored bytes and the changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from journeyfold.core.event import Event, Identifier, Json, Kind, Record
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.identity.resolve import Change, History, Resolution, Resolver
from journeyfold.identity.rules import DEFAULT_RULES, IdentityRules

NODE_KEY = b"a key for tests"


class Shelves:
    """A state of plain dicts: the smallest thing that is a StateWriter."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, bytes], bytes] = {}

    def get(self, space: str, key: bytes) -> bytes | None:
        return self.rows.get((space, key))

    def scan(
        self, space: str, start: bytes = b"", stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        for (name, key), value in sorted(self.rows.items()):
            if name == space and key >= start and (stop is None or key < stop):
                yield key, value

    def put(self, space: str, key: bytes, value: bytes) -> None:
        self.rows[space, key] = value

    def delete(self, space: str, key: bytes) -> None:
        self.rows.pop((space, key), None)


def identifiers(*written: str) -> tuple[Identifier, ...]:
    """`identifiers("user_id:ann", "anonymous_id:a1")`."""
    return tuple(Identifier(*one.split(":", 1)) for one in written)


def sighting(
    offset: int,
    *written: str,
    at_us: int | None = None,
    auth: str = "server",
    type_: str = "track",
    kind: Kind = "event",
    source: str = "shop",
    event_id: str = "",
    context: dict[str, Json] | None = None,
) -> Record:
    """A record naming the identifiers written; it occurred at its offset unless told."""
    occurred_us = offset if at_us is None else at_us
    event = Event(
        id=event_id or f"e{offset}",
        name="Seen",
        type=type_,
        source=source,
        identifiers=identifiers(*written),
        occurred_us=occurred_us,
        received_us=occurred_us,
        context={"auth": auth, **(context or {})},
    )
    return Record(offset, offset, kind, event)


def verdict(offset: int, properties: dict[str, Json]) -> Record:
    """A record of kind `evidence`; ends may be written `user_id:ann`."""
    ends: dict[str, Json] = {
        end: list(str(properties[end]).split(":", 1)) for end in ("a", "b") if end in properties
    }
    event = Event(
        id=f"v{offset}",
        name="Identity Verdict",
        type="track",
        source="_api",
        identifiers=(),
        occurred_us=offset,
        received_us=offset,
        properties=properties | ends,
        context={"auth": "system"},
    )
    return Record(offset, offset, "evidence", event)


class Resolved(msgspec.Struct):
    """A resolver after some records, the state it wrote and what each record changed."""

    resolver: Resolver
    state: Shelves
    resolutions: list[Resolution]

    @property
    def changes(self) -> list[Change]:
        return [change for one in self.resolutions for change in one.changes]

    def node(self, written: str) -> bytes:
        return self.resolver.node(*identifiers(written))

    def person(self, written: str) -> str | None:
        return self.resolver.person_of(self.node(written))

    def people(self) -> dict[str, frozenset[bytes]]:
        """Person → nodes, from what is stored."""
        grouped: dict[str, set[bytes]] = {}
        for node, _ in self.state.scan("id_node"):
            person = self.resolver.person_of(node)
            assert person is not None, "a stored node has a person"
            grouped.setdefault(person, set()).add(node)
        return {person: frozenset(nodes) for person, nodes in grouped.items()}


def resolved(
    records: Iterable[Record], rules: IdentityRules = DEFAULT_RULES, batch: int = 1
) -> Resolved:
    """Resolve in order, flushing after every `batch` records and at the end."""
    state = Shelves()
    waiting = list(records)
    resolver = Resolver(rules, NODE_KEY, state, _history(waiting, rules))
    resolutions = []
    for position, record in enumerate(waiting, start=1):
        resolutions.append(resolver.resolve(record))
        if position % batch == 0 or position == len(waiting):
            resolver.flush(state)
            resolver.begin(state)
    return Resolved(resolver, state, resolutions)


def _history(records: Sequence[Record], rules: IdentityRules) -> History:
    """The records as a log knows them: by the nodes they name."""

    def history(nodes: Sequence[bytes], upto: int) -> list[Record]:
        wanted = set(nodes)
        return [
            one
            for one in records
            if one.offset <= upto
            and one.kind == "event"
            and any(node_of(each, NODE_KEY) in wanted for each in normalised(one.event, rules)[0])
        ]

    return history


def suppressed(found: Resolved) -> dict[str, str]:
    """Link id → reason, for everybody."""
    people: Sequence[str] = sorted(found.people())
    return {
        link.id: link.reason
        for person in people
        for link in found.resolver.explain(person).suppressed
    }
