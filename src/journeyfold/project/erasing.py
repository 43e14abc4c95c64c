"""A person is forgotten: what the fold removes, in the transaction of the record (journeys E72).

Their profile with memberships, runs, holds and timers, their nodes and links, what the door knows
of their consent, the rows of messages sent to them. What stays is a keyed hash of each identifier
with the instant and the channels it closed by a bounce or a complaint, so that nothing that
happened before comes back and nobody writes to a dead address anew (identity M7, trust PRV-36).
The outbox is cleared by whoever keeps it: `runtime.outbox`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from journeyfold.core.effect import Effect, Emit
from journeyfold.core.event import Record
from journeyfold.core.ports import EventLog, StateWriter
from journeyfold.core.profile import Contact, Profile
from journeyfold.identity import review
from journeyfold.identity.erased import Closing
from journeyfold.identity.explain import NodeSeen
from journeyfold.identity.normalise import person_id
from journeyfold.identity.resolve import Change, Resolver
from journeyfold.profile.contact import CLOSING, COMPLAINED, address_digest, merge_contacts
from journeyfold.project.compile import Compiled
from journeyfold.project.joins import recount
from journeyfold.project.journeying import ADDRESS
from journeyfold.project.people import People
from journeyfold.project.sent import HANDED_OVER, forget_message


class Forgotten(msgspec.Struct, frozen=True):
    """`people` are ids that lead to nobody any more; `changes` are about others."""

    people: frozenset[str]
    effects: list[Effect]
    changes: tuple[Change, ...]


def forget(
    record: Record, people: People, resolver: Resolver, compiled: Compiled, writer: StateWriter,
    log: EventLog,
) -> Forgotten:  # fmt: skip
    """Whole people: everybody who has one of the record's nodes, with all of theirs."""
    parts = resolver.people_of(_named(record))
    nodes = [node for part in parts for node in part.nodes]
    effects: list[Effect] = []
    closed: dict[bytes, list[Closing]] = {}
    for part in parts:
        profile = people.get(part.person)
        if profile is not None:
            effects += people.count(_ended(profile, compiled, record.appended_us))
            recount(people, record.appended_us, before=(profile,), after=())
            closed |= _closings(profile, resolver.explain(part.person).nodes)
            people.remove(part.person)
    review.forget(writer, frozenset(nodes))
    people.forget_consents(writer, [resolver.first_of(node) for node in nodes])
    if nodes:
        for old in log.history(resolver.indexed(nodes), upto=record.offset - 1):
            if old.event.name in HANDED_OVER:
                forget_message(writer, old)
    gone = frozenset(map(person_id, nodes))  # with every id they had before a merge
    return Forgotten(gone, effects, resolver.erase(record, parts, closed))


def come_back(people: People, resolver: Resolver, compiled: Compiled) -> None:
    """Identifiers that were erased and are named again, by somebody new."""
    returned, resolver.returned = resolver.returned, []
    for node, row in returned:
        person = resolver.person_of(node)
        if row.closed and person is not None:
            close_again(people.open(person), (node,), resolver, compiled)


def close_again(
    profile: Profile, nodes: Iterable[bytes], resolver: Resolver, compiled: Compiled
) -> None:
    """Addresses that were closed before they were erased stay so."""
    for node in sorted(nodes):
        row, identifier = resolver.erased(node), resolver.identifier(node)
        if row is None or identifier is None or not row.closed:
            continue
        digest = address_digest(identifier.value)
        contacts = [
            Contact(f"erased/{each.kind}/{digest}", each.kind, each.at_us, each.channel, digest)
            for each in row.closed
        ]
        keep_us = compiled.policies.keep_contacts_us
        profile.contacts = merge_contacts(profile.contacts, contacts, keep_us)


def _named(record: Record) -> list[bytes]:
    told = record.event.properties.get("nodes")
    assert isinstance(told, list), "an erasure names nodes"
    return [bytes.fromhex(str(each)) for each in told]


def _ended(profile: Profile, compiled: Compiled, now_us: int) -> list[Effect]:
    """Their runs end as `erased`, told without the key, which may be a cart or an order of theirs."""
    if compiled.travel is None:
        return []
    return [_without_key(effect) for effect in compiled.travel.end(profile, now_us, "erased")]


def _without_key(effect: Effect) -> Effect:
    if not isinstance(effect, Emit):
        return effect
    told = {name: value for name, value in effect.properties.items() if name != "key"}
    return msgspec.structs.replace(effect, properties=told)


def _closings(profile: Profile, nodes: Iterable[NodeSeen]) -> Mapping[bytes, list[Closing]]:
    """Node of an address → the channels it is closed for."""
    closing = [contact for contact in profile.contacts if contact.kind in CLOSING]
    found: dict[bytes, list[Closing]] = {}
    for node in nodes if closing else ():
        digests = {"", address_digest(node.value)}
        mine = [
            Closing(each.kind, each.placement, each.at_us)
            for each in closing
            if ADDRESS.get(each.placement) == node.kind
            and (each.kind == COMPLAINED or each.offer in digests)
        ]
        if mine:
            found[bytes.fromhex(node.node)] = mine
    return found
