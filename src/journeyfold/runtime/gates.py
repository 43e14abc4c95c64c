"""The door's gates of a project version: plan, consent and identity bound to each source.

Consent is read from the state's last commit, and only when a field of the event asks for a
purpose (trust PRV-6); what slips through within the fold's lag is judged again by the fold.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import overload

from journeyfold.collect.admit import Gate, NodesOf, Protect, Verdict, gate_of
from journeyfold.core.event import Event
from journeyfold.core.ports import StateReader, StateStore
from journeyfold.identity.normalise import is_unsigned_client, node_of, normalised
from journeyfold.identity.rules import IdentityRules
from journeyfold.privacy.consent import (
    Registers,
    decode_registers,
    statements,
    states_consent,
)
from journeyfold.privacy.protect import Protection, Stored, protect, protection_of
from journeyfold.project.model import Project
from journeyfold.quality.registry import load_registry
from journeyfold.sources.payload import payload_mapping

State = Callable[[], StateStore | None]
Count = Callable[[str, int], None]


def gates_of(
    project: Project,
    node_key: bytes,
    state: State,
    *,
    dropped: Count = lambda _stage, _count: None,
    refused_field: Callable[[str, str], None] = lambda _source, _field: None,
    receipt_key: bytes = b"",
    before: Mapping[str, Gate] | None = None,
) -> dict[str, Gate]:
    """A gate for each source; `before` carries cardinality counts over a reload.

    `refused_field` hears of a server's field that a client sent, `dropped` of what consent takes.
    """
    registry = load_registry(project.schemas)
    nodes_of = node_reader(project.identity, node_key)
    kinds = tuple(kind.name for kind in project.identity.kinds)
    consents = CommittedConsents(state)
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
            mapping=payload_mapping(source) if source.kind == "webhook" else None,
            seen=known.cardinality if known and known.source.limits == source.limits else None,
            receipt_key=receipt_key,
            dropped=partial(refused_field, name),
        )
    return gates


def node_reader(rules: IdentityRules, node_key: bytes) -> NodesOf:
    """The person index of an event: the nodes of its usable identifiers (identity I9)."""

    def nodes_of(event: Event) -> tuple[tuple[bytes, ...], bool]:
        usable = normalised(event, rules)[0]
        return tuple(node_of(identifier, node_key) for identifier in usable), bool(usable)

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
        stored = _Stored(event, nodes, rules, consents)
        done = protect(event, statements(event), stored, plan)
        if done.dropped:
            dropped("door", len(done.dropped))
        elif done.event is None:
            dropped("door", 1)
        return Verdict(done.event, done.code, done.dropped)

    return judged


class CommittedConsents:
    """Consents in the state's last commit. Inside `look` one snapshot serves a whole request, and
    a node is read once however many of its messages name it.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._here = threading.local()  # a request is judged in one thread, without a pause

    @contextmanager
    def look(self) -> Iterator[None]:
        with ExitStack() as until_done:
            self._here.known, self._here.until_done = {}, until_done
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
        reader: StateReader | None = getattr(self._here, "reader", None)
        if reader is None and (state := self._state()) is not None:
            until_done: ExitStack = self._here.until_done
            reader = self._here.reader = until_done.enter_context(state.read())
        return reader


class _Stored(Sequence[Stored]):
    """Committed consents of an event's nodes, read when somebody looks; empty when there are none
    and the event states none itself.
    """

    def __init__(
        self,
        event: Event,
        nodes: tuple[bytes, ...],
        rules: IdentityRules,
        consents: CommittedConsents,
    ) -> None:
        self._event, self._nodes, self._rules, self._consents = event, nodes, rules, consents
        self._read: list[Stored] | None = None

    def __len__(self) -> int:
        return len(self._rows())

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._rows())

    @overload
    def __getitem__(self, index: int) -> Stored: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Stored]: ...
    def __getitem__(self, index: int | slice) -> Stored | Sequence[Stored]:
        return self._rows()[index]

    def _rows(self) -> list[Stored]:
        if self._read is None:
            registers = self._consents.of(self._nodes)
            if not any(registers) and not states_consent(self._event):
                self._read = []  # nobody has said anything: there is nothing to bind
                return self._read
            binds = binding(self._event, self._rules)
            self._read = [Stored(*pair) for pair in zip(registers, binds, strict=True)]
        return self._read
