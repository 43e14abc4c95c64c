"""A platform in memory for scenarios: log, state and engine, with the real consent gate."""

from hashlib import blake2b

from journeyfold.adapters.memory import MemoryLog, MemoryState
from journeyfold.core.effect import Deliver
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.core.profile import Profile
from journeyfold.decide.call import Asked, Question
from journeyfold.decide.decide import decide
from journeyfold.identity.normalise import node_of, normalised
from journeyfold.identity.resolve import Resolver
from journeyfold.privacy.consent import statements
from journeyfold.privacy.protect import Stored, protect, protection_of
from journeyfold.project.compile import compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.people import profile_of
from journeyfold.project.scenario import SeenDecision, SeenPerson
from journeyfold.quality.registry import load_registry

KEY = bytes(32)


class Situated:
    """A person, a context and an instant, as decide asks them."""

    def __init__(self, compiled, profile, context, now_us):
        self.compiled, self.profile = compiled, profile
        self._known = profile or Profile(person="")
        view = compiled.view(self._known, context)
        self._truth = compiled.decisions.evaluate(view, now_us)
        self._now_us = now_us

    def holds(self, condition):
        return self._truth[condition][0] is True

    def because(self, _condition):
        return "", None

    def consents(self, purpose):
        return self.compiled.consents(self._known, purpose)

    def plain_values(self):
        features = self.compiled.feature_values(self._known, self._now_us)
        return {"traits": self.compiled.traits(self._known), "features": features}


class MemoryPlatform:
    def __init__(self, project):
        self.project, self.compiled = project, compile_project(project)
        self.log, self.state = MemoryLog(), MemoryState()
        self.engine = Engine(self.log, KEY, lambda _files: self.compiled)
        self.effects, self.done, self.now_us, self.claimed = [], -1, 0, {}
        self.schemas = load_registry(project.schemas).schemas

    def feed(self, event, at_us):
        self._start(at_us)
        self.advance(at_us, through=False)
        gate = protection_of(
            self.schemas, self.project.sources[event.source], self.project.settings.privacy
        )
        usable = normalised(event, self.project.identity)[0]
        registers = []
        with self.state.read() as reader:
            resolver = Resolver(self.project.identity, KEY, reader)
            for identifier in usable:
                person = resolver.person_of(node_of(identifier, KEY))
                profile = profile_of(reader, person) if person else None
                node = node_of(identifier, KEY).hex()
                if profile and node in profile.consents:
                    registers.append(Stored(profile.consents[node]))
        admitted = protect(event, statements(event), registers, gate)
        if admitted.event is not None:
            for identifier in usable:
                self.claimed[node_of(identifier, KEY)] = identifier
            self._append(admitted.event, "event", at_us)
        return admitted.dropped

    def advance(self, to_us, *, through=True):
        self._start(to_us)
        until_us = to_us + 1 if through else to_us
        told = {"until_us": until_us}
        self._append(_system(f"timer/{len(self.effects)}/{self.done}", to_us, told), "timer", to_us)

    def profile(self, identifier):
        with self.state.read() as reader:
            resolver = Resolver(self.project.identity, KEY, reader)
            event = _system("ask", 0, {}, (identifier,))
            usable = normalised(event, self.project.identity)[0]
            person = resolver.person_of(node_of(usable[0], KEY)) if usable else None
            return self._seen(reader, resolver, person) if person else None

    def people(self):
        with self.state.read() as reader:
            resolver = Resolver(self.project.identity, KEY, reader)
            return [self._seen(reader, resolver, key.decode()) for key, _ in reader.scan("profile")]

    def decide(self, placement, identifier, context, at_us):
        seen = self.profile(identifier)
        with self.state.read() as reader:
            profile = profile_of(reader, seen.person) if seen else None
        situated = Situated(self.compiled, profile, context, at_us)
        personal = situated.consents("personalization")
        if not personal:
            situated = Situated(self.compiled, None, context, at_us)
        number = blake2b(f"{placement}/{at_us}".encode(), digest_size=16).hexdigest()
        asked = Asked(
            number, (Question(placement),), seen.person if seen else identifier.value, at_us, -1,
            context=context, mode="preview", is_personal=personal, is_traced=True,
        )  # fmt: skip
        answer = decide(asked, situated, situated, self.compiled.catalogue)
        (placed,) = answer.decision.placements
        return SeenDecision(
            tuple((item.offer, item.variant) for item in placed.items),
            {each.offer: each.code for each in placed.reasons or ()},
            placed.fallback_level,
        )

    def suppressed(self):
        with self.state.read() as reader:
            resolver = Resolver(self.project.identity, KEY, reader)
            found = set()
            for key, _ in reader.scan("profile"):
                for link in resolver.explain(key.decode()).suppressed:
                    found.add(link.reason)
            return sorted(found)

    def deliveries(self):
        return [
            {"destination": each.destination, **each.payload}
            for each in self.effects
            if isinstance(each, Deliver)
        ]

    def _seen(self, reader, resolver, person):
        profile = profile_of(reader, person)
        compiled = self.compiled
        purposes = self.project.settings.privacy.known
        return SeenPerson(
            person,
            tuple(self.claimed[node] for node in resolver.nodes_of(person)),
            tuple(sorted(profile.memberships)),
            {name: at.stage for name, at in profile.stages.items()},
            compiled.feature_values(profile, self.now_us),
            compiled.traits(profile),
            {purpose: compiled.stated(profile, purpose) for purpose in purposes},
        )

    def _start(self, at_us):
        if self.done < 0:
            told = {"hash": self.project.hash, "files": dict(self.project.files)}
            self._append(_system("project.activated", at_us, told), "project", at_us)

    def _append(self, event, kind, at_us):
        usable = normalised(event, self.project.identity)[0] if event.identifiers else ()
        nodes = tuple(node_of(identifier, KEY) for identifier in usable)
        self.now_us = max(self.now_us, at_us)
        self.log.append([Entry(event=event, kind=kind, nodes=nodes)], now_us=self.now_us)
        records = self.log.read(self.done, 10)
        with self.state.write() as writer:
            self.effects += self.engine.fold(writer, records)
        self.done = records[-1].offset


def _system(name, at_us, properties, identifiers=()):
    return Event(
        id=f"{name}/{at_us}", name=name, type="system", source="_system",
        identifiers=tuple(Identifier(each.kind, each.value) for each in identifiers),
        occurred_us=at_us, received_us=at_us, properties=properties, context={"auth": "server"},
    )  # fmt: skip
