"""A platform in memory: what `journeyfold test` plays scenarios on.

The same door, engine and decide as the real one, over the shipped memory stores, with log time in
the hands of the scenario.
"""

from __future__ import annotations

import msgspec

from journeyfold.activate.tracking import TokenKey
from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.collect.admit import judge
from journeyfold.collect.envelope import Draft
from journeyfold.core.effect import Deliver, Emit, Say, effect_id
from journeyfold.core.event import Event, Identifier, Json, Kind
from journeyfold.core.ports import Entry, StateReader
from journeyfold.core.profile import Profile
from journeyfold.decide.call import Asked, Question
from journeyfold.decide.decide import decide
from journeyfold.identity.normalise import identifier as normalised_identifier
from journeyfold.identity.normalise import node_of
from journeyfold.identity.resolve import Resolver
from journeyfold.journey.control import entry_event
from journeyfold.journey.turn import Trace
from journeyfold.project.compile import OWN_SOURCE, Compiled, compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.letters import Letters
from journeyfold.project.model import Project
from journeyfold.project.people import decode_profile, profile_of
from journeyfold.project.pretend import is_message, said_of, written_for
from journeyfold.project.runs import Runs
from journeyfold.project.scenario import (
    SeenDecision,
    SeenMessage,
    SeenPerson,
    Travelled,
)
from journeyfold.project.situation import Situated
from journeyfold.project.standing import standing
from journeyfold.runtime.admitting import Intake
from journeyfold.runtime.gates import gates_of
from journeyfold.runtime.slots import Slots, asked_in

ADDRESS = "http://localhost:8080"  # where links in mail lead; nobody follows them
KEY = bytes(32)  # nothing here is secret, and the same scenario gives the same ids


class Laboratory:
    """`project.scenario.RehearsalEngine`. One scenario each."""

    def __init__(self, project: Project) -> None:
        self._log, self._state = MemoryLog(), MemoryState()
        self._compiled: Compiled = compile_project(project)
        self._engine = Engine(self._log, KEY, lambda _files: self._compiled)
        self._gates = gates_of(project, KEY, lambda: self._state)
        self._sent: list[dict[str, Json]] = []
        self._suppressed: list[str] = []
        self._travelled: list[Travelled] = []
        self._messages: list[SeenMessage] = []
        self._runs = Runs()
        self._slots: Slots | None = None
        self._letters = Letters(TokenKey(KEY), ADDRESS)
        if self._compiled.travel is not None:
            self._compiled.travel.trace = self._note
        self._now_us = 0
        told: dict[str, Json] = {"hash": project.hash, "files": dict(project.files)}
        self._append(_system("project.activated", 0, told), "project", ())

    def feed(self, event: Event, at_us: int) -> tuple[str, ...]:
        """Through the door's own judgement; a message that is not admitted changes nothing."""
        self.advance(at_us)
        gate = self._gates[event.source]
        nodes, _ = gate.nodes_of(event)
        dropped = gate.protect(event, nodes).dropped
        judged = judge(gate, Draft(event, 0), "")
        if isinstance(judged, Entry):
            self._append(judged.event, "event", judged.nodes)
        return dropped

    def advance(self, to_us: int) -> None:
        """From due to due, so that what a journey says comes back at the instant it says it."""
        self._slots = self._slots or Slots(self._compiled, to_us)
        while self._now_us < to_us:
            with self._state.read() as reader:
                first = next(iter(reader.scan("wake")), None)
            due_us = int.from_bytes(first[0][:8], "big") if first is not None else to_us
            due_us = min(due_us, self._slots.next_us)
            self._now_us = min(to_us, max(due_us, self._now_us + 1))
            self._append(_timer(self._now_us), "timer", ())
            self._ask_in(self._slots.take(self._now_us))

    def _ask_in(self, due: list[tuple[Intake, str]]) -> None:
        """A slot of a schedule has come: the platform asks in whom it is meant for."""
        if not due:
            return
        with self._state.read() as reader:
            people = [decode_profile(raw) for _, raw in reader.scan("profile")]
            asked = [
                (intake, slot, profile.person, self._engine.identifier_of(profile.person, reader))
                for intake, slot, profile in asked_in(due, people)
            ]
        for intake, slot, person, who in asked:
            if who is not None:
                journey = intake.program.id
                event = entry_event(
                    journey, f"enter/{journey}/{slot}/{person}", (who,), self._now_us,
                    {"slot": slot}, intake.at,
                )  # fmt: skip
                self._append(event, "event", (node_of(who, KEY),))

    def profile(self, identifier: Identifier) -> SeenPerson | None:
        profile = self._profile(identifier)
        return self._seen(profile) if profile else None

    def people(self) -> list[SeenPerson]:
        with self._state.read() as reader:
            profiles = [decode_profile(raw) for _, raw in reader.scan("profile")]
        return [self._seen(profile) for profile in profiles]

    def decide(
        self, placement: str, identifier: Identifier, context: dict[str, Json], at_us: int
    ) -> SeenDecision:
        profile = self._profile(identifier)
        unit = profile.person if profile else f"{identifier.kind}:{identifier.value}"
        situated = Situated(self._compiled, profile, unit, context, at_us, -1)
        is_personal = situated.consents("personalization")
        if not is_personal:
            situated = situated.anonymous()
        asked = Asked(
            decision_id=effect_id(f"{placement}/{unit}/{at_us}"),
            questions=(Question(placement),), unit=situated.unit, now_us=at_us,
            profile_offset=-1, context=context, mode="preview", is_personal=is_personal,
            is_traced=True,
        )  # fmt: skip
        decision = decide(asked, situated, situated, self._compiled.catalogue).decision
        placed = decision.placements[0]
        reasons = placed.reasons if placed.reasons is not msgspec.UNSET else ()
        return SeenDecision(
            items=tuple((item.offer, item.variant) for item in placed.items),
            reasons={reason.offer: reason.code for reason in reasons},
            fallback_level=placed.fallback_level,
        )

    def suppressed(self) -> list[str]:
        """Reasons of the links that limits refused, each once per link."""
        with self._state.read() as reader:
            resolver = self._resolver(reader)
            links = {
                link.id: link.reason
                for person in self.people()
                for link in resolver.explain(person.person).suppressed
            }
        return sorted(links.values())

    def travelled(self) -> list[Travelled]:
        return list(self._travelled)

    def messages(self) -> list[SeenMessage]:
        return list(self._messages)

    def deliveries(self) -> list[dict[str, Json]]:
        return list(self._sent)

    def _append(self, event: Event, kind: Kind, nodes: tuple[bytes, ...]) -> None:
        self._log.append([Entry(event=event, kind=kind, nodes=nodes)], now_us=self._now_us)
        with self._state.read() as reader:
            done = standing(reader).offset
        with self._state.write() as writer:
            effects = self._engine.fold(writer, self._log.read(done, 1_000))
        for each in effects:
            match each:
                case Deliver():
                    self._sent.append({"destination": each.destination, **each.payload})
                    self._deliver(each)
                case Say():
                    self._say(each)
                case Emit():
                    self._runs.note(each)
                    self._note_message(each)

    def _deliver(self, deliver: Deliver) -> None:
        """Arrives at once, with a result that is folded; nothing leaves."""
        if not is_message(deliver):
            return
        with self._state.read() as reader:
            profile = profile_of(reader, deliver.person)
        if profile is None:
            return
        told = deliver.payload
        found = written_for(self._letters, self._compiled, profile, deliver, self._now_us)
        self._messages.append(
            SeenMessage(
                self._now_us, deliver.person, str(told["journey"]), str(told["step"]),
                found.result, str(told["channel"]), found.template, found.gate, found.reason,
            )
        )  # fmt: skip
        self._say(said_of(deliver, found, self._now_us))

    def _note_message(self, emit: Emit) -> None:
        """What a gate held or skipped; and people who became another, with their messages."""
        told = emit.properties
        if emit.name in {"message.held", "message.skipped"}:
            self._messages.append(
                SeenMessage(
                    emit.at_us, emit.person, str(told["journey"]), str(told["step"]),
                    emit.name.partition(".")[2], gate=str(told["gate"]),
                )
            )  # fmt: skip
        elif emit.name in {"person.merged", "person.reanchored"}:
            self._messages = [
                msgspec.structs.replace(each, person=emit.person)
                if each.person == told["from"]
                else each
                for each in self._messages
            ]

    def _say(self, say: Say) -> None:
        """What a journey says comes back through the log, as in life."""
        with self._state.read() as reader:
            who = self._engine.identifier_of(say.person, reader)
        if who is not None:
            event = Event(
                id=say.key, name=say.name, type=say.type, source=OWN_SOURCE, identifiers=(who,),
                occurred_us=say.at_us, received_us=say.at_us, properties=say.properties,
                traits=say.traits, context={"auth": "system"},
            )  # fmt: skip
            self._append(event, "event", (node_of(who, KEY),))

    def _note(self, line: Trace) -> None:
        self._travelled.append(Travelled(*line))

    def _profile(self, claim: Identifier) -> Profile | None:
        rules = self._compiled.project.identity
        usable = normalised_identifier(claim.kind, claim.value, rules)
        if usable is None:
            return None
        with self._state.read() as reader:
            person = self._resolver(reader).person_of(node_of(usable, KEY))
            return profile_of(reader, person) if person else None

    def _resolver(self, reader: StateReader) -> Resolver:
        return Resolver(self._compiled.project.identity, KEY, reader)

    def _seen(self, profile: Profile) -> SeenPerson:
        compiled, purposes = self._compiled, self._compiled.project.settings.privacy.known
        with self._state.read() as reader:
            nodes = self._resolver(reader).explain(profile.person).nodes
        return SeenPerson(
            person=profile.person,
            identifiers=tuple(Identifier(node.kind, node.value) for node in nodes),
            segments=tuple(sorted(profile.memberships)),
            stages=_stages(compiled, profile),
            features=compiled.feature_values(profile, self._now_us),
            traits=compiled.traits(profile),
            consents={purpose: _consent(compiled, profile, purpose) for purpose in purposes},
            runs=self._runs.of(profile),
        )


def _timer(at_us: int) -> Event:
    return _system("timer.fired", at_us, {"until_us": at_us})


def _stages(compiled: Compiled, profile: Profile) -> dict[str, str]:
    view = compiled.view(profile)
    return {name: view.stage(name) for name in compiled.project.lifecycles}


def _consent(compiled: Compiled, profile: Profile, purpose: str) -> str:
    return "granted" if compiled.consents(profile, purpose) else "denied"


def _system(name: str, at_us: int, properties: dict[str, Json]) -> Event:
    return Event(
        id=f"{name}/{at_us}", name=name, type="system", source="_system", identifiers=(),
        occurred_us=at_us, received_us=at_us, properties=properties, context={"auth": "system"},
    )  # fmt: skip
