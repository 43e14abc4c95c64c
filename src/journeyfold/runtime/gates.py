"""The door's gates of a project version: plan, consent and identity bound to each source.

Consent is read from the state's last commit, and only when a field of the event asks for a
purpose (trust PRV-6); what slips through within the fold's lag is judged again by the fold.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

import msgspec

from journeyfold.collect.admit import Gate, NodesOf, Protect, Verdict, gate_of
from journeyfold.collect.situation import Place
from journeyfold.collect.whereabouts import Weather
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import StateReader, StateStore
from journeyfold.identity.normalise import is_unsigned_client, node_of, normalised
from journeyfold.identity.rules import IdentityRules
from journeyfold.privacy.consent import Registers, decode_registers, statements
from journeyfold.privacy.protect import (
    Protection,
    Stored,
    as_stored,
    asked_of,
    protect,
    protection_of,
)
from journeyfold.project.model import Project
from journeyfold.project.quality import rules_at_the_door
from journeyfold.quality.registry import load_registry
from journeyfold.sources.change import change_mapping
from journeyfold.sources.inventory import Source
from journeyfold.sources.payload import PayloadMapping, payload_mapping

State = Callable[[], StateStore | None]
Count = Callable[[str, int], None]
NODES_KNOWN = 50_000  # identifiers whose node is remembered: people send more than one event


def gates_of(
    project: Project,
    node_key: bytes,
    state: State,
    *,
    dropped: Count = lambda _stage, _count: None,
    refused_field: Callable[[str, str], None] = lambda _source, _field: None,
    receipt_key: bytes = b"",
    before: Mapping[str, Gate] | None = None,
    place: Place | None = None,
    weather: Weather | None = None,
) -> dict[str, Gate]:
    """A gate for each source; `before` carries cardinality counts over a reload.

    `refused_field` hears of a server's field that a client sent, `dropped` of what consent takes.
    """
    registry = load_registry(project.schemas)
    nodes_of = node_reader(project.identity, node_key)
    kinds = tuple(kind.name for kind in project.identity.kinds)
    consents = CommittedConsents(state)
    rules = rules_at_the_door(project, registry)
    gates = {}
    for name, source in project.sources.items():
        known = (before or {}).get(name)
        plan = protection_of(registry.schemas, source, project.settings.privacy)
        gates[name] = gate_of(
            source,
            registry,
            protect=protector(plan, project.identity, consents, dropped),
            look=consents.look,
            nodes_of=nodes_of,
            trait_kinds=kinds,
            mapping=_mapping_of(source),
            seen=known.cardinality if known and known.source.limits == source.limits else None,
            receipt_key=receipt_key,
            dropped=partial(refused_field, name),
            place=place,
            weather=weather,
        )
        gates[name] = msgspec.structs.replace(gates[name], rules=rules.get(name))
    return gates


def _mapping_of(source: Source) -> PayloadMapping | None:
    """What makes a message of a delivery or of a row's change."""
    if source.kind == "cdc":
        return change_mapping(source)
    return payload_mapping(source) if source.kind == "webhook" else None


def node_reader(rules: IdentityRules, node_key: bytes) -> NodesOf:
    """The person index of an event: the nodes of its usable identifiers (identity I9)."""
    known: dict[Identifier, bytes] = {}

    def named(identifier: Identifier) -> bytes:
        if len(known) >= NODES_KNOWN:
            known.clear()
        found = known[identifier] = node_of(identifier, node_key)
        return found

    def nodes_of(event: Event) -> tuple[tuple[bytes, ...], bool]:
        usable = normalised(event, rules)[0]
        return tuple([known.get(each) or named(each) for each in usable]), bool(usable)

    return nodes_of


def binding(event: Event, rules: IdentityRules) -> list[bool]:
    """Per usable identifier: does a statement of this event bind it? An unsigned client speaks
    for its devices only (trust PRV-2).
    """
    usable = normalised(event, rules)[0]
    if not is_unsigned_client(event):
        return [True] * len(usable)
    devices = {kind.name for kind in rules.kinds if kind.class_ == "device"}
    return [each.kind in devices for each in usable]


def protector(
    plan: Protection, rules: IdentityRules, consents: CommittedConsents, dropped: Count
) -> Protect:
    def judged(event: Event, nodes: tuple[bytes, ...]) -> Verdict:
        asked = asked_of(event, plan)
        if asked == "nothing":
            return Verdict(as_stored(event, plan))
        registers = consents.of(nodes)
        signals = statements(event)
        if not signals and not any(registers):
            if asked == "granted":
                return Verdict(as_stored(event, plan))
            stored: list[Stored] = []  # nobody has said anything: there is nothing to bind
        else:
            binds = binding(event, rules)
            stored = [Stored(*pair) for pair in zip(registers, binds, strict=True)]
        done = protect(event, signals, stored, plan)
        if done.dropped:
            dropped("door", len(done.dropped))
        elif done.event is None:
            dropped("door", 1)
        return Verdict(done.event, done.code, done.dropped)

    return judged


class CommittedConsents:
    """Consents in the state's last commit. Inside `look` one snapshot serves a whole request, and
    a node is read once however many of its messages name it, and not at all while nobody has
    stated anything.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._here = threading.local()  # a request is judged in one thread, without a pause

    @contextmanager
    def look(self) -> Iterator[None]:
        with ExitStack() as until_done:
            self._here.known, self._here.until_done = {}, until_done
            self._here.reader, self._here.is_open = None, False
            try:
                yield
            finally:
                self._here.known = self._here.reader = None

    def of(self, nodes: Sequence[bytes]) -> list[Registers]:
        known: dict[bytes, Registers] | None = getattr(self._here, "known", None)
        if known is None:
            with self.look():
                return self.of(nodes)
        for node in nodes:
            if node not in known:
                raw = self._raw(node)
                known[node] = decode_registers(raw) if raw else {}
        return [known[node] for node in nodes]

    def _raw(self, node: bytes) -> bytes | None:
        reader = self._reader()
        return reader.get("consent", node) if reader is not None else None

    def _reader(self) -> StateReader | None:
        """None while there is no state or no statement in it."""
        if not self._here.is_open:
            self._here.is_open = True
            state = self._state()
            if state is not None:
                until_done: ExitStack = self._here.until_done
                reader = until_done.enter_context(state.read())
                if next(iter(reader.scan("consent")), None) is not None:
                    self._here.reader = reader
        found: StateReader | None = self._here.reader
        return found
