"""What linkage compares: the log read once, each identifier as a person of its own (identity B1).

One row per owner node of class account or contact. A value is a trait that a record states of its
owner, cleaned as the fold cleans it; where there is none, an identifier of that kind in the record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from journeyfold.adapters.linkage_records import Sighting
from journeyfold.core.event import Identifier, Json, Record
from journeyfold.core.ports import EventLog, StateReader, StateStore
from journeyfold.identity.linkage import Linkage
from journeyfold.identity.resolve import Resolver
from journeyfold.privacy.consent import decode_registers, effective_of
from journeyfold.project.compile import Compiled

PIECE = 2_000
OBJECTED = ("profiling_automated", "analytics")
"""Who has refused one of these is not compared (trust PRV-1)."""


def sightings(
    log: EventLog,
    state: StateStore,
    compiled: Compiled,
    node_key: bytes,
    *,
    after: int,
    upto: int,
    read: Callable[[int], None] = lambda _done: None,
) -> Iterator[list[Sighting]]:
    """A piece of the log at a time: neither the log nor the state is held open for long."""
    rules = compiled.project.identity
    assert rules.linkage is not None, "there is something to compare"
    while after < upto:
        records = log.read(after, min(PIECE, upto - after))
        with state.read() as reader:
            resolver = Resolver(rules, node_key, reader)
            yield [
                sighting
                for record in records
                if record.kind == "event"
                for sighting in _of(compiled.cleaning.cleaned(record), resolver, rules.linkage)
            ]
        after = records[-1].offset
        read(after)


def _of(record: Record, resolver: Resolver, linkage: Linkage) -> Iterator[Sighting]:
    event = record.event
    usable = resolver.usable(event, record.offset)
    if not usable or usable[0].kind in resolver.rules.devices:
        return
    node = resolver.node(usable[0]).hex()
    stated = _stated(event.traits, usable, linkage)
    unset = event.context.get("unset")
    for name in unset if isinstance(unset, list) else ():
        if name in linkage.columns:
            stated[str(name)] = ""
    for name, value in stated.items():
        yield Sighting(node, name, value, event.occurred_us, event.id)


def _stated(
    traits: Mapping[str, Json], usable: tuple[Identifier, ...], linkage: Linkage
) -> dict[str, str]:
    stated = {one.kind: one.value for one in usable if one.kind in linkage.columns}
    for name in linkage.columns:
        value = traits.get(name)
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != "":
            stated[name] = str(value)
    return stated


class Objecting:
    """Who is not to be compared, as it is now: people who refused, and identifiers erased since."""

    def __init__(self, reader: StateReader, resolver: Resolver) -> None:
        self._resolver = resolver
        refused = [
            node
            for node, raw in reader.scan("consent")
            if any(effective_of((decode_registers(raw),), each) == "denied" for each in OBJECTED)
        ]
        self._nodes = frozenset(refused)
        self._people = {resolver.person_of(node) for node in refused} - {None}

    def is_gone(self, node: bytes) -> bool:
        return self._resolver.person_of(node) is None

    def objects(self, node: bytes) -> bool:
        if self._resolver.first_of(node) in self._nodes:
            return True
        return bool(self._people) and self._resolver.person_of(node) in self._people
