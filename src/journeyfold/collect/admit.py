"""The door's judgement on one message: into the log, into quarantine, or refused (collect 2.7).

Pure up to the gate's cardinality counts: what was received when, by whose key and under which plan
is all in the arguments, so the same message meets the same fate wherever and whenever it is judged.
Order: envelope and time, consent and minimisation, plan, cardinality, identity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

import msgspec

from journeyfold.collect.arrival import Arrival, Auth
from journeyfold.collect.cardinality import Cardinality
from journeyfold.collect.envelope import TYPES, Draft, Terms, draft
from journeyfold.collect.held import held, restored
from journeyfold.collect.json_entry import Members, Refused, Shape, misshapen
from journeyfold.collect.limits import LIMITS, beyond
from journeyfold.collect.receipted import RESPONSES, facts_of, with_facts
from journeyfold.collect.situation import Place
from journeyfold.collect.whereabouts import Weather
from journeyfold.core.event import Event, Json
from journeyfold.core.ports import Entry, Held
from journeyfold.quality.door import DoorRules
from journeyfold.quality.registry import Registry, Schema
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapped import Passed

STANDARD_EVENTS = RESPONSES | {"Consent Updated"}  # our own words need no schema of the project
OWN_FIELDS = frozenset({"user_id", "anonymous_id"})  # never read from traits
UNMAPPED = frozenset({"unmapped", "schema_changed"})  # kept as it came, to be mapped anew
ERRORS_MAX = 20  # kept on a flagged event (quality Q07)


class Verdict(msgspec.Struct, frozen=True):
    """What privacy says of an event: the event without what is not allowed, or None and a code."""

    event: Event | None
    code: str = "consent"
    dropped: tuple[str, ...] = ()


class Protect(Protocol):
    """Consent, suppression and minimisation (collect C28). `nodes` are the event's own."""

    def __call__(self, event: Event, nodes: tuple[bytes, ...]) -> Verdict: ...


NodesOf = Callable[[Event], tuple[tuple[bytes, ...], bool]]
"""The index of an event's usable identifiers, and whether there is any (identity I6, I9)."""


Look = Callable[[], AbstractContextManager[None]]
"""While it is open, all messages are judged by one snapshot of what is stored about people."""


Mapping = Callable[[object], Members | Passed]
"""A webhook's `map` and `fields`, compiled: one item of a delivery → a wire message, or None."""


class Gate(msgspec.Struct, frozen=True):
    """One source's door under the project in force."""

    source: Source
    terms: Terms
    registry: Registry
    protect: Protect
    nodes_of: NodesOf
    cardinality: Cardinality
    unknown_event: str = "allow"
    unknown_property: str = "allow"
    invalid: str = "quarantine"
    mapping: Mapping | None = None
    receipt_key: bytes = b""  # empty: nothing here signs receipts, so none can be checked
    dropped: Callable[[str], None] = lambda _field: None  # a server's field that a client sent
    look: Look = nullcontext
    rules: DoorRules | None = None  # about one record, of the project's quality/


def gate_of(
    source: Source, registry: Registry, *, protect: Protect, nodes_of: NodesOf,
    trait_kinds: tuple[str, ...] = (), mapping: Mapping | None = None,
    seen: Cardinality | None = None, receipt_key: bytes = b"",
    dropped: Callable[[str], None] = lambda _field: None, look: Look = nullcontext,
    place: Place | None = None, weather: Weather | None = None,
) -> Gate:  # fmt: skip
    """A source of the project as a gate; `seen` carries its counts over a reload."""
    limits = source.limits
    terms = Terms(
        source=source.source,
        event_bytes=source.max_event_bytes,
        shape=Shape(limits.max_depth, source.max_members),
        trait_kinds=tuple(each for each in trait_kinds if each not in OWN_FIELDS),
        enrich=frozenset(source.enrich),
        keeps_whole_ip=source.ip == "full",
        place=place,
        keeps_whole_location=source.location == "full",
        weather=weather,
    )
    cardinality = seen or Cardinality(
        limits.event_names, limits.trait_keys, limits.property_keys, registry.event_names
    )
    plan = source.plan_in_force()
    return Gate(
        source, terms, registry, protect, nodes_of, cardinality, *plan, mapping, receipt_key,
        dropped, look,
    )  # fmt: skip


def admit(gate: Gate, item: object, arrival: Arrival, event_id: str) -> Entry | Held | Refused:
    """One message of the wire; `event_id` is its id when it brings none (collect C23)."""
    drafted = draft(item, arrival, gate.terms, event_id)
    if isinstance(drafted, Refused):
        return drafted
    tell_dropped(gate, drafted)
    return judge(gate, drafted, arrival.key_id)


def tell_dropped(gate: Gate, drafted: Draft) -> None:
    for field in drafted.dropped:
        gate.dropped("received" if field.startswith("received") else field)


def judge_delivery(
    gate: Gate, item: object, arrival: Arrival, event_id: str
) -> Entry | Held | Refused:
    """One item of a webhook's delivery; what nothing maps is kept as it came (collect C39).

    What a line of `map` filters is neither kept nor an error: its reason is counted and told.
    """
    message = gate.mapping(item) if gate.mapping else item
    if isinstance(message, dict) and message.get("type") in TYPES:
        return admit(gate, {"messageId": event_id, **message}, arrival, event_id)
    if isinstance(message, Passed) and message.fate == "filtered":
        return Refused("filtered", "", message.reason)
    if (bad := misshapen(item, gate.terms.shape)) is not None:
        return bad
    raw = msgspec.json.encode(item)
    if len(raw) > gate.terms.event_bytes:
        return Refused("event_too_large", "", f"above {gate.terms.event_bytes} bytes")
    why = "it is no message, and the source has no `map`"
    if isinstance(message, Passed):
        why = message.detail.removeprefix("line 1: ")  # a delivery is one row
    return Held(
        gate.source.source, raw, "unmapped", "", arrival.received_us, why, event_id,
        auth=arrival.auth,
    )  # fmt: skip


def replay(gate: Gate, item: Held) -> Entry | Held | Refused:
    """A quarantined message under today's plan, with the instants it had (collect C31)."""
    is_change = gate.source.kind == "cdc" and not item.name  # a row that became no event
    if is_change or item.code in UNMAPPED:
        auth: Auth = "stream" if gate.source.kind == "cdc" else "webhook"
        arrival = Arrival(received_us=item.received_us, auth=auth, key_id=item.key_id)
        return judge_delivery(gate, msgspec.json.decode(item.message), arrival, item.event_id)
    drafted = restored(item)
    if isinstance(drafted, Refused):
        return drafted
    context = {key: value for key, value in drafted.event.context.items() if key != "quality"}
    event = msgspec.structs.replace(drafted.event, context=context)
    drafted = Draft(event, drafted.fingerprint)
    if item.code in LIMITS and (wrong := beyond(event, gate.terms)) is not None:
        return hold_beyond(gate, drafted, wrong)
    return judge(gate, drafted, item.key_id)


def hold_beyond(gate: Gate, drafted: Draft, why: Refused) -> Held | Refused:
    """An event that breaks a limit, without what privacy does not allow; of what it refuses,
    nothing is kept (C28).
    """
    nodes, _ = gate.nodes_of(drafted.event)
    verdict = gate.protect(drafted.event, nodes)
    if verdict.event is None:
        return Refused(verdict.code, "", _REFUSED)
    if verdict.event is not drafted.event:
        nodes, _ = gate.nodes_of(verdict.event)
    return held(Draft(verdict.event, drafted.fingerprint), why, nodes=nodes)


_REFUSED = (
    "refused by the privacy rules, nothing is stored: no purpose of it is granted, nor declared "
    "under `purposes` of its source"
)


def judge(gate: Gate, drafted: Draft, key_id: str) -> Entry | Held | Refused:
    """An event already in shape: of the wire, of a mapping, or out of quarantine."""
    event = drafted.event
    nodes, is_usable = gate.nodes_of(event)
    verdict = gate.protect(event, nodes)
    if verdict.event is None:
        return Refused(verdict.code, "", _REFUSED)
    if verdict.event is not event:  # identifiers may have gone with their traits
        event = verdict.event
        nodes, is_usable = gate.nodes_of(event)
        drafted = Draft(event, drafted.fingerprint)
    schema = gate.registry.schema_for(event)
    stem = schema.stem if schema else ""
    planned = _planned(gate, event, schema)
    if isinstance(planned, _Finding):
        if planned.mode == "reject":
            return planned.why
        return held(drafted, planned.why, key_id=key_id, schema=stem, nodes=nodes)
    if gate.rules is not None:
        ruled = _ruled(gate.rules, planned, is_marked=planned.context is not event.context)
        if isinstance(ruled, Refused):
            return held(drafted, ruled, key_id=key_id, schema=stem, nodes=nodes)
        planned = ruled
    facts = facts_of(event, gate.receipt_key) if gate.receipt_key else {}
    if isinstance(facts, Refused):
        return held(drafted, facts, key_id=key_id, schema=stem, nodes=nodes)
    if facts:
        planned = with_facts(planned, facts)
    cardinality = gate.cardinality
    is_familiar = cardinality.knows(planned)
    if not is_familiar and (excess := cardinality.excess(planned)) is not None:
        return held(drafted, excess, key_id=key_id, schema=stem, nodes=nodes)
    if not is_usable and not gate.source.names_nobody:
        why = Refused("no_usable_identifier", "", "every identifier is malformed or blocked")
        return held(drafted, why, key_id=key_id, schema=stem, nodes=nodes)
    if not is_familiar:
        cardinality.note(planned)
    return Entry(planned, "event", drafted.fingerprint, nodes, key_id)


class _Finding(msgspec.Struct, frozen=True):
    mode: str  # quarantine | reject
    why: Refused


def _planned(gate: Gate, event: Event, schema: Schema | None) -> Event | _Finding:
    """The event as the tracking plan lets it pass (collect C29)."""
    if schema is None:
        if event.type != "track" or event.name in STANDARD_EVENTS or gate.unknown_event == "allow":
            return event
        why = Refused("unknown_event", "/event", "no schema of the project has this name")
        if gate.unknown_event != "flag":
            return _Finding(gate.unknown_event, why)
        return _flagged(event, [why], None)
    flags: list[Refused] = []
    if gate.unknown_property != "allow" and (strange := schema.undeclared(event)):
        why = Refused("unknown_property", schema.pointer(strange[0]), "not declared by the schema")
        if gate.unknown_property == "quarantine":
            return _Finding("quarantine", why)
        if gate.unknown_property == "strip":
            event = schema.stripped(event)
        else:
            flags.append(why)
    if violations := schema.violations(event):
        mode = schema.invalid or gate.invalid
        found = [Refused(each.code, each.pointer, each.detail) for each in violations]
        if mode != "flag":
            return _Finding(mode, found[0])
        flags += found
    if flags:
        return _flagged(event, flags, schema.stem)
    return msgspec.structs.replace(event, schema=schema.stem)


def _ruled(rules: DoorRules, event: Event, *, is_marked: bool) -> Event | Refused:
    """The event as the project's rules let it pass: as it is, marked, or not (quality Q11)."""
    broken = rules(event)
    if not broken:
        return event
    found = [Refused("rule", each.pointer, each.rule) for each in broken]
    for each, why in zip(broken, found, strict=True):
        if each.is_set_aside:
            return why
    quality = event.context["quality"] if is_marked else None
    marked = quality["errors"] if isinstance(quality, dict) else None
    return _flagged(event, found, event.schema, marked if isinstance(marked, list) else ())


def _flagged(
    event: Event, flags: list[Refused], stem: str | None, marked: Sequence[Json] = ()
) -> Event:
    errors: list[Json] = [*marked] + [
        {"code": flag.code, "pointer": flag.pointer, "detail": flag.detail}
        for flag in flags[:ERRORS_MAX]
    ]
    quality: Members = {"errors": errors[:ERRORS_MAX]}
    context: Members = {**event.context, "quality": quality}
    return msgspec.structs.replace(event, context=context, schema=stem)
